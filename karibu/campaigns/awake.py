"""A restored backup sends nothing until told.

Each look at the campaigns leaves its time in the database and in a file beside it (`$KARIBU_HOME/campaigns.beat`).
When the file remembers a later look than the database does, the database is an older state than this installation has
been in: a backup was put back, and what it takes for due may have left already. The same holds where there is no file
and the database's last look is long ago: it was brought to another place. A system that was merely off finds the two
alike and goes on.
"""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from karibu.campaigns.models import Heartbeat
from karibu.events.wake import wake
from karibu.web.actions import record

EVERY = timedelta(seconds=20)
SLACK = timedelta(minutes=5)  # between the file and the database, and between the clocks of several machines


def keep_awake(now: datetime) -> bool:
    """Leaves the mark of this look. False: an older database was found, and a colleague has not said what to do."""
    last = Heartbeat.objects.filter(pk=1).first()
    if last is None:
        Heartbeat.objects.get_or_create(pk=1, defaults={"at": now})
        _remember(now)
        return True
    if last.stopped_at:
        return False
    if _is_restored(last.at, now):
        Heartbeat.objects.filter(pk=1, stopped_at=None).update(stopped_at=now)
        return False
    if abs(now - last.at) >= EVERY:
        Heartbeat.objects.filter(pk=1).update(at=now)
        _remember(now)
    return True


def go_on(now: datetime, *, by: str) -> None:
    """A colleague has looked at what is scheduled: campaigns start again."""
    with transaction.atomic():
        Heartbeat.objects.filter(pk=1).update(at=now, stopped_at=None)
        record(by, "let campaigns go on", "campaigns")
        wake("campaigns")
    _remember(now)


def stopped_since() -> datetime | None:
    return Heartbeat.objects.filter(pk=1).values_list("stopped_at", flat=True).first()


def _is_restored(last: datetime, now: datetime) -> bool:
    remembered = _remembered()
    if remembered is None:
        return now - last > SLACK
    return remembered - last > SLACK


def _remembered() -> datetime | None:
    try:
        return datetime.fromisoformat(_file().read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None


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
    return Path(settings.KARIBU_HOME) / "campaigns.beat"
