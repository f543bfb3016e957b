from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "karibu.insights"
    label = "insights"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.customers import merging
        from karibu.insights import definitions

        definitions.register_all()
        merging.register("insights_attribution", "customer_id")
