from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsentsConfig(AppConfig):
    name = "karibu.consents"
    label = "consents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.collect import barrier
        from karibu.consents import access, blocked, erasers, erasure, panel, retention, tellers
        from karibu.customers import actions, merging, panels, timeline
        from karibu.web.setting import Setting, register

        text = _("What kinds of messages people can agree to, in their own words.")
        register(Setting(_("Topics"), text, "/settings/topics/", "tag", ("marketer",), order=32))
        text = _("Addresses that get nothing, and why.")
        register(Setting(_("Suppressions"), text, "/settings/suppressions/", "blocked", ("marketer",), order=33))
        text = _("For how many days each class of data is kept, and what goes tonight.")
        register(Setting(_("Retention"), text, "/settings/retention/", "clock", order=46))
        for one in retention.CLASSES:
            retention.register(one)
        for table in ("consents_consent", "consents_confirmation", "consents_pause", "consents_rhythm"):
            merging.register(table, "customer_id")
        actions.ask_before_adding(blocked.erased)
        barrier.raise_barrier(barrier.Barrier(blocked.digests_in, blocked.KEPT_OUT))
        for eraser in erasers.ERASERS:
            erasure.register(eraser)
        for teller in tellers.TELLERS:
            access.register(teller)
        timeline.register(panel.entries, kinds=["consents"])
        panels.register(panels.Panel("consents", "consents/_panel.html", panel.context, order=30))
        panels.register(panels.Panel("erase", "consents/_erase.html", panel.erase_context, order=99))
