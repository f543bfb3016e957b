from django.urls import URLPattern, path

from karibu.messages.views import mailbox, messages, public, reach, rules, templates

urlpatterns: list[URLPattern] = [
    path("m/c/<str:token>", public.click, name="message-click"),
    path("m/o/<str:token>.gif", public.opened, name="message-open"),
    path("m/u/<str:token>", public.unsubscribe, name="message-unsubscribe"),
    path("m/v/<str:token>", public.web_view, name="message-web-view"),
    path("messages/", messages.message_list, name="messages"),
    path("messages/retry/", messages.retry_many),
    path("messages/cancel/", messages.cancel_many),
    path("messages/waterfall/", reach.waterfall, name="message-waterfall"),
    path("messages/reach/<int:customer_id>/", reach.reaches, name="message-reach"),
    path("messages/rules/", rules.rules, name="message-rules"),
    path("messages/rules/meaning/", rules.rules_meaning, name="message-rules-meaning"),
    path("messages/templates/", templates.template_list, name="templates"),
    path("messages/templates/<slug:key>/", templates.template, name="template"),
    path("messages/templates/<slug:key>/preview/", templates.template_preview, name="template-preview"),
    path("messages/templates/<slug:key>/body/", templates.template_body, name="template-body"),
    path("messages/templates/<slug:key>/reset/", templates.template_reset, name="template-reset"),
    path("messages/<int:message_id>/", messages.message, name="message"),
    path("messages/<int:message_id>/retry/", messages.retry, name="message-retry"),
    path("messages/<int:message_id>/cancel/", messages.cancel, name="message-cancel"),
    path("mailbox/", mailbox.mailbox, name="mailbox"),
    path("mailbox/<int:mail_id>/", mailbox.mail, name="mail"),
    path("mailbox/<int:mail_id>/body/", mailbox.body, name="mail-body"),
    path("mailbox/<int:mail_id>/read/", mailbox.read, name="mail-read"),
]
