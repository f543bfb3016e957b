from django.apps import AppConfig


class JourneysConfig(AppConfig):
    name = "karibu.journeys"
    label = "journeys"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.customers import merging

        merging.register("journeys_enrollment", "customer_id")
