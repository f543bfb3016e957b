from django.urls import URLPattern, path

from karibu.messages.channels import views

urlpatterns: list[URLPattern] = [
    path("hooks/<str:token>/", views.hook, name="channel-hook"),
    path("settings/channels/", views.channel_list, name="channels"),
    path("settings/channels/whatsapp/templates/", views.sync_templates, name="whatsapp-templates"),
    path("settings/channels/<slug:kind>/", views.channel, name="channel"),
    path("settings/channels/<slug:kind>/connect/", views.connect, name="channel-connect"),
    path("settings/channels/<slug:kind>/disconnect/", views.disconnect, name="channel-disconnect"),
    path("settings/channels/<slug:kind>/test/", views.test, name="channel-test"),
]
