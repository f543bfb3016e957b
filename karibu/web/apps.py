from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebConfig(AppConfig):
    name = "karibu.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.web.setting import Setting, register

        everyone = ("marketer", "agent")
        own = [
            (_("Your profile"), _("Your name, time zone, language and password."), "profile", "customer", everyone, 10),
            (_("Shop"), _("Name, currency, time zone, address and who mails come from."), "shop", "shop", (), 20),
            (
                _("Colleagues"),
                _("Who may sign in, and what they may do."),
                "colleagues",
                "customers",
                (),
                30,
            ),
            (_("API tokens"), _("Keys for programs that call /api/v1."), "tokens", "key", (), 60),
            (_("Audit log"), _("Who did what to which thing, and when."), "audit", "audit", (), 90),
        ]
        for label, text, page, icon, roles, order in own:
            register(Setting(label, text, f"/settings/{page}/", icon, roles, order))
