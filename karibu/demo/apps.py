from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "karibu.demo"
    label = "demo"
    default_auto_field = "django.db.models.BigAutoField"
