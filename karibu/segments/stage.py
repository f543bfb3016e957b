"""The pipeline's stage of the segments: who did what in this batch, for the live segments to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karibu.customers.raw import Cursor
from karibu.events.batch import Batch

if TYPE_CHECKING:
    import pyarrow as pa

OWN = "Segment "  # how the events begin that tell of a segment's members
MANY = 64  # names of events in a batch; of more it is only noted who did anything

_INSERT = """
    INSERT INTO segments_touched (customers, event, rows_changed)
    SELECT array_agg(u.customer), (%s::text[])[u.name], false FROM unnest(%s::int[], %s::bigint[]) AS u(name, customer)
    GROUP BY u.name ORDER BY u.name"""


def touch(batch: Batch) -> None:
    """Stage: leaves a row of Touched for each name of event. Runs after identify."""
    who: dict[str, set[int]] = {}
    for event in batch.events:
        if event.customer_id and not event.name.startswith(OWN):
            who.setdefault(event.name, set()).add(event.customer_id)
    _note(batch.cursor, who)


def touch_made(cursor: Cursor, events: pa.RecordBatch) -> None:
    """The same for events that Karibu wrote itself (events/made.py)."""
    who: dict[str, set[int]] = {}
    for name, customer in zip(events["name"].to_pylist(), events["customer"].to_pylist(), strict=True):
        if not name.startswith(OWN):
            who.setdefault(name, set()).add(customer)
    _note(cursor, who)


def _note(cursor: Cursor, who: dict[str, set[int]]) -> None:
    if len(who) > MANY:
        who = {"": set().union(*who.values())}
    if not who:
        return
    names = [place for place, customers in enumerate(who.values(), 1) for _ in customers]
    cursor.execute(_INSERT, [[name[:200] for name in who], names, [c for some in who.values() for c in some]])
