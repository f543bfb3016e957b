from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    name = "karibu.segments"
    label = "segments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import erasure
        from karibu.segments.erasing import from_mirror, from_segments

        erasure.register(from_segments)
        erasure.register(from_mirror)
