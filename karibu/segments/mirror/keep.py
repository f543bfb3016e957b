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
from django.utils import timezone

from karibu.events import lake
from karibu.segments import columns as named
from karibu.segments.mirror import build, compact, files, layers
from karibu.segments.mirror.files import Files
from karibu.segments.models import Mirror, Stale

log = logging.getLogger("karibu.segments")

LOOK = 1.0  # seconds between two looks
FOLD = 1_000  # customers who have changed before they become a layer
AGE = 2.0  # seconds after which fewer do, too; a trait that nobody had before is known then
LAYERS = 8  # more become one
LEAST, SHARE = 50_000, 0.1  # rows in layers, and as a share of the base, before they are worked into it
TIDY = 60.0  # seconds between two looks at what lies about or is missing

_WAITING = """
    SELECT coalesce((SELECT shape FROM segments_mirror WHERE id = 1), ''),
           (SELECT coalesce(sum(cardinality(customers)), 0) FROM segments_stale)"""


class _Done(NamedTuple):
    """When this process last did what, by time.monotonic()."""

    folded: float = 0.0
    tidied: float = 0.0


_done = _Done()


def step() -> float:
    """One piece of work, where something is due and nobody else is at it. Returns the seconds until the next look."""
    global _done
    shape, changed = _waiting()
    now = time.monotonic()
    fold_is_due = shape != named.shape() or changed >= FOLD or (changed and now - _done.folded > AGE)
    if not fold_is_due and now - _done.tidied < TIDY:
        return LOOK
    with lake.lock(files.LOCK, wait=False) as held:
        if not held:
            return LOOK
        if now - _done.tidied >= TIDY:
            _tidy_up()
            _done = _done._replace(tidied=now)
        more = fold_is_due and _fold()
        if more:
            _arrange()
        _done = _done._replace(folded=now)
    return 0 if more else LOOK


def rebuild() -> None:
    """Writes everything anew, in memory that does not grow with the number of customers. Waits for who is writing."""
    with lake.lock(files.LOCK):
        _rebuild()


def catch_up() -> None:
    """Returns when the files hold whatever was committed before; layers may be many then. Waits for who is writing."""
    with lake.lock(files.LOCK):
        while _fold():
            pass


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


def _waiting() -> tuple[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        shape, changed = cursor.fetchone()
        return shape, int(changed)


def _rebuild() -> None:
    # Who has changed up to now will be read as changed; who changes while we read leaves a new row there.
    before = list(Stale.objects.values_list("id", flat=True))
    shape = named.shape()
    name(Files(base=tuple(build.base())), before, shape=shape)


def _fold() -> bool:
    """Some thousands of those who changed become a layer; False when nobody has. LOCK must be held."""
    if _waiting()[0] != named.shape():
        _rebuild()
        return True
    stale, ids = _taken()
    if not stale:
        return False
    name(known().with_layer(files.layer(layers.rows_of(ids))), stale)
    return True


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


def _tidy_up() -> None:
    """Deletes what nobody names any more, and mends what somebody deleted. LOCK must be held."""
    kept, there = known().paths, set(files.present())
    if not kept <= there:
        _repair()
        kept = known().paths
    files.sweep(kept, files.GRACE)


def _repair() -> None:
    log.warning("The mirror of the customers' columns was damaged or is missing: it is written anew.")
    _rebuild()
    log.warning("The mirror of the customers' columns is whole again.")
