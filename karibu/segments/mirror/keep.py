"""Keeping the mirror: the worker's loop, which writes what changed, and everything anew where there is need to.

Who changed is read from PostgreSQL by whoever asks (state.py) as long as they are few; then they become a layer. Many
layers become one, and when it is large, it is worked into the base. Each time the new files are on the disk before one
transaction names them and takes out the rows of Stale that they answer: whoever dies in between has changed nothing.
"""

import logging
import time
from collections.abc import Collection
from typing import NamedTuple

import msgspec
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from karibu.events import lake
from karibu.segments import columns as named
from karibu.segments.mirror import build, compact, files, layers
from karibu.segments.mirror.files import Files
from karibu.segments.models import Mirror, Stale

log = logging.getLogger("karibu.segments")

LOOK = 1.0  # seconds between two looks
FOLD = 3_000  # customers who have changed before they become a layer: a layer of many costs little more than one of few
AGE = 2.0  # seconds after which fewer do, too; a trait that nobody had before is known then
LAYERS = 8  # more become one
LEAST, SHARE = 50_000, 0.1  # rows in layers, and as a share of the base, before they are worked into it
TROUBLED = 10.0  # seconds until another try where the files cannot be written
TIDY = 60.0  # seconds between two looks at what lies about or is missing
READ = 86_400.0  # seconds between two readings of every file; a worker that starts begins with one

_WAITING = """
    SELECT coalesce((SELECT shape FROM segments_mirror WHERE id = 1), ''),
           (SELECT coalesce(sum(cardinality(customers)), 0) FROM segments_stale)"""


class _Done(NamedTuple):
    """When this process last did what, by time.monotonic()."""

    folded: float = -READ
    tidied: float = -READ
    read: float = -READ


_done = _Done()


def step() -> float:
    """One piece of work, where something is due and nobody else is at it. Returns the seconds until the next look."""
    try:
        return _step()
    except lake.TROUBLES as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        log.warning("The mirror of the customers' columns cannot be written: %s. Segments read the database.", reason)
        return TROUBLED


def _step() -> float:
    global _done
    now = time.monotonic()
    if not _is_due(now) and now - _done.tidied < TIDY:
        return LOOK
    with lake.lock(files.LOCK, wait=False) as held:
        if not held:
            return LOOK
        if now - _done.tidied >= TIDY:
            is_daily = now - _done.read >= READ
            _tidy_up(read=is_daily)
            _done = _done._replace(tidied=now, read=now if is_daily else _done.read)
        more = _is_due(now) and _follow()
        _done = _done._replace(folded=now)
    return 0 if more else LOOK


def rebuild() -> None:
    """Writes everything anew, in memory that does not grow with the number of customers. Waits for who is writing."""
    with lake.lock(files.LOCK):
        _rebuild()


def catch_up() -> None:
    """Returns when the files hold whatever was committed before; layers may be many then. Waits for who is writing."""
    with lake.lock(files.LOCK):
        if not _is_ours():
            _rebuild()
        last = Stale.objects.aggregate(last=Max("id"))["last"] or 0
        while Stale.objects.filter(id__lte=last).exists():
            _fold()


def mend() -> bool:
    """Looks whether every file is there and whole, and writes them anew if not; returns whether it had to."""
    with lake.lock(files.LOCK):
        if all(map(files.is_whole, sorted(known().paths))):
            return False
        _repair()
    return True


def known() -> Files:
    """The files that count now."""
    row = Mirror.objects.filter(id=1).values_list("files", flat=True).first()
    return msgspec.convert(row or {}, Files)


def name(new: Files, stale: Collection[int] = (), **said: str) -> None:
    """From now on these files count, and what these rows of Stale announced is in them."""
    with transaction.atomic():
        row = {"files": msgspec.to_builtins(new), "written_at": timezone.now(), **said}
        Mirror.objects.update_or_create(id=1, defaults=row)
        Stale.objects.filter(id__in=list(stale)).delete()


def forget() -> None:
    """No file counts any more: all are written anew when somebody asks, or by the next step."""
    name(Files(), shape="")


def _is_due(now: float) -> bool:
    """Whether so many have changed, or so long ago, or under other columns, that there is something to write."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        shape, changed = cursor.fetchone()
    return shape != named.shape() or changed >= FOLD or (changed > 0 and now - _done.folded > AGE)


def _is_ours() -> bool:
    """Whether there is a mirror, with the columns that this program knows."""
    return Mirror.objects.filter(id=1, shape=named.shape()).exists()


def _rebuild() -> None:
    # Who has changed up to now will be read as changed; who changes while we read leaves a new row there.
    before = list(Stale.objects.values_list("id", flat=True))
    shape = named.shape()
    name(Files(base=tuple(build.base())), before, shape=shape)


def _follow() -> bool:
    """Everything, or some thousands of those who changed, into files; False when there was nothing to do."""
    if not _is_ours():
        _rebuild()
        return True
    if not _fold():
        return False
    _arrange()
    return True


def _fold() -> bool:
    """Some thousands of those who changed become a layer; False when nobody has. LOCK must be held."""
    stale, ids = _taken()
    if stale:
        name(known().with_layer(files.layer(layers.rows_of(ids))), stale)
    return bool(stale)


def _taken() -> tuple[list[int], list[int]]:
    """The oldest rows of Stale, and the customers in them: not many more than one row group holds."""
    taken: list[int] = []
    ids: set[int] = set()
    for row, customers in Stale.objects.order_by("id").values_list("id", "customers").iterator(100):
        if taken and len(ids) + len(customers) > build.group_rows():
            break
        taken.append(row)
        ids.update(customers)
    return taken, sorted(ids)


def _arrange() -> None:
    """The same with fewer layers, if they are many. LOCK must be held."""
    old = known()
    if old.changed_rows > max(LEAST, SHARE * old.rows):
        name(compact.worked_in(old))
    elif len(old.layers) > LAYERS:
        name(Files(old.base, (layers.together(old.layers),)))


def _tidy_up(*, read: bool = False) -> None:
    """Deletes what nobody names any more, and mends what is missing, or, if it is to be read, not what was written.

    A question that found very many changed has left many layers (catch_up): they become few. LOCK must be held.
    """
    kept = known().paths
    if not kept <= set(files.present()) or (read and not all(map(files.is_whole, sorted(kept)))):
        _repair()
    if _is_ours():
        _arrange()
    files.sweep(known().paths, files.GRACE)


def _repair() -> None:
    log.warning("The mirror of the customers' columns was damaged or is missing: it is written anew.")
    _rebuild()
    log.warning("The mirror of the customers' columns is whole again.")
