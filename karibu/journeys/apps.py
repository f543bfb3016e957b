from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JourneysConfig(AppConfig):
    name = "karibu.journeys"
    label = "journeys"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import access, erasure
        from karibu.customers import merging, panels
        from karibu.customers import timeline as customers_timeline
        from karibu.journeys import doors, erasing, queries, telling, timeline, using
        from karibu.messages import senders, usage
        from karibu.segments import membership
        from karibu.segments import usage as segments_usage
        from karibu.web import search

        erasure.register(erasing.from_journeys)
        access.register(telling.from_journeys)
        membership.on_change(doors.segment_changed)
        senders.register("journey", queries.names, "/journeys/{}/")
        usage.register(using.templates)
        segments_usage.register(using.segments)
        search.register(queries.find)
        merging.register("journeys_enrollment", "customer_id")
        merging.register("journeys_rehearsed", "customer_id")
        customers_timeline.register(timeline.entries, [timeline.KIND])
        panels.register(panels.Panel(str(_("Journeys")), "journeys/_panel.html", timeline.panel, order=60))
