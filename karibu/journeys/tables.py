"""The lists: journeys, and the people in one."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from karibu.journeys.counted import passed, places, standing
from karibu.journeys.explain import whereabouts
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.queries import named
from karibu.web.tables import Choice, Column, Deed, Empty, QuerysetRows, Rows, Slice, Table

TONES = {"draft": "quiet", "live": "good", "paused": "warn"}
WHERE_TONES = {"active": "info", "finished": "good", "left": "quiet", "failed": "bad", "held": "quiet"}


class Journeys(Table):
    name = "journeys"
    columns = [
        Column("name", _("Journey"), sort="name", link=lambda journey: f"/journeys/{journey.pk}/"),
        Column("status", _("State"), value="get_status_display", kind="badge", tone=lambda j: TONES[j.status]),
        Column("inside", _("Inside now"), kind="count"),
        Column("finished", _("Went through"), kind="count"),
        Column("left", _("Left"), kind="count"),
        Column("failed", _("Set aside"), kind="count"),
        Column("held_out", _("Held out"), kind="count", shown=False),
        Column("published_at", _("Published"), kind="ago", sort="published_at"),
    ]
    filters = [Choice("status", _("State"), choices=Journey.Status.choices)]
    order = "name"
    search_label = _("Search journeys")
    empty = Empty(
        _("No journey yet"),
        _("Take one of the recipes: it says what it does, and one click makes it live."),
        "/journeys/recipes/",
        _("Choose a recipe"),
    )

    def search(self, rows: QuerySet[Journey], text: str) -> QuerySet[Journey]:
        return rows.filter(name__icontains=text)


class People(Table):
    """Enrollments of one journey; `source` is a queryset of them with `journey` selected."""

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
    deeds = [
        Deed(_("Try again"), "retry/", "refresh", ("marketer",)),
        Deed(_("Answer yes"), "yes/", "check"),
        Deed(_("Answer no"), "no/", "close"),
    ]
    search_label = _("Search by key, such as the cart's id")
    empty = Empty(_("Nobody has entered yet"), _("The first one appears here within a second of their event."))

    def __init__(self, request: Any, source: QuerySet[Enrollment], journey: Journey) -> None:
        steps = _steps(journey)
        numbers = [(str(number), str(number)) for number in range(journey.version, 0, -1)]
        self.filters = [  # type: ignore[misc]
            Choice("status", _("State"), choices=Enrollment.Status.choices),
            Choice("step", _("Before step"), choices=steps, apply=lambda r, id_: r.filter(standing(journey, id_))),
            Choice("passed", _("Through step"), choices=steps, apply=lambda r, id_: r.filter(passed(journey, id_))),
            Choice("version", _("Version"), choices=numbers),
        ]
        super().__init__(request, source)
        self.state = {k: v for k, v in self.state.items() if k != "version" or (v.isascii() and v.isdigit())}

    def search(self, rows: QuerySet[Enrollment], text: str) -> QuerySet[Enrollment]:
        return rows.filter(slot=text) | rows.filter(key=text)

    def rows_of(self, source: QuerySet[Enrollment]) -> Rows:
        return NamedRows(self.narrowed(source))


def _steps(journey: Journey) -> list[tuple[str, str]]:
    """Every step of every version by its id, as the newest version says it; those of the newest first."""
    found: dict[str, str] = {}
    for (_version, position), place in sorted(places(journey).items(), key=lambda pair: (-pair[0][0], pair[0][1])):
        found.setdefault(place.id, f"{position + 1}. {place.step.sentence()}")
    return list(found.items())


class NamedRows(QuerysetRows):
    """Enrollments, each knowing its person's name."""

    def take(self, wanted: Slice) -> list[Enrollment]:
        rows = super().take(wanted)
        names = named([row.customer_id for row in rows])
        for row in rows:
            row.person = names.get(row.customer_id, f"#{row.customer_id}")
        return rows
