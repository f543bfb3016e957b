"""The first stage: a message takes effect once, however often its sender repeats it.

A messageId is unique within its source: two senders that count from 1 do not swallow each other's events. It is
remembered for at least 24 hours after it was received (a UTC day and the next one).

The memory is three tables that days take in turn. A batch writes into today's and looks into yesterday's; the third
is empty or old, and `forget` truncates it: twenty million rows go without a trace, nothing is vacuumed, and each
index is only as large as one day. A table that was not emptied in time only remembers for longer.
Two workers never meet over one message: a repeated message is of the same person, so of the same lane.
"""

import hashlib
import time
from datetime import datetime

import psycopg
from django.db import connection

from karibu.collect.models import Seen, Seen0, Seen1, Seen2
from karibu.events.arrays import Uuids
from karibu.events.batch import Batch
from karibu.events.event import Event

Cursor = psycopg.Cursor[tuple[object, ...]]
TABLES: tuple[type[Seen], ...] = (Seen0, Seen1, Seen2)

# The subquery stays a look-up by index for each row: as a join, the planner may choose to read the whole table.
INSERT = """
    INSERT INTO {today} (digest)
    SELECT d FROM unnest(%s::uuid[]) d WHERE (SELECT true FROM {yesterday} y WHERE y.digest = d) IS NULL
"""
CAREFUL = "ON CONFLICT DO NOTHING RETURNING digest"  # takes half as long again
WARY = 60.0  # seconds for which repeated messages are expected after some came

_wary_until = 0.0  # by time.monotonic()


def dedupe(batch: Batch) -> None:
    """Leaves in `batch.events` only messages not seen before, the first of each."""
    first: dict[bytes, Event] = {}
    for event in batch.events:
        first.setdefault(_digest(event), event)
    if not first:
        return
    digests = Uuids(sorted(first))  # sorted: workers wait for each other, never in a circle
    query = INSERT.format(today=_table(batch.now, 0), yesterday=_table(batch.now, -1))
    if not _are_all_new(batch.cursor, query, digests):
        batch.cursor.execute(f"{query} {CAREFUL}", [digests])
        fresh = {row[0].bytes for row in batch.cursor.fetchall()}  # type: ignore[attr-defined]
        first = {digest: event for digest, event in first.items() if digest in fresh}
    if len(first) < len(batch.events):
        batch.events = list(first.values())


def _are_all_new(cursor: Cursor, query: str, digests: Uuids) -> bool:
    """Whether none of them was seen before: they are written down then, else (or where that is doubtful) none is."""
    global _wary_until
    if time.monotonic() < _wary_until:
        return False
    cursor.execute("SAVEPOINT dedupe")
    try:
        cursor.execute(query, [digests])
        are_new = cursor.rowcount == len(digests)
    except psycopg.errors.UniqueViolation:
        are_new = False
    if not are_new:
        _wary_until = time.monotonic() + WARY
        cursor.execute("ROLLBACK TO SAVEPOINT dedupe")
    cursor.execute("RELEASE SAVEPOINT dedupe")
    return are_new


def forget(now: datetime) -> None:
    """Empties the table that is neither today's nor yesterday's; for the daily schedule."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_table(now, 1)}")


def _table(now: datetime, days: int) -> str:
    return TABLES[(now.date().toordinal() + days) % 3]._meta.db_table


def _digest(event: Event) -> bytes:
    return hashlib.blake2b(f"{event.source_id}\0{event.message_id}".encode(), digest_size=16).digest()
