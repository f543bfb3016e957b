from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SegmentsConfig(AppConfig):
    name = "karibu.segments"
    label = "segments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import erasure
        from karibu.customers import panels
        from karibu.events import erase, made
        from karibu.segments import shown, stage
        from karibu.segments.erasing import from_mirror, from_segments
        from karibu.web import search

        erasure.register(from_segments)
        erasure.register(from_mirror)
        search.register(shown.find)
        panels.register(panels.Panel(str(_("Segments")), "segments/_panel.html", shown.panel, order=55))
        made.listen(stage.touch_made)
        erase.listen(stage.touch_removed)
