from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CollectConfig(AppConfig):
    name = "karibu.collect"
    label = "collect"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.web.setting import Setting, register

        text = _("Where events come from: your shop's pages, its server, its apps. Each has a key.")
        register(Setting(_("Sources"), text, "/settings/sources/", "sources", order=40))
        text = _("For how long events that could not be taken in are kept.")
        register(Setting(_("Rejected events"), text, "/settings/keeping/", "clock", order=45))
