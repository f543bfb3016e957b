from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "karibu.demo"
    label = "demo"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.demo import cards
        from karibu.insights import cards as home
        from karibu.web import running

        home.register(cards.way_in)
        running.register(cards.history_coming)
