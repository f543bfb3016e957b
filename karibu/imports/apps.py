from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "karibu.imports"
    label = "imports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import erasure
        from karibu.imports.erasing import at_work, from_imports
        from karibu.imports.queries import running
        from karibu.web import running as top_bar

        top_bar.register(running)
        erasure.register(from_imports)
        erasure.wait_for(at_work)
