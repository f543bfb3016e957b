from django.apps import AppConfig


class GrowthConfig(AppConfig):
    name = "karibu.growth"
    label = "growth"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import access, confirming, erasure
        from karibu.customers import merging
        from karibu.growth import erasing, stage
        from karibu.growth.actions import names
        from karibu.journeys.entries import form

        merging.register("growth_answer", "customer_id")
        erasure.register(erasing.from_growth)
        access.register(erasing.of_growth)
        form.register(names)
        confirming.follow(stage.reward_confirmed)
