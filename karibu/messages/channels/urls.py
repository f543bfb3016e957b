from django.urls import URLPattern, path

from karibu.messages.channels import views
from karibu.messages.channels.push import views as push
from karibu.messages.channels.social import views as social
from karibu.messages.channels.webhook import views as webhook

urlpatterns: list[URLPattern] = [
    path("hooks/<str:token>/", views.hook, name="channel-hook"),
    path("settings/channels/", views.channel_list, name="channels"),
    path("settings/channels/whatsapp/templates/", views.sync_templates, name="whatsapp-templates"),
    path("settings/channels/whatsapp/templates/<int:pk>/", views.write_by_template, name="whatsapp-write"),
    path("messages/sms-size/", views.sms_size, name="sms-size"),
    path("settings/channels/<slug:kind>/", views.channel, name="channel"),
    path("settings/channels/<slug:kind>/connect/", views.connect, name="channel-connect"),
    path("settings/channels/<slug:kind>/disconnect/", views.disconnect, name="channel-disconnect"),
    path("settings/channels/<slug:kind>/test/", views.test, name="channel-test"),
    path("settings/webhooks/", webhook.webhook_list, name="webhooks"),
    path("settings/webhooks/create/", webhook.create, name="webhook-create"),
    path("settings/webhooks/<int:pk>/", webhook.webhook, name="webhook"),
    path("settings/webhooks/<int:pk>/close/", webhook.close, name="webhook-close"),
    path("settings/webhooks/<int:pk>/enable/", webhook.enable, name="webhook-enable"),
    path("settings/webhooks/<int:pk>/secret/", webhook.new_secret, name="webhook-secret"),
    path("settings/webhooks/<int:pk>/test/", webhook.test, name="webhook-test"),
    path("settings/webhooks/deliveries/replay/", webhook.replay_many),
    path("settings/webhooks/deliveries/<int:pk>/", webhook.delivery, name="webhook-delivery"),
    path("settings/webhooks/deliveries/<int:pk>/replay/", webhook.replay, name="webhook-replay"),
    path("posts/", social.posts, name="posts"),
    path("posts/plan/", social.plan, name="post-plan"),
    path("posts/<int:pk>/cancel/", social.cancel, name="post-cancel"),
    path("push-worker.js", push.worker, name="push-worker"),
]
