"""The ways out: the goal that is reached, and the exits, by an event or by a segment that is entered or left.

Everything happens in bulk on the cursor of the caller's transaction. A goal also counts for those who went through to
the end before they reached it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from karibu.customers.raw import Cursor
from karibu.events.event import Event
from karibu.journeys import events
from karibu.journeys.columns import columns
from karibu.journeys.definition import Exit, Goal
from karibu.journeys.live import Rules, Way

REACHED = "reached the goal"


@dataclass(frozen=True)
class Departure:
    """One event that takes a person out: of the run in `slot`, or (slot None) of all runs begun before it.

    `reach` is how long after entering it counts as the goal; nothing for an exit.
    """

    way: Way
    customer_id: int
    slot: str | None
    at: datetime
    reason: str
    reach: timedelta | None = None


def by_events(cursor: Cursor, happened: Sequence[Event], rules: Rules) -> None:
    """Goals first: whoever reaches one has converted, and did not just leave."""
    leave(cursor, [one for event in happened for one in _goals(event, rules)])
    leave(cursor, [one for event in happened for one in _exits(event, rules)])


def by_segment(cursor: Cursor, way: Way, end: Exit, customers: Collection[int], at: datetime) -> None:
    """These entered (or left) the segment that ends it."""
    leave(cursor, by_crossing(way, end, customers, at))


def by_crossing(way: Way, end: Exit, customers: Collection[int], at: datetime) -> list[Departure]:
    reach = timedelta(days=end.within_days) if isinstance(end, Goal) else None
    reason = REACHED if reach else end.sentence()
    return [Departure(way, customer, None, at, reason, reach) for customer in customers]


def _goals(event: Event, rules: Rules) -> Iterable[Departure]:
    for way, goal in rules.goals.get(event.name, ()):
        if goal.matches(event):
            reason = f"{REACHED}: {event.name} {event.order_id}".strip()
            reach, slot = timedelta(days=goal.within_days), _slot_left(event, way, goal)
            yield Departure(way, event.customer_id, slot, event.time, reason, reach)


def _exits(event: Event, rules: Rules) -> Iterable[Departure]:
    for way, exit_ in rules.exits.get(event.name, ()):
        if exit_.matches(event):
            reason = f"{event.name} {event.order_id}".strip()
            yield Departure(way, event.customer_id, _slot_left(event, way, exit_), event.time, reason)


def _slot_left(event: Event, way: Way, exit_: Exit) -> str | None:
    name = way.definition.entry.told_apart_by
    key = events.key_of(event, name) if exit_.same_key else None
    if key is None:
        return None
    return key if name in events.SHARED_KEYS else f"{event.customer_id}|{key}"


# Runs are found by slot or by person first, as in doors.py.
_LEAVE = """
    WITH n AS (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::text[], %s::timestamptz[],
        %s::text[], %s::interval[]) AS n(journey, wanted, customer, slot, at, reason, reach)),
    meant AS MATERIALIZED (
        SELECT e.id, e.journey_id, e.version, e.entered_at, n.* FROM n JOIN journeys_enrollment e ON e.slot = n.slot
        UNION ALL
        SELECT e.id, e.journey_id, e.version, e.entered_at, n.* FROM n
        JOIN journeys_enrollment e ON e.customer_id = n.customer WHERE n.slot IS NULL AND e.entered_at <= n.at),
    wanted AS (
        SELECT DISTINCT ON (id) * FROM meant WHERE journey_id = journey AND version = wanted
            AND (reach IS NULL OR at <= entered_at + reach) ORDER BY id, at),
    locked AS MATERIALIZED (
        SELECT id, status = 'active' AS is_inside, converted_at FROM journeys_enrollment
        WHERE id = ANY(ARRAY(SELECT id FROM wanted)) ORDER BY id FOR UPDATE)
    UPDATE journeys_enrollment e SET
        status = CASE WHEN is_inside THEN 'left' ELSE e.status END,
        reason = CASE WHEN is_inside THEN wanted.reason ELSE e.reason END,
        due_at = CASE WHEN is_inside THEN NULL ELSE e.due_at END,
        ended_at = CASE WHEN is_inside THEN greatest(wanted.at, e.entered_at) ELSE e.ended_at END,
        converted_at = CASE WHEN reach IS NULL THEN e.converted_at
            ELSE coalesce(e.converted_at, greatest(wanted.at, e.entered_at)) END
    FROM locked JOIN wanted ON wanted.id = locked.id
    WHERE e.id = locked.id AND (is_inside OR (reach IS NOT NULL AND locked.converted_at IS NULL))"""


def leave(cursor: Cursor, departures: Sequence[Departure]) -> None:
    if departures:
        rows = [
            (d.way.journey_id, d.way.version, d.customer_id, d.slot, d.at, d.reason[:300], d.reach) for d in departures
        ]
        cursor.execute(_LEAVE, columns(rows))
