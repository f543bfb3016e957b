"""Who would have come to the doors that no event of their own opens: a date of the person, a schedule over a segment, a
product that got cheaper; and who stands in for those whom somebody would have put in."""

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa

from karibu.customers import raw
from karibu.journeys import clock
from karibu.journeys.definition import Definition
from karibu.journeys.entries.date import Dated
from karibu.journeys.entries.schedule import Scheduled
from karibu.journeys.live import Way
from karibu.journeys.rehearsal import fallen
from karibu.journeys.walk import written
from karibu.messages.quiet import zone_of
from karibu.segments import membership
from karibu.web.queries import shop

MOMENT = pa.timestamp("us", "UTC")
# `comes`: the key of the run; `knowing`: what it may speak about, as JSON.
COLUMNS = pa.schema([("customer", pa.int64()), ("moment", MOMENT), ("comes", pa.string()), ("knowing", pa.string())])
_STAND_IN = """
    SELECT m.customer_id, greatest(c.created_at, %s) AS at FROM segments_member m
    JOIN customers_customer c ON c.id = m.customer_id WHERE m.segment_id = %s AND c.created_at < %s ORDER BY 1"""


def comers(definition: Definition, since: datetime, until: datetime, stand_in: int | None = None) -> pa.Table:
    """Everybody whose moment lies in since < t ≤ until. Dates are those that are known of people today; of a segment
    those who were in it then. `stand_in` is the segment whose members of today are put in at the beginning, where the
    door is one that only somebody's hand or a score opens."""
    entry = definition.entry
    parts: list[pa.Table] = [COLUMNS.empty_table()]
    if entry.date:
        parts.append(_dated(definition, entry.date, since, until))
    if entry.schedule:
        parts += _scheduled(entry.schedule, since, until)
    if entry.product and (cheaper := fallen.comers(entry.product, since, until)):
        parts.append(cheaper.cast(COLUMNS))
    if stand_in and is_put_in(definition):
        parts.append(_standing_in(stand_in, since, until))
    return pa.concat_tables(parts)


def _dated(definition: Definition, rule: Dated, since: datetime, until: datetime) -> pa.Table:
    way = Way(0, 0, definition, is_open=True)
    found = clock.arrivals(raw.cursor(), way, rule, since, until)
    columns = [[a.customer_id for a in found], [a.at for a in found], [a.key for a in found]]
    return pa.table([*columns, [written(a.context) for a in found]], schema=COLUMNS)


def _scheduled(rule: Scheduled, since: datetime, until: datetime) -> Iterator[pa.Table]:
    zone = zone_of(shop().timezone, "UTC")
    for slot in rule.slots(zone, since, until):
        members = membership.as_of(rule.segment, slot)["id"].combine_chunks()
        size, day = len(members), slot.astimezone(zone).date().isoformat()
        same = (pa.scalar(slot, MOMENT), pa.scalar(day), pa.scalar(written({"day": day})))
        yield pa.table([members, *(pa.repeat(one, size) for one in same)], schema=COLUMNS)


def is_put_in(definition: Definition) -> bool:
    """Whether nothing in the log can say who came: a colleague, a program or a score of then would have."""
    return definition.entry.by_hand or definition.entry.prediction is not None


def _standing_in(segment: int, since: datetime, until: datetime) -> pa.Table:
    """Who came to the shop later is put in when they came."""
    cursor = raw.cursor()
    cursor.execute(_STAND_IN, [since, segment, until])
    found = cursor.fetchall()
    columns = [[row[n] for row in found] for n in (0, 1)]
    return pa.table([*columns, [""] * len(found), ["{}"] * len(found)], schema=COLUMNS)
