"""The shell's own addresses."""

from django.urls import URLPattern, path, re_path

from karibu.web import views

urlpatterns: list[URLPattern] = [
    path("healthz", views.health.healthz),
    path("readyz", views.health.readyz),
    re_path(r"^static/(?P<path>.+)$", views.files.static),
    path("search/", views.shell.search),
    path("running/", views.shell.running),
]
