"""The pipeline's stage: events of a batch bring people into journeys, start their waits anew, and take them out.

Everything happens in bulk on the batch's cursor. Historical events start nothing, but an imported order still ends
the reminder of its cart.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from karibu.events.batch import Batch
from karibu.events.event import Event
from karibu.journeys import events, live
from karibu.journeys.definition import AfterDays, Exit
from karibu.journeys.engine import LOOK_AGAIN
from karibu.journeys.live import Rules, Way
from karibu.journeys.reentry import Run, next_run

# The statements below find runs by slot or by person first, behind a fence (MATERIALIZED), and look at the journey
# afterwards: while the table is young, and PostgreSQL knows nothing of its contents, it might take the index by journey
# for just as good, and read all runs of the journey for each event.
STALE = timedelta(days=3)  # a phone that was offline longer than this starts no journey


@dataclass(frozen=True)
class Arrival:
    """One event before the door of one journey."""

    way: Way
    customer_id: int
    key: str
    at: datetime
    event: Event

    @property
    def slot(self) -> str:
        return self.key if self.is_shared else f"{self.customer_id}|{self.key}"

    @property
    def is_shared(self) -> bool:
        return self.way.definition.entry.key in events.SHARED_KEYS


@dataclass(frozen=True)
class Departure:
    """One event that takes a person out: of the run in `slot`, or (slot None) of all runs begun before it."""

    way: Way
    customer_id: int
    slot: str | None
    at: datetime
    reason: str


def react(batch: Batch) -> None:
    """Lets people in and out of journeys, in the order of the events of the batch."""
    rules = live.rules(batch.cursor)
    concerned = [event for event in batch.events if event.customer_id and rules.concern(event.name)]
    if not concerned:
        return
    arrivals = [arrival for event in concerned for arrival in _arrivals(event, rules, batch.now)]
    if arrivals:
        _enter(batch, [a for a in arrivals if _may_start(a, batch.now)])
        _start_waits_anew(batch, arrivals, rules)
    if departures := [departure for event in concerned for departure in _departures(event, rules)]:
        _leave(batch, departures)


def _arrivals(event: Event, rules: Rules, now: datetime) -> Iterable[Arrival]:
    for way in rules.entries.get(event.name, ()):
        key = events.key_of(event, way.definition.entry.key)
        if key is not None and way.definition.entry.matches(event):
            yield Arrival(way, event.customer_id, key, min(event.time, now), event)


def _may_start(arrival: Arrival, now: datetime) -> bool:
    return arrival.way.is_open and not arrival.event.historical and now - arrival.at <= STALE


def _departures(event: Event, rules: Rules) -> Iterable[Departure]:
    for way, exit_ in rules.exits.get(event.name, ()):
        if exit_.matches(event):
            reason = f"{event.name} {event.order_id}".strip()
            yield Departure(way, event.customer_id, _slot_left(event, way, exit_), event.time, reason)


def _slot_left(event: Event, way: Way, exit_: Exit) -> str | None:
    name = way.definition.entry.key
    key = events.key_of(event, name) if exit_.same_key else None
    if key is None:
        return None
    return key if name in events.SHARED_KEYS else f"{event.customer_id}|{key}"


# --- in -------------------------------------------------------------------------------------------------------------


def _enter(batch: Batch, arrivals: Sequence[Arrival]) -> None:
    first: dict[tuple[int, str], Arrival] = {}
    for arrival in arrivals:
        first.setdefault((arrival.way.journey_id, arrival.slot), arrival)
    candidates = _without_ordered_carts(batch, list(first.values()))
    if not candidates:
        return
    _one_at_a_time(batch, candidates)
    runs = _runs(batch, candidates)
    entering: list[tuple[Arrival, int]] = []
    for arrival in candidates:
        known = [*runs[arrival.way.journey_id, arrival.customer_id], *runs[arrival.way.journey_id, arrival.slot]]
        number, _why_not = next_run(arrival.way.definition.reentry, known, arrival.key, arrival.at)
        if number:
            entering.append((arrival, number))
            started = Run(arrival.key, number, "active", arrival.at)
            runs[arrival.way.journey_id, arrival.customer_id].append(started)
    if entering:
        _insert(batch, entering)


def _without_ordered_carts(batch: Batch, arrivals: list[Arrival]) -> list[Arrival]:
    """A late "Cart Viewed" of a cart whose order has been seen brings nobody in."""
    carts = [a.key for a in arrivals if a.way.definition.entry.key == "cart_id"]
    if not carts:
        return arrivals
    batch.cursor.execute("SELECT cart_id FROM shop_cart WHERE cart_id = ANY(%s) AND status = 'ordered'", [carts])
    ordered = {row[0] for row in batch.cursor.fetchall()}
    return [a for a in arrivals if a.way.definition.entry.key != "cart_id" or a.key not in ordered]


def _one_at_a_time(batch: Batch, arrivals: Sequence[Arrival]) -> None:
    """Where all runs of a person count, two lanes must not decide about the same person at once."""
    by_person = [a for a in arrivals if a.way.definition.reentry == "never" or _counts_days(a)]
    if by_person:
        batch.cursor.execute(
            "SELECT pg_advisory_xact_lock(n) FROM (SELECT DISTINCT hashtextextended(t, 7) AS n "
            "FROM unnest(%s::text[]) AS t ORDER BY n) AS ordered",
            [[f"journey:{a.way.journey_id}:{a.customer_id}" for a in by_person]],
        )


def _counts_days(arrival: Arrival) -> bool:
    return isinstance(arrival.way.definition.reentry, AfterDays)


def _runs(batch: Batch, arrivals: Sequence[Arrival]) -> dict[tuple[int, int | str], list[Run]]:
    """Runs there are already, by (journey, customer) and, where another person had the same cart, (journey, slot)."""
    batch.cursor.execute(
        """
        WITH n AS (SELECT DISTINCT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS n(journey, customer, slot)),
        found AS MATERIALIZED (
            SELECT e.journey_id, e.customer_id, e.key, e.run, e.status, e.entered_at, n.journey, NULL AS taken
            FROM (SELECT DISTINCT journey, customer FROM n) n JOIN journeys_enrollment e ON e.customer_id = n.customer
            UNION ALL
            SELECT e.journey_id, e.customer_id, e.key, e.run, e.status, e.entered_at, n.journey, e.slot
            FROM n JOIN journeys_enrollment e ON e.slot = n.slot
            WHERE e.customer_id <> n.customer)
        SELECT journey_id, customer_id, taken, key, run, status, entered_at FROM found WHERE journey_id = journey""",
        [*_columns((a.way.journey_id, a.customer_id, a.slot) for a in arrivals)],
    )
    found: dict[tuple[int, int | str], list[Run]] = defaultdict(list)
    rows: list[Any] = batch.cursor.fetchall()
    for journey, customer, slot, key, run, status, entered in rows:
        found[journey, customer if slot is None else slot].append(Run(key, run, status, entered))
    return found


def _insert(batch: Batch, entering: Sequence[tuple[Arrival, int]]) -> None:
    dues = [arrival.way.definition.steps[0].due(arrival.at) for arrival, _ in entering]
    rows = [
        (a.way.journey_id, a.way.version, a.customer_id, a.key, a.slot, run, due, Jsonb(_context(a)), a.at)
        for (a, run), due in zip(entering, dues, strict=True)
    ]
    batch.cursor.execute(
        """
        INSERT INTO journeys_enrollment (journey_id, version, customer_id, key, slot, run, status, reason, step,
            arrived_at, due_at, context, entered_at)
        SELECT journey, version, customer, key, slot, run, 'active', '', 0, at, due, context, at
        FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::text[], %s::text[], %s::int[], %s::timestamptz[],
            %s::jsonb[], %s::timestamptz[]) AS n(journey, version, customer, key, slot, run, due, context, at)
        ON CONFLICT (journey_id, slot, run) DO NOTHING""",
        [*_columns(rows)],
    )
    if min(dues) < batch.now + timedelta(seconds=LOOK_AGAIN):  # later ones the engine finds by itself
        batch.cursor.execute("SELECT pg_notify('karibu', 'journeys')")


def _context(arrival: Arrival) -> dict[str, Any]:
    """What messages of this run may speak about."""
    named = {name: str(value) for name in sorted(events.SHARED_KEYS) if (value := getattr(arrival.event, name))}
    if key := arrival.way.definition.entry.key:
        named[key] = arrival.key
    if arrival.event.product_id:
        named["product_id"] = arrival.event.product_id
    return named


# --- inside ---------------------------------------------------------------------------------------------------------


def _start_waits_anew(batch: Batch, arrivals: Sequence[Arrival], rules: Rules) -> None:
    """Quiet waits end later by what has just happened; the run goes over to whoever holds the cart now (if known)."""
    if not rules.quiet:
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
            SELECT id, status, version, step, customer_id FROM journeys_enrollment
            WHERE id = ANY(ARRAY(SELECT id FROM meant WHERE journey_id = journey)) ORDER BY id FOR UPDATE),
        hit AS (
            SELECT l.id, meant.at, meant.at + quiet.length AS due,
                CASE WHEN c.is_anonymous IS FALSE THEN meant.customer ELSE l.customer_id END AS customer
            FROM locked l JOIN meant ON meant.id = l.id
            JOIN quiet ON quiet.journey = meant.journey AND quiet.version = l.version AND quiet.step = l.step
            LEFT JOIN customers_customer c ON c.id = meant.customer
            WHERE l.status = 'active')
        UPDATE journeys_enrollment e SET customer_id = hit.customer, arrived_at = greatest(e.arrived_at, hit.at),
            due_at = greatest(e.due_at, hit.due)
        FROM hit WHERE e.id = hit.id""",
        [*_columns(rules.quiet), *_columns(touched)],
    )


# --- out ------------------------------------------------------------------------------------------------------------


def _leave(batch: Batch, departures: Sequence[Departure]) -> None:
    rows = [(d.way.journey_id, d.way.version, d.customer_id, d.slot, d.at, d.reason[:300]) for d in departures]
    batch.cursor.execute(
        """
        WITH n AS (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::text[], %s::timestamptz[],
            %s::text[]) AS n(journey, wanted, customer, slot, at, reason)),
        meant AS MATERIALIZED (
            SELECT e.id, e.journey_id, e.version, n.* FROM n JOIN journeys_enrollment e ON e.slot = n.slot
            UNION ALL
            SELECT e.id, e.journey_id, e.version, n.* FROM n JOIN journeys_enrollment e ON e.customer_id = n.customer
            WHERE n.slot IS NULL AND e.entered_at <= n.at),
        locked AS MATERIALIZED (
            SELECT id, status FROM journeys_enrollment WHERE id = ANY(ARRAY(
                SELECT id FROM meant WHERE journey_id = journey AND version = wanted)) ORDER BY id FOR UPDATE)
        UPDATE journeys_enrollment e SET status = 'left', reason = meant.reason, due_at = NULL,
            ended_at = greatest(meant.at, e.entered_at)
        FROM locked JOIN meant ON meant.id = locked.id
        WHERE e.id = locked.id AND locked.status = 'active'""",
        [*_columns(rows)],
    )


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Rows turned into one list for each column, as unnest() wants them."""
    return [list(column) for column in zip(*rows, strict=True)]
