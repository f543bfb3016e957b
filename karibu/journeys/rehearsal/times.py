"""Who would have come to the doors that open by the clock: a date of the person, a schedule over a segment."""

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa

from karibu.customers import raw
from karibu.journeys import clock
from karibu.journeys.definition import Definition
from karibu.journeys.entries.date import Dated
from karibu.journeys.entries.schedule import Scheduled
from karibu.journeys.live import Way
from karibu.messages.quiet import zone_of
from karibu.segments import membership
from karibu.web.queries import shop

MOMENT = pa.timestamp("us", "UTC")
COLUMNS = pa.schema([("customer", pa.int64()), ("moment", MOMENT), ("day", pa.string())])


def comers(definition: Definition, since: datetime, until: datetime) -> pa.Table:
    """Everybody whose moment lies in since < t ≤ until. Dates are those that are known of people today; of a segment
    those who were in it then."""
    entry = definition.entry
    parts: list[pa.Table] = [COLUMNS.empty_table()]
    if entry.date:
        parts.append(_dated(definition, entry.date, since, until))
    if entry.schedule:
        parts += _scheduled(entry.schedule, since, until)
    return pa.concat_tables(parts)


def _dated(definition: Definition, rule: Dated, since: datetime, until: datetime) -> pa.Table:
    way = Way(0, 0, definition, is_open=True)
    found = clock.arrivals(raw.cursor(), way, rule, since, until)
    columns = [[a.customer_id for a in found], [a.at for a in found], [a.key for a in found]]
    return pa.table(columns, schema=COLUMNS)


def _scheduled(rule: Scheduled, since: datetime, until: datetime) -> Iterator[pa.Table]:
    zone = zone_of(shop().timezone, "UTC")
    for slot in rule.slots(zone, since, until):
        members = membership.as_of(rule.segment, slot)["id"].combine_chunks()
        size, day = len(members), slot.astimezone(zone).date().isoformat()
        moments, days = pa.repeat(pa.scalar(slot, MOMENT), size), pa.repeat(pa.scalar(day), size)
        yield pa.table([members, moments, days], schema=COLUMNS)
