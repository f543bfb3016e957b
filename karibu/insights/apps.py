from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "karibu.insights"
    label = "insights"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.campaigns import report
        from karibu.consents import erasure
        from karibu.customers import merging
        from karibu.insights import definitions, erasing, reports
        from karibu.insights import journeys as counting
        from karibu.journeys import queries as journeys

        definitions.register_all()
        journeys.register_figure("last_30_days", reports.of_journey)
        journeys.register_counter(counting.figures)
        report.register_figure("attributed", reports.of_campaign)
        merging.register("insights_attribution", "customer_id")
        erasure.register(erasing.from_insights)
