from django.urls import URLPattern, path

from karibu.imports import views

urlpatterns: list[URLPattern] = [
    path("imports/", views.imports, name="imports"),
    path("imports/new/", views.new, name="import-new"),
    path("imports/<int:number>/", views.import_, name="import"),
    path("imports/<int:number>/rejected/", views.rejected, name="import-rejected"),
    path("imports/<int:number>/stop/", views.stop, name="import-stop"),
    path("imports/<int:number>/resume/", views.resume, name="import-resume"),
    path("imports/<int:number>/undo/", views.undo, name="import-undo"),
    path("imports/<int:number>/discard/", views.discard, name="import-discard"),
]
