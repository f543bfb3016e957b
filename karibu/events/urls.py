from django.urls import URLPattern, path

from karibu.events import views

urlpatterns: list[URLPattern] = [
    path("events/", views.explorer, name="events"),
    path("events/arriving/", views.arriving, name="events-arriving"),
    path("events/<int:microseconds>/<path:message_id>/", views.detail, name="event"),
]
