"""The worker's loop "segments": members of segments that are new, were defined anew, or ask for a day that has come."""

import logging
import time
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from karibu.segments import expiry, membership, run
from karibu.segments.membership import Change
from karibu.segments.models import Segment
from karibu.segments.watched import Watched, watched

log = logging.getLogger("karibu.segments")
IDLE = 5.0  # seconds between looks without having been woken: a day begins at any time
TROUBLE = "The members could not be found; the log of the worker says why. It is tried again."
LONGEST = 300.0  # seconds between two tries of one that fails each time: twice as long after each, but for the first
_failures: dict[int, tuple[str, int, float]] = {}  # of which stamp, how often, and when it is tried again


def step() -> float:
    """Finds the members of every segment that waits for it. Returns the seconds until the next look."""
    now = timezone.now()
    segments = watched(now)
    for segment in segments:
        if not segment.is_built and _is_due(segment):
            _try(segment)
    # Hundreds take seconds: the first turn of the live segments in this process shall not wait for them.
    run.understand([segment.definition for segment in segments if segment.definition], now)
    return IDLE


def rebuild(segment_id: int, now: datetime | None = None) -> Change | None:
    """Finds all members anew and writes them down. None where somebody else is at it, or it cannot be judged.

    Changes that are committed from now on are left to the live loop, which waits with them while we hold the lock.
    """
    with transaction.atomic():
        if not membership.lock([segment_id], wait=False):
            return None
        now = now or timezone.now()
        segment = next((one for one in watched(now) if one.id == segment_id), None)
        if segment is None:
            return None
        change = _found(segment, now) if segment.definition else None
        trouble = segment.fault or "; ".join(segment.definition.unknown if segment.definition else [])
        Segment.objects.filter(pk=segment_id).update(built_at=now, built_digest=segment.stamp, trouble=trouble)
    return change


def _found(segment: Watched, now: datetime) -> Change:
    assert segment.definition
    members = run.members(segment.definition, now=now)["id"].combine_chunks()
    change = membership.rebuild(segment.id, members, now)
    # Further than the horizon can be moved before this transaction ends and the next look ahead sees the segment.
    expiry.note_all([segment.definition], now, now + expiry.REACH + expiry.EVERY)
    return change


def _is_due(segment: Watched) -> bool:
    """Not while one rests that has failed again and again, and asks for the same: it may take a minute to fail."""
    stamp, _times, at = _failures.get(segment.id, ("", 0, 0.0))
    return stamp != segment.stamp or time.monotonic() >= at


def _try(segment: Watched) -> None:
    """One that fails does not hold up the others."""
    try:
        rebuild(segment.id)
        _failures.pop(segment.id, None)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("the members of segment %s could not be found", segment.id)
        Segment.objects.filter(pk=segment.id).update(trouble=TROUBLE)
        _note_failure(segment)


def _note_failure(segment: Watched) -> None:
    stamp, times, _at = _failures.get(segment.id, ("", 0, 0.0))
    times = times + 1 if stamp == segment.stamp else 1
    rest = min(IDLE * 2.0 ** min(times, 20), LONGEST) if times > 1 else 0.0
    _failures[segment.id] = (segment.stamp, times, time.monotonic() + rest)
