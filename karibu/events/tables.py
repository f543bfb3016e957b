"""The list of events: rows of the log, not of a database table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

import msgspec
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from karibu.events import log, people, queries
from karibu.events.log import LoggedEvent, Wanted
from karibu.web.tables import Choice, Column, Dates, Empty, Rows, Slice, Table

_FIELDS = {"name": "names", "source": "sources", "time__gte": "since", "time__lt": "before"}
MOST_NAMES = 200  # offered by the filter


class NamedEvent(LoggedEvent, kw_only=True, frozen=True):
    """An event with what its customer is called; empty where nobody is known."""

    who: str = ""


@dataclass(frozen=True)
class EventRows:
    """Events that fit `wanted`, newest first; understands the filters of EventTable."""

    wanted: Wanted = field(default_factory=Wanted)

    def filter(self, **conditions: Any) -> "EventRows":
        asked = {_FIELDS[path]: value for path, value in conditions.items()}
        listed: Any = {name: [value] if name in ("names", "sources") else value for name, value in asked.items()}
        return EventRows(replace(self.wanted, **listed))

    def take(self, wanted: Slice) -> list[NamedEvent]:
        after = _place(wanted.after) if wanted.after else None
        found = log.page(self.wanted, wanted.limit, after, newer=wanted.backwards)
        names = people.names(event.customer for event in found)
        return [NamedEvent(**msgspec.structs.asdict(event), who=names.get(event.customer, "")) for event in found]

    def key_of(self, row: LoggedEvent, key: Sequence[str]) -> list[Any]:
        return [row.time, row.message_id]

    def count(self, most: int | None = None) -> int:
        """From the counts that PostgreSQL keeps where they can tell, else by counting."""
        asked = self.wanted
        if asked.customers or asked.mark or asked.since or asked.before or len(asked.names or ()) > 1:
            return log.total(asked, most)
        name, source = ((values or [""])[0] for values in (list(asked.names or ()), list(asked.sources or ())))
        found = queries.total(source=source, name=name)
        return found if most is None else min(found, most)


class EventTable(Table):
    name = "events"
    unique = "message_id"
    columns = [
        Column("name", _("Event"), link="get_absolute_url"),
        Column("customer", _("Customer"), value="who", html=lambda event: _customer(event)),
        Column("customer_number", _("Customer number"), value=lambda event: event.customer or "", shown=False),
        Column("what", _("What"), value=lambda event: _what(event), is_long=True),
        Column("value", _("Value"), kind="money", currency="currency"),
        Column("source", _("Source")),
        Column("channel", _("Channel"), shown=False),
        Column("message_id", _("Message id"), shown=False),
        Column("time", _("When"), kind="ago", sort="time"),
    ]
    filters = [
        Choice("name", _("Event"), choices=lambda: [(n, n) for n, _count in queries.names()[:MOST_NAMES]]),
        Choice("source", _("Source"), choices=lambda: [(n, n) for n, _count in queries.sources() if n]),
        Dates("time", _("Day")),
    ]
    order = "-time"
    search_label = _("Event, customer number or any id")
    empty = Empty(
        _("No events yet"),
        _("Whatever shoppers do arrives here within a second."),
    )

    @property
    def sorting(self) -> tuple[Column | None, bool]:
        """Newest first is the only order the log is read in."""
        return next(column for column in self.columns if column.name == "time"), True

    def search(self, rows: EventRows, text: str) -> EventRows:
        if text.isdecimal() and len(text) < 19:
            return EventRows(replace(rows.wanted, customers=[int(text)]))
        names = [name for name, _count in queries.names() if text.casefold() in name.casefold()]
        return EventRows(replace(rows.wanted, names=names) if names else replace(rows.wanted, mark=text))

    def rows_of(self, source: EventRows) -> Rows:
        return cast(EventRows, self.narrowed(cast(Any, source)))

    def everything(self, source: EventRows) -> Rows:
        return source


def _place(values: Sequence[Any]) -> log.Place | None:
    time, message_id = values
    return (time, str(message_id)) if isinstance(time, datetime) and time.tzinfo else None


def _customer(event: NamedEvent) -> str:
    return format_html('<a href="/customers/{}/">{}</a>', event.customer, event.who) if event.who else ""


def _what(event: LoggedEvent) -> str:
    """The one detail that says most about it."""
    named = event.properties.get("name") or event.properties.get("title")
    details = (event.order_id, event.query, named, event.product_id, event.category, event.coupon, event.url)
    return str(next((detail for detail in details if detail), ""))[:120]
