"""The lists of sources and of set-aside events."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from karibu.collect.models import RejectedEvent, Source
from karibu.web.tables import Choice, Column, Dates, Deed, Empty, Table

EXCERPT = 80  # characters of an event that the list shows


def sources() -> list[tuple[str, Any]]:
    return [(str(pk), name) for pk, name in Source.objects.order_by("name").values_list("pk", "name")]


def page(rejected: RejectedEvent) -> str:
    return f"/events/rejected/{rejected.pk}/"


class Sources(Table):
    name = "sources"
    columns = [
        Column("name", _("Source"), sort="name", link=lambda source: f"/settings/sources/{source.pk}/"),
        Column("kind", _("Kind"), sort="kind"),
        Column(
            "state",
            _("State"),
            value=lambda source: _("closed") if source.closed_at else _("open"),
            kind="badge",
            tone=lambda source: "quiet" if source.closed_at else "good",
        ),
        Column("last", _("Last event"), value="last_event_at", kind="ago"),
        Column("made", _("Made"), value="created_at", kind="moment", sort="created_at"),
    ]
    filters = [
        Choice(
            "state",
            _("State"),
            choices=[("open", _("open")), ("closed", _("closed"))],
            apply=lambda rows, value: rows.filter(closed_at__isnull=value == "open"),
        )
    ]
    order = "name"
    search_label = _("Search sources")
    empty = Empty(
        _("No sources yet"),
        _("A source is a place that sends events: your shop's pages, its server, an app. Make one below."),
    )

    def search(self, rows: Any, text: str) -> QuerySet[Source]:
        found: QuerySet[Source] = rows.filter(Q(name__icontains=text) | Q(write_key=text))
        return found


class RejectedEvents(Table):
    name = "rejected-events"
    columns = [
        Column("received", _("Received"), value="received_at", kind="ago", sort="received_at", link=page),
        Column("reason", _("Reason")),
        Column("field", _("Field")),
        Column("source", _("Source"), value="source_name"),
        Column("event", _("Event"), value="body", html=lambda rejected: rejected.body[:EXCERPT]),
        Column(
            "state",
            _("State"),
            value=lambda rejected: _("tried again") if rejected.retried_at else _("rejected"),
            kind="badge",
            tone=lambda rejected: "quiet" if rejected.retried_at else "warn",
        ),
    ]
    filters = [
        Choice(
            "state",
            _("State"),
            choices=[("aside", _("rejected")), ("retried", _("tried again"))],
            apply=lambda rows, value: rows.filter(retried_at__isnull=value == "aside"),
        ),
        Choice("source", _("Source"), path="source_id", choices=sources),
        Dates("received", _("Received"), path="received_at"),
    ]
    deeds = [
        Deed(_("Try again"), "/events/rejected/retry/", "refresh"),
        Deed(_("Delete events"), "/events/rejected/delete/", "delete", is_grave=True),
    ]
    order = "-received"
    search_label = _("Search reasons and events")
    empty = Empty(
        _("No rejected events"),
        _("When an event cannot be taken, it is kept here with the reason, and the others go on."),
    )

    def search(self, rows: Any, text: str) -> QuerySet[RejectedEvent]:
        found: QuerySet[RejectedEvent] = rows.filter(
            Q(reason__icontains=text) | Q(field__icontains=text) | Q(body__icontains=text)
        )
        return found
