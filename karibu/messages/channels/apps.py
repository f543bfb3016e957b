from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChannelsConfig(AppConfig):
    name = "karibu.messages.channels"
    label = "channels"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import access, erasure
        from karibu.customers import merging
        from karibu.messages.channels import erasing, telling
        from karibu.web.setting import Setting, register

        merging.register("channels_inbound", "customer_id")
        merging.register("channels_subscription", "customer_id")
        erasure.register(erasing.from_channels)
        access.register(telling.from_channels)
        text = _("SMS, WhatsApp, browsers and Telegram: which provider carries your messages.")
        register(Setting(_("Channels"), text, "/settings/channels/", "messages", order=42))
