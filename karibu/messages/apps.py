from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "karibu.messages"
    label = "messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.customers import merging

        merging.register("messages_message", "customer_id")
