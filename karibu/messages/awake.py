"""A restored backup sends nothing until told.

Each look of a loop that sends (config/worker.py says which) leaves its time in the database and in a file beside it
(`$KARIBU_HOME/sending.beat`). When the file remembers a later look than the database does, the database is an older
state than this installation has been in: a backup was put back, and what it takes for due may have left already. So
is a file that came to its place long after the moment it holds: the whole folder was put back. Where there is no file
(a container without a disk of its own), a database that is not the one of the last look tells it: another cluster,
another line of its history, another database in it. A system that was merely off goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from karibu.events.wake import wake
from karibu.messages.models import Heartbeat
from karibu.web.actions import record

EVERY = timedelta(seconds=20)
SLACK = timedelta(minutes=5)  # between the file and the database, and between the clocks of several machines
LOOK_AGAIN = 20.0  # seconds; whoever lets it go on wakes the loops


def only_awake(step: Callable[[], float]) -> Callable[[], float]:
    """The step of a loop that sends, or leads to it: while the installation stands still it does nothing."""

    def asked() -> float:
        return step() if keep_awake(timezone.now()) else LOOK_AGAIN

    return asked


def keep_awake(now: datetime) -> bool:
    """Leaves the mark of this look. False: an older database was found, and a colleague has not said what to do.

    The file is read before the database and written after it: so another loop that leaves its mark at this moment
    never makes the file look later than the database.
    """
    mark = _mark()
    last = Heartbeat.objects.filter(pk=1).first()
    if last is None:
        Heartbeat.objects.get_or_create(pk=1, defaults={"at": now, "place": _place()})
        _remember(now)
        return True
    if last.stopped_at:
        return False
    if _is_restored(last, mark, now):
        Heartbeat.objects.filter(pk=1, stopped_at=None).update(stopped_at=now)
        return False
    if abs(now - last.at) >= EVERY:
        Heartbeat.objects.filter(pk=1, stopped_at=None).update(at=now)
        _remember(now)
    return True


def go_on(now: datetime, *, by: str) -> None:
    """A colleague has looked at what is due: everything that sends starts again."""
    with transaction.atomic():
        Heartbeat.objects.filter(pk=1).update(at=now, stopped_at=None, place=_place())
        record(by, "let sending go on", "messages")
        wake("")
    _remember(now)


def stopped_since() -> datetime | None:
    return Heartbeat.objects.filter(pk=1).values_list("stopped_at", flat=True).first()


MOST_COUNTED = 10_000


def due(now: datetime) -> int:
    """How many messages would leave at once, MOST_COUNTED at most."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM messages_message WHERE status IN ('intended', 'held')"
            " AND due_at <= %s LIMIT %s) AS waiting",
            [now, MOST_COUNTED],
        )
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class Mark:
    """What the file says, and since when it has been lying there."""

    at: datetime
    lies_since: datetime


def _is_restored(last: Heartbeat, mark: Mark | None, now: datetime) -> bool:
    if mark is None:
        return now - last.at > SLACK and last.place != _place()
    return mark.at - last.at > SLACK or mark.lies_since - mark.at > SLACK


def _mark() -> Mark | None:
    """Whatever puts a file back may set when it was written, but not when it came to its place (ctime)."""
    try:
        at = datetime.fromisoformat(_file().read_text(encoding="ascii").strip())
        return Mark(at, datetime.fromtimestamp(_file().stat().st_ctime, UTC))
    except (OSError, ValueError):
        return None


_PLACE = """
    SELECT s.system_identifier || '/' || c.timeline_id || '/' || d.oid
    FROM pg_control_system() AS s, pg_control_checkpoint() AS c, pg_database AS d
    WHERE d.datname = current_database()"""


def _place() -> str:
    """Which database this is; "" where it does not say."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_PLACE)
            return str(cursor.fetchone()[0])
    except ProgrammingError:  # it may be kept from us
        return ""


def _remember(now: datetime) -> None:
    """A file that cannot be written is as one that is not there; the disk's trouble is told elsewhere."""
    file = _file()
    try:
        fresh = file.with_suffix(".new")
        fresh.write_text(now.isoformat(), encoding="ascii")
        fresh.replace(file)
    except OSError:
        return


def _file() -> Path:
    return Path(settings.KARIBU_HOME) / "sending.beat"
