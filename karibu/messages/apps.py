from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "karibu.messages"
    label = "messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import erasure
        from karibu.customers import merging
        from karibu.messages.erasing import from_messages

        merging.register("messages_message", "customer_id")
        erasure.register(from_messages)
