"""The people of a rehearsal: some of those who would have entered."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from karibu.journeys.definition import Definition
from karibu.journeys.explain import departure
from karibu.journeys.models import Enrollment, Rehearsed
from karibu.journeys.tables import WHERE_TONES, NamedRows
from karibu.web.tables import Choice, Column, Empty, Rows, Table


class People(Table):
    """`source` is a queryset; each row knows its `person` and its `path` in words."""

    name = "rehearsed"
    columns = [
        Column("person", _("Person"), link=lambda one: f"/customers/{one.customer_id}/"),
        Column("key", _("With")),
        Column("entered_at", _("Would have entered"), kind="ago", sort="entered_at"),
        Column(
            "status", _("In the end"), value="get_status_display", kind="badge", tone=lambda o: WHERE_TONES[o.status]
        ),
        Column("reason", _("Why"), value=lambda one: departure(one.reason)),
        Column("path", _("Way")),
        Column("messages", _("Messages"), kind="count", sort="messages"),
    ]
    filters = [Choice("status", _("In the end"), choices=Enrollment.Status.choices)]
    search_label = _("Search by key, such as the cart's id")
    empty = Empty(_("Nobody would have entered"), _("Rehearse a longer period, or look at what brings people in."))

    def __init__(self, request: Any, source: QuerySet[Rehearsed], definition: Definition) -> None:
        super().__init__(request, source)
        self.definition = definition

    def search(self, rows: QuerySet[Rehearsed], text: str) -> QuerySet[Rehearsed]:
        return rows.filter(key=text)

    def rows_of(self, source: QuerySet[Rehearsed]) -> Rows:
        return Told(self.narrowed(source), self.definition)


class Told(NamedRows):
    def __init__(self, source: QuerySet[Any], definition: Definition) -> None:
        super().__init__(source)
        self.definition = definition

    def take(self, wanted: Any) -> list[Any]:
        rows: list[Any] = super().take(wanted)
        for row in rows:
            row.path = " → ".join(_passed(self.definition, step, outcome) for step, outcome in row.ways)
        return rows


def _passed(definition: Definition, position: int, outcome: str) -> str:
    """ "2: yes" where the step has ways, else its number alone; numbers as people count."""
    step = definition.steps[position]
    way = step.way_names().get(outcome)
    return f"{position + 1}: {way}" if way else str(position + 1)
