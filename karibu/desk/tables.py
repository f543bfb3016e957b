"""The list of tasks."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from karibu.customers.queries import labels
from karibu.desk.models import Task
from karibu.web.tables import Choice, Column, Deed, Empty, QuerysetRows, Rows, Slice, Table

STATES = {"open": _("To do"), "late": _("Late"), "done": _("Done")}
TONES = {"open": "info", "late": "bad", "done": "good"}


def state(task: Task) -> str:
    if task.done_at:
        return "done"
    return "late" if task.due_at < timezone.now() else "open"


def words(task: Task) -> str:
    return str(STATES[state(task)])


def narrowed(rows: QuerySet[Task], value: str) -> QuerySet[Task]:
    wanted = {
        "open": Q(done_at=None),
        "late": Q(done_at=None, due_at__lt=timezone.now()),
        "done": Q(done_at__isnull=False),
    }.get(value)
    return rows.filter(wanted) if wanted is not None else rows


class NamedTasks(QuerysetRows):
    """Tasks, each knowing what its person is called."""

    def take(self, wanted: Slice) -> list[Task]:
        rows: list[Task] = super().take(wanted)
        names = labels(row.customer_id for row in rows)
        for row in rows:
            row.person = names.get(row.customer_id) or f"#{row.customer_id}"  # type: ignore[attr-defined]
        return rows


class Tasks(Table):
    name = "tasks"
    columns = [
        Column("title", _("What is to be done"), is_long=True),
        Column("person", _("About"), link=lambda task: f"/customers/{task.customer_id}/"),
        Column("colleague", _("Who does it"), lambda task: task.colleague or str(_("anybody"))),
        Column("state", _("State"), words, kind="badge", tone=lambda task: TONES[state(task)]),
        Column("due", _("Due"), "due_at", kind="ago", sort="due_at"),
        Column("made", _("Given"), "made_at", kind="ago", shown=False),
        Column("done", _("Done at"), "done_at", kind="ago", shown=False),
        Column("done_by", _("Done by"), shown=False),
    ]
    filters = [Choice("state", _("State"), choices=list(STATES.items()), apply=narrowed)]
    deeds = [Deed(_("Done"), "done/", "check"), Deed(_("To do after all"), "reopen/", "undo")]
    order = "due"
    search_label = _("Search by task or colleague")
    empty = Empty(
        _("Nothing to do"),
        _(
            "Press “Task” on a customer's page, or put the step “Give a colleague a task” into a journey: then a line "
            "appears here for each person."
        ),
        "/journeys/",
        _("Open journeys"),
    )

    def search(self, rows: QuerySet[Task], text: str) -> QuerySet[Task]:
        return rows.filter(Q(title__icontains=text) | Q(colleague__icontains=text))

    def rows_of(self, source: Any) -> Rows:
        return NamedTasks(self.narrowed(source))
