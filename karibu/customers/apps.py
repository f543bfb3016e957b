from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "karibu.customers"
    label = "customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.customers import changes, finder, merging, sentences, timeline
        from karibu.customers.queries import labels
        from karibu.events import people
        from karibu.web import search

        merging.register("customers_identity", "customer_id")
        merging.register("customers_link", "customer_id")
        timeline.register(sentences.entries, sentences.KINDS, far=True)
        timeline.register(changes.entries, changes.KINDS)
        search.register(finder.find)
        people.register(labels)
