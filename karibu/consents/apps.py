from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    name = "karibu.consents"
    label = "consents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import erasers, erasure
        from karibu.customers import merging

        merging.register("consents_consent", "customer_id")
        for eraser in erasers.ERASERS:
            erasure.register(eraser)
