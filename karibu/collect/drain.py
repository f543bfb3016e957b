"""The worker's loop "pipeline": inbox rows become events that have taken effect.

One transaction takes rows of some lanes, runs every stage of config/pipeline.py over their events and removes the
rows. If it fails, all of it has not happened, and it is tried again. An event that cannot be taken is set aside
(RejectedEvent) in the same transaction: it never holds up the others.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from karibu.collect import barrier
from karibu.collect.bundle import MICROSECOND
from karibu.collect.decode import Row, Sent, event_of, sent_in
from karibu.collect.lanes import LANES
from karibu.collect.models import RejectedEvent, Source
from karibu.collect.wire import Refused
from karibu.events.arrays import with_bulk_arrays
from karibu.events.batch import BadEvent, Batch, Stage
from karibu.events.event import Event
from karibu.events.wake import PIPELINES, WORKER, stopping

log = logging.getLogger("karibu.pipeline")

TAKE = 3000  # events in one transaction
# Seconds from the beginning of one transaction of a pipeline to the next, where MANY events come meanwhile and are not
# yet enough for a whole one: each costs as much as some two hundred events do. Of few, nobody waits for the next.
BEAT, MANY = 0.25, 500
IDLE = 5.0  # seconds until the inbox is looked at without having been woken
BUSY = 0.05  # seconds until another look when other workers own every lane that has rows
BAD_ONES = 8  # events that stages may name as bad in one batch before it is halved
MEETINGS = 10  # tries of a batch that met another
GIVES_WAY = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
NOTE_EVERY = 0.5  # seconds
LOCK = 0x6B61  # the namespace of our advisory locks on lanes

# The lane that has waited longest comes first; of several pipelines each leaves the others their share.
CLAIM = """
    SELECT lane FROM (
        SELECT lane, (SELECT id FROM collect_inboxrow r WHERE r.lane = l.lane ORDER BY id LIMIT 1) AS oldest
        FROM generate_series(0, %s) AS l(lane) ORDER BY oldest OFFSET 0
    ) waiting
    WHERE oldest IS NOT NULL AND pg_try_advisory_xact_lock(%s, lane)
    LIMIT (SELECT ceil(%s::numeric / greatest(count(*) * %s, 1)) FROM pg_stat_activity
           WHERE application_name = %s AND datname = current_database())
"""
CHOOSE = """
    SELECT r.id, r.events FROM unnest(%s::int[]) AS l(lane), LATERAL (
        SELECT id, events FROM collect_inboxrow WHERE lane = l.lane ORDER BY id LIMIT %s
    ) r ORDER BY r.id
"""
TAKE_OUT = """
    DELETE FROM collect_inboxrow WHERE id = ANY(%s)
    RETURNING id, lane, source_id, received_at, skew_us, historical, import_id, body
"""


@dataclass(frozen=True)
class SetAside:
    """An event that was not taken, and why."""

    sent: Sent
    field: str
    reason: str


class _Pace(threading.local):
    """When this thread's next transaction may begin, by time.monotonic()."""

    next = 0.0


_pace = _Pace()


def step() -> float:
    """Works on one micro-batch, when it is time for it. Returns how many seconds the loop may sleep."""
    stopping.wait(max(0.0, _pace.next - time.monotonic()))
    begun = time.monotonic()
    taken = drain()
    _pace.next = begun + BEAT * min(1.0, taken / MANY) if taken < TAKE * 0.8 else begun
    return 0 if taken else (BUSY if _is_anything_waiting() else IDLE)


def drain_all() -> int:
    """Works on everything that waits in the inbox, now, in this process. Returns how many events it took out."""
    total = 0
    while taken := drain():
        total += taken
    return total


def drain() -> int:
    """One transaction. Returns how many events left the inbox: none when it is empty or other workers own its lanes.

    Where two met in a deadlock, or over one new row, one of them begins again. What still fails then is no meeting but
    an event's fault, and is narrowed down like any other: one event must not hold up all the others for ever.
    """
    for _ in range(MEETINGS):
        try:
            return _drain_once(gives_way=True)
        except (psycopg.OperationalError, OperationalError) as error:
            if not isinstance(error.__cause__ or error, GIVES_WAY):
                raise
    return _drain_once(gives_way=False)


def _drain_once(*, gives_way: bool) -> int:
    with transaction.atomic():
        cursor = _cursor()
        waiting = _take(cursor)
        if waiting:
            _set_aside(_work_on(waiting, cursor, _stages(), gives_way=gives_way))
    _note_sources(waiting)
    return len(waiting)


_noted: dict[int, float] = {}


def _note_sources(taken: list[Sent]) -> None:
    """Says when each source was last heard from; seldom, and in its own transaction: all workers share the rows."""
    last = {sent.row.source_id: sent.row.received_at for sent in taken}
    for source_id, received_at in sorted(last.items()):
        if time.monotonic() - _noted.get(source_id, 0) > NOTE_EVERY:
            _noted[source_id] = time.monotonic()
            heard_before = Q(last_event_at=None) | Q(last_event_at__lt=received_at)
            Source.objects.filter(heard_before, pk=source_id).update(last_event_at=received_at)


def _cursor() -> psycopg.Cursor[tuple[object, ...]]:
    """Arrays go to the server in binary form: quoting their texts would take a tenth of the pipeline's time.

    Statements are the same for each batch, so the server keeps their plans: making forty anew took 4 ms of each. A plan
    made while a table was young goes when the table is first counted.
    """
    connection.ensure_connection()
    connection.connection.prepare_threshold, connection.connection.prepared_max = 3, 300
    return with_bulk_arrays(psycopg.Cursor(connection.connection))


def _stages() -> list[Stage]:
    """The setting names the list; tests may put a list of their own there."""
    named = settings.KARIBU_PIPELINE
    return list(import_string(named) if isinstance(named, str) else named)


def _is_anything_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM collect_inboxrow)")
        return bool(cursor.fetchone()[0])


def _take(cursor: psycopg.Cursor[tuple[object, ...]]) -> list[Sent]:
    cursor.execute(CLAIM, [LANES - 1, LOCK, LANES, PIPELINES, WORKER])
    lanes = [lane for (lane,) in cursor.fetchall()]
    if not lanes:
        return []
    cursor.execute(CHOOSE, [lanes, TAKE // len(lanes) + 1])
    cursor.execute(TAKE_OUT, [_within(TAKE, cursor.fetchall())], binary=True)
    return [sent for row, body in sorted(map(_row, cursor), key=lambda r: r[0].id) for sent in sent_in(row, body)]


def _within(limit: int, rows: Sequence[tuple[object, ...]]) -> list[int]:
    """The ids of the first rows that hold about `limit` events together, one at least."""
    ids: list[int] = []
    events = 0
    for id_, count in rows:
        if ids and events + int(str(count)) > limit:
            break
        ids.append(int(str(id_)))
        events += int(str(count))
    return ids


def _row(found: tuple[object, ...]) -> tuple[Row, bytes | memoryview]:
    id_, lane, source_id, received_at, skew_us, historical, import_id, body = found
    skew = timedelta(microseconds=skew_us)  # type: ignore[arg-type]
    row = Row(id_, lane, source_id, received_at.astimezone(UTC), skew, historical, import_id)  # type: ignore
    return row, body  # type: ignore[return-value]


def _work_on(
    waiting: list[Sent],
    cursor: psycopg.Cursor[tuple[object, ...]],
    stages: list[Stage],
    bad_ones: int = 0,
    *,
    gives_way: bool,
) -> list[SetAside]:
    """Runs the stages over `waiting`, without the events that turn out bad; returns those."""
    taken, events, aside = _decode(waiting)
    try:
        if taken:
            _run(events, taken[0].row.lane, cursor, stages)
        return aside
    except BadEvent as bad:
        place = next((n for n, event in enumerate(events) if event is bad.event), None)
        if place is not None and bad_ones < BAD_ONES:
            aside.append(SetAside(taken.pop(place), "", bad.reason))
            return aside + _work_on(taken, cursor, stages, bad_ones + 1, gives_way=gives_way)
        failure: Exception = bad
    except Exception as error:
        if _is_the_databases(error, gives_way):
            raise  # all of it is tried again
        failure = error
    if len(taken) == 1:
        return [*aside, SetAside(taken[0], "", _say(failure))]
    middle = len(taken) // 2
    halves = (_work_on(half, cursor, stages, gives_way=gives_way) for half in (taken[:middle], taken[middle:]))
    return sum(halves, aside)


def _is_the_databases(error: Exception, gives_way: bool) -> bool:
    """Whether `error` is trouble of the database and no event's fault (a limit that a value exceeds is one: 54...)."""
    cause = error.__cause__ or error  # Django wraps what comes through its own cursors
    if isinstance(cause, GIVES_WAY):
        return gives_way
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return isinstance(error, InterfaceError)
    return not (cause.sqlstate or "").startswith("54")


def _decode(waiting: list[Sent]) -> tuple[list[Sent], list[Event], list[SetAside]]:
    taken, events, aside = [], [], []
    for sent in waiting:
        try:
            events.append(event_of(sent))
            taken.append(sent)
        except Refused as refused:
            aside.append(SetAside(sent, refused.field, refused.reason))
    return taken, events, aside


def _run(events: list[Event], lane: int, cursor: psycopg.Cursor[tuple[object, ...]], stages: list[Stage]) -> None:
    with transaction.atomic():
        batch = Batch(events=list(events), now=timezone.now(), cursor=cursor, lane=lane)
        for stage in stages:
            stage(batch)


def _say(error: Exception) -> str:
    """The reason for the colleague who looks at the event. The log gets the kind alone: messages may quote people."""
    if isinstance(error, BadEvent):
        return error.reason
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_globals.get('__name__')}:{frame.tb_lineno}" if frame else "?"
    log.error("an event was set aside: %s in %s", type(error).__name__, where)
    said = (isinstance(error, psycopg.Error) and error.diag.message_primary) or str(error)
    return f"{type(error).__name__}: {said or ''}"[:500]


def _set_aside(found: list[SetAside]) -> None:
    RejectedEvent.objects.bulk_create(
        RejectedEvent(
            source_id=one.sent.row.source_id,
            received_at=one.sent.row.received_at,
            field=one.field,
            reason=one.reason,
            body=bytes(one.sent.raw).decode("utf-8", "replace").replace("\x00", "\ufffd"),
            skew_us=one.sent.row.skew // MICROSECOND,
            historical=one.sent.row.historical,
            import_id=one.sent.row.import_id,
        )
        for one in barrier.passing(found, lambda one: bytes(one.sent.raw).decode("utf-8", "replace"))
    )
