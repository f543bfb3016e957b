"""How many events there were, per hour, source, channel and name: kept exact while they arrive."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import psycopg

from karibu.events.batch import Batch

Key = tuple[datetime, str, str, str]  # hour, source, channel, name
TAKEN_OUT = -1  # the lane of retractions

_UPSERT = """
    INSERT INTO events_eventcount AS kept (hour, lane, source, channel, name, count)
    SELECT hour, %s, source, channel, name, count
    FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::bigint[])
         AS fresh(hour, source, channel, name, count)
    ORDER BY hour, name, source, channel
    ON CONFLICT (hour, name, source, channel, lane) DO UPDATE SET count = kept.count + excluded.count
"""


def count(batch: Batch) -> None:
    """Stage: adds the batch to the counts. A lane has rows of its own, so that no worker waits for another."""
    add(batch.cursor, batch.lane, Counter((e.time, e.source, e.channel, e.name) for e in batch.events).items())


def take_out(cursor: psycopg.Cursor[tuple[object, ...]], removed: Iterable[tuple[Key, int]]) -> None:
    """Lowers the counts by events that left the log (any time in the hour names it)."""
    add(cursor, TAKEN_OUT, [(key, -number) for key, number in removed])


def forget(cursor: psycopg.Cursor[tuple[object, ...]], pattern: str) -> None:
    """Takes out the counts of events whose very name says who it was: nothing else is counted under such a name."""
    cursor.execute("DELETE FROM events_eventcount WHERE name ~* %s", [pattern])


def add(cursor: psycopg.Cursor[tuple[object, ...]], lane: int, counted: Iterable[tuple[Key, int]]) -> None:
    """Raises the counts of these hours (any time in the hour names it), in rows of this lane."""
    hours: Counter[Key] = Counter()
    for (time, source, channel, name), number in counted:
        hour = time.replace(minute=0, second=0, microsecond=0)
        hours[hour, source[:200], channel[:40], name[:200]] += number
    if hours:
        columns = list(zip(*hours, strict=True))
        cursor.execute(_UPSERT, [lane, *[list(column) for column in columns], list(hours.values())])
