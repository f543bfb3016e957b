"""The stages and the engine, the same as live, over the events of some parties.

There is no clock for all. In each round every party gets its next event; before that, whoever of it is due earlier goes
on, each at their own due time. So a round is as wide as there are parties, and the order of what happens to any one
person is exactly that of the past, however far apart they are.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

import pyarrow as pa

from karibu.customers.raw import cursor
from karibu.events.arrays import with_bulk_arrays
from karibu.events.batch import Batch
from karibu.events.event import Event
from karibu.journeys import doors, engine, leaving, live
from karibu.journeys.columns import columns
from karibu.journeys.definition import Definition, Exit
from karibu.journeys.doors import Arrival
from karibu.journeys.react import react
from karibu.journeys.rehearsal.apart import count, unwritable
from karibu.journeys.rehearsal.past import ORDERED, Past, told
from karibu.journeys.steps.base import Past as Asked
from karibu.journeys.steps.base import Traveller
from karibu.journeys.walk import Walk
from karibu.segments.membership import ENTERED, LEFT

WIDE = 5_000  # parties of one transaction
Ahead = Mapping[int, datetime]  # until when each customer may go on: to their next event

_DUE = """
    SELECT e.version, e.step, e.id, e.customer_id, e.key, e.run, e.arrived_at, e.context::text, e.due_at, a.until
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS a(customer, until)
    JOIN journeys_enrollment e ON e.customer_id = a.customer
    WHERE e.status = 'active' AND e.due_at < a.until ORDER BY e.version, e.step, e.id"""
_ORDERED = """
    INSERT INTO shop_cart (cart_id, customer_id, status, items, value, currency, order_id, created_at, updated_at)
    SELECT cart, customer, 'ordered', '[]', 0, '', '', at, at
    FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[]) AS n(cart, customer, at)
    ON CONFLICT (cart_id) DO NOTHING"""


@dataclass
class Rounds:
    """One journey (as apart.py put it there) over the events of a chunk, from `since` until `until`."""

    journey_id: int
    definition: Definition
    since: datetime
    until: datetime
    asked: Asked
    progress: Callable[[int], None] = lambda events: None
    mates: Mapping[int, Sequence[int]] = field(default_factory=dict)

    def through(self, past: Past) -> None:
        """Tells all of it, and then lets everybody go on until the end."""
        self.mates = past.mates
        by_rank = past.rows.sort_by("rank")
        start = 0
        for rank, wide in sorted(Counter(past.rows["rank"].to_pylist()).items()):
            for first in range(start, start + wide, WIDE):
                self._round(by_rank.slice(first, min(WIDE, start + wide - first)))
            if rank == 0:
                count()
            start += wide
        self._to_the_end(past)

    def _round(self, rows: pa.Table) -> None:
        happened = told(rows)
        with unwritable():
            self.advance(self._ahead(happened))
            self._order(happened)
            batch = Batch(events=happened, now=self.since, cursor=with_bulk_arrays(cursor()), is_past=True)
            react(batch)
            if _has_others(rows):
                self._come_otherwise(batch, rows)
        self.progress(len(happened))

    def _ahead(self, happened: Sequence[Event]) -> Ahead:
        """Of the same party nobody is ahead of what happens to one of them."""
        return {
            customer: event.received_at
            for event in happened
            for customer in self.mates.get(event.customer_id, [event.customer_id])
        }

    def _to_the_end(self, past: Past) -> None:
        people = past.rows["customer"].unique().to_pylist()
        for first in range(0, len(people), WIDE):
            with unwritable():
                self.advance(dict.fromkeys(people[first : first + WIDE], self.until))

    def advance(self, ahead: Ahead) -> None:
        """Lets these go on, each up to their own moment."""
        while due := _due(ahead):
            engine.let_on(Walk(self.journey_id, self.until, past=self.asked), due)

    def _order(self, happened: Sequence[Event]) -> None:
        """As the stage of the shop does before the journeys: whoever looks at an ordered cart later, enters no more."""
        if self.definition.entry.key == "cart_id":
            rows = [(e.cart_id, e.customer_id, e.time) for e in happened if e.name == ORDERED and e.cart_id]
            if rows:
                cursor().execute(_ORDERED, columns(rows))

    def _come_otherwise(self, batch: Batch, rows: pa.Table) -> None:
        """Doors and exits that no event opens: whoever entered or left a segment, or whose moment has come."""
        rules = live.rules(batch.cursor)
        comes = zip(batch.events, rows["comes"].to_pylist(), rows["knowing"].to_pylist(), strict=True)
        opened = [*rules.timed, *rules.goods, *rules.by_hand.values(), *chain(*rules.predicted.values())]
        arrivals = [
            Arrival(way, event.customer_id, key, event.time, live.decoded(knowing))
            for event, key, knowing in comes
            if key is not None
            for way in opened
        ]
        crossing = list(zip(batch.events, rows["segment"].to_pylist(), strict=True))
        for segment in {segment for _event, segment in crossing if segment}:
            crossed = [event for event, where in crossing if where == segment]
            arrivals += [
                Arrival(way, event.customer_id, "", event.received_at)
                for way in rules.segments.get(segment, ())
                for event in crossed
                if event.name == (LEFT if way.definition.entry.left else ENTERED)
            ]
            self._leave(batch, rules.out.get(segment, ()), crossed)
        doors.enter(batch.cursor, arrivals, self.since)

    def _leave(self, batch: Batch, ends: Sequence[tuple[live.Way, Exit]], crossed: Sequence[Event]) -> None:
        for way, end in ends:
            gone = [event for event in crossed if event.name == (LEFT if end.left else ENTERED)]
            leaving.leave(
                batch.cursor, [d for e in gone for d in leaving.by_crossing(way, end, [e.customer_id], e.time)]
            )


def _has_others(rows: pa.Table) -> bool:
    return any(rows[name].null_count < len(rows) for name in ("segment", "comes"))


def _due(ahead: Ahead) -> list[engine.Standing]:
    if not ahead:
        return []
    own = with_bulk_arrays(cursor())
    own.execute(_DUE, [list(ahead), list(ahead.values())], binary=True)
    return [
        ((version, step), Traveller(id_, customer, key, run, arrived, live.decoded(context), due, until))
        for version, step, id_, customer, key, run, arrived, context, due, until in own.fetchall()
    ]
