from django.urls import URLPattern, path

from karibu.collect import views

urlpatterns: list[URLPattern] = [
    path("settings/sources/", views.source_list, name="sources"),
    path("settings/sources/create/", views.source_create, name="source-create"),
    path("settings/sources/<int:pk>/", views.source, name="source"),
    path("settings/sources/<int:pk>/pulse/", views.source_pulse, name="source-pulse"),
    path("settings/sources/<int:pk>/believe/", views.source_believe, name="source-believe"),
    path("settings/sources/<int:pk>/close/", views.source_close, name="source-close"),
    path("settings/keeping/", views.keep, name="keeping"),
    path("events/rejected/", views.rejected_list, name="rejected-events"),
    path("events/rejected/retry/", views.rejected_retry_all, name="rejected-retry-all"),
    path("events/rejected/delete/", views.rejected_delete_many),
    path("events/rejected/<int:pk>/", views.rejected, name="rejected-event"),
    path("events/rejected/<int:pk>/retry/", views.rejected_retry, name="rejected-retry"),
    path("events/rejected/<int:pk>/delete/", views.rejected_delete, name="rejected-delete"),
]
