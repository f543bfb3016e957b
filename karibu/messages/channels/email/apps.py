from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EmailConfig(AppConfig):
    name = "karibu.messages.channels.email"
    label = "email"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.web.setting import Setting, register

        text = _("Signatures, mail that comes back, and how many a day.")
        register(Setting(_("Mail"), text, "/settings/mail/", "send", order=41))
