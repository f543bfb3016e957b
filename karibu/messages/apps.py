from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagesConfig(AppConfig):
    name = "karibu.messages"
    label = "messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import access, confirming, erasure
        from karibu.customers import merging, panels, timeline
        from karibu.messages import confirming as asking
        from karibu.messages import panel, senders, telling, usage
        from karibu.messages.erasing import from_messages
        from karibu.web import search

        confirming.ask_through(asking.ask)
        merging.register("messages_message", "customer_id")
        erasure.register(from_messages)
        access.register(telling.from_messages)
        search.register(usage.find)
        timeline.register(panel.entries, kinds=["messages"])
        senders.register(senders.COLLEAGUE, senders.colleagues, "")
        panels.offer(panels.Button(_("Write"), "messages", "/customers/{}/write/"))
        panels.register(panels.Panel("messages", "messages/_panel.html", panel.context, order=40))
