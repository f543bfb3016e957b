"""The pipeline's stage of the segments: who did what in this batch, for the live segments to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from karibu.customers.raw import Cursor
from karibu.events.batch import Batch

if TYPE_CHECKING:
    import pyarrow as pa

OWN = frozenset({"Segment Entered", "Segment Left"})  # the events that tell of a segment's members
MANY = 64  # names of events in a batch; of more it is only noted who did anything

_INSERT = """
    INSERT INTO segments_touched (customers, event, rows_changed)
    SELECT array_agg(u.customer), (%s::text[])[u.name], false FROM unnest(%s::int[], %s::bigint[]) AS u(name, customer)
    GROUP BY u.name ORDER BY u.name"""


_INSERT_PARTS = """
    INSERT INTO segments_touched (customers, event, rows_changed)
    SELECT array_agg(u.id), '', false FROM unnest(%s::bigint[]) WITH ORDINALITY AS u(id, n) GROUP BY u.n / 1000"""


def touch(batch: Batch) -> None:
    """Stage: leaves a row of Touched for each name of event. Runs after identify."""
    who: dict[str, set[int]] = {}
    for event in batch.events:
        if event.customer_id:
            who.setdefault(event.name, set()).add(event.customer_id)
    _note(batch.cursor, who)


def touch_made(cursor: Cursor, events: pa.RecordBatch) -> None:
    """The same for events that Karibu wrote itself (events/made.py)."""
    import pyarrow.compute as pc

    events = events.select(["name", "customer", "message_id"])  # filtering all columns takes as long as writing them
    names = events["name"].unique().to_pylist()
    told = {name: events.filter(pc.equal(events["name"], name)) for name in names}
    _note(cursor, {name: set(those["customer"].to_pylist()) for name, those in told.items() if name not in OWN})
    for name in sorted(told.keys() & OWN):
        _touch_followers(cursor, name, told[name])


def touch_removed(cursor: Cursor, customers: Sequence[int]) -> None:
    """Events of these are in the log no more (events/erase.py): an import that was undone."""
    cursor.execute(_INSERT_PARTS, [list(customers)])


def _touch_followers(cursor: Cursor, name: str, told: pa.RecordBatch) -> None:
    """Entries or exits, where a segment asks for them.

    What happens to the segments that ask is not followed: two that follow each other, or one that follows itself,
    would have people come and go for ever.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from karibu.segments.watched import asking_for

    if asking := asking_for(name):
        moved = pc.struct_field(pc.extract_regex(told["message_id"], r"^segment-(?P<id>\d+)-"), "id")
        others = pc.invert(pc.is_in(moved.cast(pa.int64()), value_set=pa.array(asking, pa.int64())))
        _note(cursor, {name: set(told["customer"].filter(others).to_pylist())})


def _note(cursor: Cursor, who: dict[str, set[int]]) -> None:
    who = {name: customers for name, customers in who.items() if customers}
    if len(who) > MANY:
        who = {"": set().union(*who.values())}
    if not who:
        return
    names = [place for place, customers in enumerate(who.values(), 1) for _ in customers]
    cursor.execute(_INSERT, [[name[:200] for name in who], names, [c for some in who.values() for c in some]])
