from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "karibu.campaigns"
    label = "campaigns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.campaigns import erasing, queries
        from karibu.consents import access, erasure
        from karibu.customers import merging
        from karibu.messages import senders
        from karibu.segments import usage
        from karibu.web import search

        merging.register("campaigns_recipient", "customer_id")
        erasure.register(erasing.from_campaigns)
        access.register(erasing.told_by_campaigns)
        senders.register("campaign", queries.names, "/campaigns/{}/")
        search.register(queries.find)
        usage.register(queries.asking_for)
