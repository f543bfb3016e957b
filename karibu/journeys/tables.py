"""The lists: journeys, and the people in one."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from karibu.journeys.explain import whereabouts
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.queries import named
from karibu.web.tables import Choice, Column, Deed, Empty, QuerysetRows, Rows, Slice, Table

TONES = {"draft": "quiet", "live": "good", "paused": "warn"}
WHERE_TONES = {"active": "info", "finished": "good", "left": "quiet", "failed": "bad"}


class Journeys(Table):
    name = "journeys"
    columns = [
        Column("name", _("Journey"), sort="name", link=lambda journey: f"/journeys/{journey.pk}/"),
        Column("status", _("State"), value="get_status_display", kind="badge", tone=lambda j: TONES[j.status]),
        Column("inside", _("Inside now"), kind="count"),
        Column("finished", _("Went through"), kind="count"),
        Column("left", _("Left"), kind="count"),
        Column("failed", _("Set aside"), kind="count"),
        Column("published_at", _("Published"), kind="ago", sort="published_at"),
    ]
    filters = [Choice("status", _("State"), choices=Journey.Status.choices)]
    order = "name"
    search_label = _("Search journeys")
    empty = Empty(_("No journey yet"), _("Take one of the recipes: it says what it does, and one click makes it live."))

    def search(self, rows: QuerySet[Journey], text: str) -> QuerySet[Journey]:
        return rows.filter(name__icontains=text)


class People(Table):
    """Enrollments of one journey; `source` is a queryset with `journey` selected."""

    name = "enrollments"
    columns = [
        Column("person", _("Person"), link=lambda e: f"/customers/{e.customer_id}/"),
        Column("key", _("With")),
        Column("status", _("State"), value="get_status_display", kind="badge", tone=lambda e: WHERE_TONES[e.status]),
        Column("where", _("Why there"), value=whereabouts),
        Column("version", _("Version"), kind="count", shown=False),
        Column("entered_at", _("Entered"), kind="ago"),
        Column("due_at", _("Goes on"), kind="ago"),
    ]
    filters = [
        Choice("status", _("State"), choices=Enrollment.Status.choices),
        Choice("step", _("Before step"), choices=[(str(n), str(n + 1)) for n in range(20)]),
        Choice("version", _("Version"), choices=[(str(n), str(n)) for n in range(1, 21)]),
    ]
    deeds = [
        Deed(_("Try again"), "retry/", "refresh", ("marketer",)),
        Deed(_("Answer yes"), "yes/", "check"),
        Deed(_("Answer no"), "no/", "close"),
    ]
    search_label = _("Search by key, such as the cart's id")
    empty = Empty(_("Nobody has entered yet"), _("The first one appears here within a second of their event."))

    def __init__(self, request: Any, source: QuerySet[Enrollment]) -> None:
        super().__init__(request, source)
        self.state = {k: v for k, v in self.state.items() if k not in ("step", "version") or v.isdigit()}

    def search(self, rows: QuerySet[Enrollment], text: str) -> QuerySet[Enrollment]:
        return rows.filter(slot=text) | rows.filter(key=text)

    def rows_of(self, source: QuerySet[Enrollment]) -> Rows:
        return NamedRows(self.narrowed(source))


class NamedRows(QuerysetRows):
    """Enrollments, each knowing its person's name."""

    def take(self, wanted: Slice) -> list[Enrollment]:
        rows = super().take(wanted)
        names = named([row.customer_id for row in rows])
        for row in rows:
            row.person = names.get(row.customer_id, f"#{row.customer_id}")
        return rows
