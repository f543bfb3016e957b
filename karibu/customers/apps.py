from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "karibu.customers"
    label = "customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.customers import merging

        merging.register("customers_identity", "customer_id")
        merging.register("customers_link", "customer_id")
