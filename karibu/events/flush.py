"""From the tail to the lake, each event once, whatever dies in between.

    mark      blocks get the flush's number                       (PostgreSQL)
    write     their events become Parquet files, on the disk      (files nobody refers to yet)
    commit    one Delta commit adds the files and the number      (the number is in the log or it is not)
    confirm   readers open the new version, the blocks go         (PostgreSQL, one transaction)

After a crash the next flush finds the marked blocks, looks for their number in the Delta log, and goes on from there.
"""

import logging
from datetime import datetime, timedelta

import pyarrow as pa
from django.db import connection, transaction
from django.utils import timezone

from karibu.events import lake, tail
from karibu.events.models import Lake, TailBlock

log = logging.getLogger("karibu.events")

AGE = timedelta(seconds=30)  # no event waits longer
ENOUGH = 100_000  # nor do more events than this wait
ROWS, BYTES = 100_000, 32 * 2**20  # of one flush at most: what it needs of memory does not grow with the backlog
# What the events of a block count as: one of which little is told (somebody entered a segment) for down to a third of
# one. Written at once, two to three times as many of them are a file that need not be merged with others.
_WEIGHT = "least(rows, greatest(rows / 3, length(ipc) / 100))"
LOOK = 5.0  # seconds between two looks


def step() -> float:
    """One look of the worker's loop "flush": flushes once if it is time to. Returns the seconds until the next look."""
    if not is_due(timezone.now()):
        return LOOK
    try:
        with lake.lock(lake.WRITE, wait=False) as held:
            if not held:
                return LOOK
            flush()
        _ask_to_compact()
    except lake.TROUBLES as error:
        report_trouble(error)
        return LOOK * 2
    return 0 if is_due(timezone.now()) else LOOK


def _ask_to_compact() -> None:
    from karibu.events import compact

    compact.ask(lake.files(lake.opened()))


def is_due(now: datetime) -> bool:
    """Whether something waits long enough, or enough of it, or an earlier flush has not ended."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT sum({_WEIGHT}), min(created_at), count(flush) FROM events_tailblock")  # noqa: S608
        waiting, oldest, marked = cursor.fetchone()
    return bool(waiting) and (waiting >= ENOUGH or marked > 0 or now - oldest >= AGE)


def flush_everything() -> int:
    """Flushes until the tail is empty; returns how many flushes it took. Raises one of lake.TROUBLES."""
    flushes = 0
    with lake.lock(lake.WRITE):
        while flush():
            flushes += 1
    return flushes


def flush() -> bool:
    """One flush, or the end of one that was interrupted; False if there was nothing. The WRITE lock must be held."""
    number = mark()
    if number is None:
        return False
    table = lake.created()
    if (table.transaction_version(lake.APP) or 0) < number:
        lake.commit(table, lake.write_months(marked_events(number)), flush=number)
    confirm(table.version(), number)
    return True


def finish_interrupted() -> None:
    """Brings PostgreSQL and the lake together after a crash between commit and confirm. WRITE must be held."""
    kept = _row()
    if not lake.exists():
        return
    table = lake.opened()
    written = table.transaction_version(lake.APP) or 0
    if written > kept.flush or table.version() > kept.version:
        confirm(table.version(), written)


def mark() -> int | None:
    """Gives the oldest blocks the next number, or finds those that have it already; None if there are none."""
    number = _row().flush + 1
    if TailBlock.objects.filter(flush=number).exists():
        return number
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE events_tailblock SET flush = %s WHERE id IN (
                SELECT id FROM (
                    SELECT id, sum({_WEIGHT}) OVER upto - {_WEIGHT} AS rows,
                        sum(length(ipc)) OVER upto - length(ipc) AS bytes
                    FROM events_tailblock WINDOW upto AS (ORDER BY id)
                ) AS before WHERE rows < %s AND bytes < %s)
            """,  # noqa: S608 - our own constant
            [number, ROWS, BYTES],
        )
        return number if cursor.rowcount else None


def marked_events(number: int) -> pa.Table:
    blocks = TailBlock.objects.filter(flush=number).order_by("id").values_list("ipc", flat=True)
    return tail.concatenated(tail.decode(ipc) for ipc in blocks.iterator())


def confirm(version: int, number: int) -> None:
    with transaction.atomic():
        lake.confirm(version, flush=number)
        if Lake.objects.exclude(trouble="").update(trouble="", trouble_since=None):
            log.info("The event log writes to its lake again.")


def report_trouble(error: Exception) -> None:
    """Says once, in the log and for queries.trouble(), why the lake cannot be written. The events wait in the tail."""
    sentence = f"The event log cannot write to {lake.url()}: {_reason(error)}. Events wait safely in PostgreSQL."
    if _row().trouble != sentence:
        Lake.objects.update(trouble=sentence, trouble_since=timezone.now())
        log.error(sentence)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).strip().splitlines()[0][:300].rstrip(".")


def _row() -> Lake:
    return Lake.objects.get_or_create(id=1)[0]
