"""The doors of the journeys: who enters which run, however they came (an event, a segment, a hand, another journey).

Everything happens in bulk on the cursor of the caller's transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import pyarrow as pa

from karibu.customers import raw
from karibu.customers.raw import Cursor
from karibu.journeys import events, leaving, live
from karibu.journeys.columns import columns
from karibu.journeys.definition import AfterDays
from karibu.journeys.engine import LOOK_AGAIN
from karibu.journeys.live import Way
from karibu.journeys.models import AT_THE_DOOR
from karibu.journeys.reentry import Run, next_run
from karibu.journeys.walk import written

# The statements below find runs by slot or by person first, behind a fence (MATERIALIZED), and look at the journey
# afterwards: while the table is young, and PostgreSQL knows nothing of its contents, it might take the index by journey
# for just as good, and read all runs of the journey for each event.
T = TypeVar("T")
TOGETHER = 5000  # people of a segment's change let in with one statement


class Arrival(msgspec.Struct, frozen=True):
    """Somebody before the door of one journey. `context` is what the run may speak about."""

    way: Way
    customer_id: int
    key: str
    at: datetime
    context: Mapping[str, Any] = msgspec.field(default_factory=dict)
    slot: str = ""  # as Enrollment.slot; made here, since it is asked for again and again

    def __post_init__(self) -> None:
        is_shared = self.way.definition.entry.key in events.SHARED_KEYS
        msgspec.structs.force_setattr(self, "slot", self.key if is_shared else f"{self.customer_id}|{self.key}")

    @property
    def stands_outside(self) -> bool:
        return self.way.definition.asks_at_the_door


def put_in(journey_id: int, people: Mapping[int, Mapping[str, Any]], now: datetime) -> set[int]:
    """Lets these customers (with the context of each) into a live journey that takes people in by hand.

    Returns who entered: nobody where the journey is not live or has another door. Call it in a transaction.
    """
    cursor = raw.cursor()
    way = live.rules(cursor).by_hand.get(journey_id)
    if way is None:
        return set()
    arrivals = [Arrival(way, customer, "", now, context) for customer, context in sorted(people.items())]
    return enter(cursor, arrivals, now)


def segment_changed(cursor: Any, segment_id: int, entered: pa.Array, left: pa.Array, at: datetime) -> None:
    """Who enters or leaves a segment enters the journeys that wait for it, in the transaction of the change."""
    # The membership's cursor may be Django's; the statements of this module are for psycopg's own.
    own = raw.cursor()
    rules = live.rules(own)
    for way in rules.segments.get(segment_id, ()):
        moved: list[int] = (left if way.definition.entry.left else entered).to_pylist()
        for some in parts(moved):
            enter(own, [Arrival(way, customer, "", at) for customer in some], at)
    for way, end in rules.out.get(segment_id, ()):
        for some in parts((left if end.left else entered).to_pylist()):
            leaving.by_segment(own, way, end, some, at)


def predicted(
    cursor: Cursor, name: str, scores: Sequence[tuple[int, float | None, float | None]], at: datetime
) -> None:
    """Who of these (customer, score before, score now) crosses the threshold of a journey enters it.

    Call it in the transaction that writes the scores.
    """
    for way in live.rules(cursor).predicted.get(name, ()):
        rule = way.definition.entry.prediction
        crossing = [(one, now) for one, before, now in scores if rule and rule.crossed(before, now)]
        for some in parts(sorted(crossing)):
            enter(cursor, [Arrival(way, customer, "", at, {name: score}) for customer, score in some], at)


def parts(several: list[T]) -> Iterable[list[T]]:
    """As many as are let in together."""
    return (several[start : start + TOGETHER] for start in range(0, len(several), TOGETHER))


def enter(cursor: Cursor, arrivals: Sequence[Arrival], now: datetime) -> set[int]:
    """Lets in whom the journeys' rules let in, in the caller's transaction; returns the customers who entered."""
    first: dict[tuple[int, str], Arrival] = {}
    for arrival in arrivals:
        first.setdefault((arrival.way.journey_id, arrival.slot), arrival)
    candidates = _without_ordered_carts(cursor, list(first.values()))
    if not candidates:
        return set()
    _one_at_a_time(cursor, candidates)
    runs = _runs(cursor, candidates)
    entering: list[tuple[Arrival, int]] = []
    for arrival in candidates:
        known = [*runs[arrival.way.journey_id, arrival.customer_id], *runs[arrival.way.journey_id, arrival.slot]]
        number, _why_not = next_run(arrival.way.definition.reentry, known, arrival.key, arrival.at)
        if number:
            entering.append((arrival, number))
            started = Run(arrival.key, number, "active", arrival.at)
            runs[arrival.way.journey_id, arrival.customer_id].append(started)
    if entering:
        _insert(cursor, entering, now)
    return {arrival.customer_id for arrival, _ in entering}


def _without_ordered_carts(cursor: Cursor, arrivals: list[Arrival]) -> list[Arrival]:
    """A late "Cart Viewed" of a cart whose order has been seen brings nobody in."""
    carts = [a.key for a in arrivals if a.way.definition.entry.key == "cart_id"]
    if not carts:
        return arrivals
    cursor.execute("SELECT cart_id FROM shop_cart WHERE cart_id = ANY(%s) AND status = 'ordered'", [carts])
    ordered = {row[0] for row in cursor.fetchall()}
    return [a for a in arrivals if a.way.definition.entry.key != "cart_id" or a.key not in ordered]


def _one_at_a_time(cursor: Cursor, arrivals: Sequence[Arrival]) -> None:
    """Where all runs of a person count, two lanes must not decide about the same person at once."""
    by_person = [a for a in arrivals if a.way.definition.reentry == "never" or _counts_days(a)]
    if by_person:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(n) FROM (SELECT DISTINCT hashtextextended(t, 7) AS n "
            "FROM unnest(%s::text[]) AS t ORDER BY n) AS ordered",
            [[f"journey:{a.way.journey_id}:{a.customer_id}" for a in by_person]],
        )


def _counts_days(arrival: Arrival) -> bool:
    return isinstance(arrival.way.definition.reentry, AfterDays)


def _runs(cursor: Cursor, arrivals: Sequence[Arrival]) -> dict[tuple[int, int | str], list[Run]]:
    """Runs there are already, by (journey, customer) and, where another person had the same cart, (journey, slot)."""
    cursor.execute(
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
        [*columns((a.way.journey_id, a.customer_id, a.slot) for a in arrivals)],
    )
    found: dict[tuple[int, int | str], list[Run]] = defaultdict(list)
    rows: list[Any] = cursor.fetchall()
    for journey, customer, slot, key, run, status, entered in rows:
        found[journey, customer if slot is None else slot].append(Run(key, run, status, entered))
    return found


def _dues(arrivals: Sequence[Arrival]) -> list[datetime]:
    """When each is due at the first step, asked together where they enter the same journey."""
    found: dict[int, datetime] = {}
    by_way: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, arrival in enumerate(arrivals):
        if arrival.stands_outside:  # the engine asks at once, for many together, and reckons then
            found[place] = arrival.at
            continue
        by_way[arrival.way.journey_id, arrival.way.version].append(place)
    for places in by_way.values():
        those = [arrivals[place] for place in places]
        dues = those[0].way.definition.steps[0].dues([a.customer_id for a in those], [a.at for a in those])
        found.update(zip(places, dues, strict=True))
    return [found[place] for place in range(len(arrivals))]


def _insert(cursor: Cursor, entering: Sequence[tuple[Arrival, int]], now: datetime) -> None:
    dues = _dues([arrival for arrival, _ in entering])
    rows = [
        (
            *(a.way.journey_id, a.way.version, a.customer_id, a.key, a.slot, run),
            *(AT_THE_DOOR if a.stands_outside else 0, due, written(a.context), a.at),
        )
        for (a, run), due in zip(entering, dues, strict=True)
    ]
    cursor.execute(
        """
        INSERT INTO journeys_enrollment (journey_id, version, customer_id, key, slot, run, status, reason, step,
            arrived_at, due_at, context, entered_at)
        SELECT journey, version, customer, key, slot, run, 'active', '', step, at, due, context::jsonb, at
        FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::text[], %s::text[], %s::int[], %s::int[],
            %s::timestamptz[], %s::text[], %s::timestamptz[])
            AS n(journey, version, customer, key, slot, run, step, due, context, at)
        ON CONFLICT (journey_id, slot, run) DO NOTHING""",
        [*columns(rows)],
    )
    if min(dues) < now + timedelta(seconds=LOOK_AGAIN):  # later ones the engine finds by itself
        cursor.execute("SELECT pg_notify('karibu', 'journeys')")
