from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChannelsConfig(AppConfig):
    name = "karibu.messages.channels"
    label = "channels"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import access, erasure
        from karibu.customers import merging, panels, timeline
        from karibu.events import made
        from karibu.messages.channels import erasing, panel, telling
        from karibu.messages.channels.webhook import stage
        from karibu.web.setting import Setting, register

        made.listen(stage.tell_of_made)
        merging.register("channels_inbound", "customer_id")
        merging.register("channels_subscription", "customer_id")
        erasure.register(erasing.from_channels)
        access.register(telling.from_channels)
        timeline.register(panel.entries, ["messages"])
        panels.register(panels.Panel("channels", "channels/_panel.html", panel.context, order=41))
        text = _("Tell your other programs what happens: each event leaves as a signed request.")
        register(Setting(_("Webhooks"), text, "/settings/webhooks/", "link", order=43))
        text = _("SMS, WhatsApp, browsers and Telegram: which provider carries your messages.")
        register(Setting(_("Channels"), text, "/settings/channels/", "messages", order=42))
