"""The pipeline's stage: events of a batch bring people into journeys, start their waits anew, and take them out.

Everything happens in bulk on the batch's cursor. Historical events start nothing, but an imported order still ends
the reminder of its cart.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from karibu.events.batch import Batch
from karibu.events.event import Event
from karibu.journeys import doors, events, leaving, live
from karibu.journeys.columns import columns
from karibu.journeys.doors import Arrival
from karibu.journeys.live import Rules, Way
from karibu.journeys.steps.base import HAPPENED

_SHARED = sorted(events.SHARED_KEYS)
STALE = timedelta(days=3)  # a phone that was offline longer than this starts no journey


def react(batch: Batch) -> None:
    """Lets people in and out of journeys, in the order of the events of the batch."""
    rules = live.rules(batch.cursor)
    concerned = [event for event in batch.events if event.customer_id and rules.concern(event.name)]
    if not concerned:
        return
    arrivals = [arrival for event in concerned for arrival in _arrivals(event, rules, batch.moment(event))]
    if arrivals:
        entered = doors.enter(batch.cursor, [a for a, may_start in arrivals if may_start], batch.now)
        # A batch of the past holds one event of each person: whoever it let in has only begun to wait.
        begun = entered if batch.is_past else set()
        _start_waits_anew(batch, [a for a, _ in arrivals if a.customer_id not in begun], rules)
    if rules.awaited:
        _wake(batch, [event for event in concerned if event.name in rules.awaited], rules)
    leaving.by_events(batch.cursor, concerned, rules)


def _arrivals(event: Event, rules: Rules, now: datetime) -> Iterable[tuple[Arrival, bool]]:
    """Who stands before which door, and whether it opens: an old event moves a wait, but brings nobody in."""
    for way in rules.entries.get(event.name, ()):
        key = events.key_of(event, way.definition.entry.key)
        if key is not None and way.definition.entry.matches(event):
            at = min(event.time, now)
            arrival = Arrival(way, event.customer_id, key, at, _context(event, way, key))
            yield arrival, way.is_open and not event.historical and now - at <= STALE


def _context(event: Event, way: Way, key: str) -> dict[str, Any]:
    """What messages of this run may speak about, and what its checks look at."""
    named: dict[str, Any] = {name: str(value) for name in _SHARED if (value := getattr(event, name))}
    if name := way.definition.entry.key:
        named[name] = key
    if event.product_id:
        named["product_id"] = event.product_id
    for name in way.asked - named.keys():
        if (value := events.value_of(event, name)) is not None:
            named[name] = value if isinstance(value, int | float | bool) else str(value)[:1000]
    return named


# --- inside ---------------------------------------------------------------------------------------------------------


def _start_waits_anew(batch: Batch, arrivals: Sequence[Arrival], rules: Rules) -> None:
    """Quiet waits end later by what has just happened; the run goes over to whoever holds the cart now (if known).

    So does the run of somebody held out, for as long as it would have waited: else only those let in would be known by
    the name under which they order.
    """
    if not rules.quiet or not arrivals:
        return
    latest: dict[tuple[int, str], Arrival] = {}
    for arrival in arrivals:
        known = latest.get((arrival.way.journey_id, arrival.slot))
        if known is None or arrival.at >= known.at:
            latest[arrival.way.journey_id, arrival.slot] = arrival
    touched = [(a.way.journey_id, a.customer_id, a.key, a.slot, a.at) for a in latest.values()]
    batch.cursor.execute(
        """
        WITH quiet AS (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::interval[])
            AS q(journey, version, step, length)),
        n AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
            AS n(journey, customer, key, slot, at)),
        meant AS MATERIALIZED (
            SELECT e.id, e.journey_id, n.* FROM n JOIN journeys_enrollment e ON e.slot = n.slot
            UNION
            SELECT e.id, e.journey_id, n.* FROM n JOIN journeys_enrollment e ON e.customer_id = n.customer
            WHERE e.key = n.key),
        locked AS MATERIALIZED (
            SELECT id, status, version, step, customer_id, arrived_at FROM journeys_enrollment
            WHERE id = ANY(ARRAY(SELECT id FROM meant WHERE journey_id = journey)) ORDER BY id FOR UPDATE),
        hit AS (
            SELECT DISTINCT l.id, meant.at, CASE l.status WHEN 'active' THEN meant.at + quiet.length END AS due,
                CASE WHEN c.is_anonymous IS FALSE THEN meant.customer ELSE l.customer_id END AS customer
            FROM locked l JOIN meant ON meant.id = l.id
            JOIN quiet ON quiet.journey = meant.journey AND quiet.version = l.version
                AND (quiet.step = l.step OR (l.status = 'held' AND meant.at <= l.arrived_at + quiet.length))
            LEFT JOIN customers_customer c ON c.id = meant.customer
            WHERE l.status IN ('active', 'held'))
        UPDATE journeys_enrollment e SET customer_id = hit.customer, arrived_at = greatest(e.arrived_at, hit.at),
            due_at = CASE WHEN hit.due IS NULL THEN NULL ELSE greatest(e.due_at, hit.due) END
        FROM hit WHERE e.id = hit.id""",
        [*columns(rules.quiet), *columns(touched)],
    )


# PostgreSQL looks for the person first, as in doors.py.
_WAKE = """
    WITH n AS (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::bigint[], %s::timestamptz[],
        %s::timestamptz[]) AS n(journey, wanted, place, customer, at, now)),
    meant AS MATERIALIZED (
        SELECT e.id, e.journey_id, e.version, e.step, e.arrived_at, n.* FROM n
        JOIN journeys_enrollment e ON e.customer_id = n.customer),
    locked AS MATERIALIZED (
        SELECT id, status, step FROM journeys_enrollment WHERE id = ANY(ARRAY(
            SELECT id FROM meant WHERE journey_id = journey AND version = wanted AND step = place
                AND arrived_at <= at)) ORDER BY id FOR UPDATE)
    UPDATE journeys_enrollment e SET due_at = least(e.due_at, meant.now), context = e.context || %s
    FROM locked JOIN meant ON meant.id = locked.id AND meant.place = locked.step
    WHERE e.id = locked.id AND locked.status = 'active' AND meant.journey_id = meant.journey"""


def _wake(batch: Batch, happened: Sequence[Event], rules: Rules) -> None:
    """Who waits for one of these events goes on now (wait_for.py)."""
    rows = [
        (way.journey_id, way.version, position, event.customer_id, event.time, batch.moment(event))
        for event in happened
        for way, position, rule in rules.awaited[event.name]
        if rule.matches(event)
    ]
    if rows:
        batch.cursor.execute(_WAKE, [*columns(rows), Jsonb({HAPPENED: True})])
        if batch.cursor.rowcount and not batch.is_past:
            batch.cursor.execute("SELECT pg_notify('karibu', 'journeys')")
