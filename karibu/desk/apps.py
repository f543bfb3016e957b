from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "karibu.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from karibu.consents import access, erasure
        from karibu.customers import merging, panels
        from karibu.desk import actions, erasing, queries
        from karibu.journeys.steps import task

        task.register(actions.give)
        merging.register("desk_task", "customer_id")
        erasure.register(erasing.from_desk)
        access.register(erasing.of_desk)
        panels.offer(panels.Button(_("Task"), "note", "/customers/{}/tasks/new/"))
        panels.register(panels.Panel(str(_("Tasks")), "desk/_panel.html", queries.panel, order=50))
