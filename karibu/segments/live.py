"""The worker's loop "live segments": whoever did something, changed, or is due, enters and leaves within seconds.

One turn is one transaction. It takes what was noted (Touched, Due), reads these customers and what they ever did once,
asks each live segment's SQL about them, and settles the memberships. So what is live and what a rebuild finds are the
same by construction.

A segment that is being rebuilt meanwhile is left out, and these customers are looked at again afterwards: the rebuild
may have read the log before what they did.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from karibu.segments import expiry, membership, mirror, run, together
from karibu.segments.compile import Compiled
from karibu.segments.engines import Session
from karibu.segments.models import Segment
from karibu.segments.watched import Watched, watched

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("karibu.segments")
POLL = 1.0  # seconds between looks where nobody is due
MOST = 20_000  # customers in one turn
NOTED = 100_000  # and how often they may stand in its notes: in a busy moment each stands in five
REST = 5.0  # seconds between turns for each second that one took, which spares most of what many turns would cost,
LATEST = 2.5  # unless whoever is touched just after one began would wait longer than this for the end of the next
LEAST = 0.2  # seconds between turns at any rate
TIMELY = 4.0  # and between turns for those alone whom nothing but time touches: there are some every second in a large
# shop, and a turn for eight people takes as long as one for three hundred
AGAIN = timedelta(seconds=1)  # until customers are looked at again who could not be judged for every segment
LOCK = 0x6B73  # the namespace of our advisory lock: one turn at a time

_ended = -TIMELY  # when this process' last turn did, by time.monotonic()

_WANTED = """
    SELECT EXISTS (SELECT FROM segments_touched),
        (SELECT least(h.at - make_interval(secs => %s), (SELECT min(at) FROM segments_due)) FROM segments_horizon h)"""
_NOTES = """
    WITH waiting AS (
        SELECT id, sum(cardinality(customers)) OVER (ORDER BY id) - cardinality(customers) AS before
        FROM (SELECT id, customers FROM segments_touched ORDER BY id LIMIT 5000) first
    )
    SELECT id, event, rows_changed, customers FROM segments_touched
    WHERE id = ANY(ARRAY(SELECT id FROM waiting WHERE before < %s)) ORDER BY id"""


@dataclass
class Touches:
    """Who did what since the last turn, and to whom anything else may have happened."""

    did: dict[str, set[int]] = field(default_factory=dict)
    anything: set[int] = field(default_factory=set)

    def concern(self, segment: Watched) -> bool:
        """Whether one of them may enter or leave."""
        assert segment.definition
        events = segment.definition.needs.events
        return bool(self.anything) or events is None or not events.isdisjoint(self.did)

    def customers(self, segments: Sequence[Watched]) -> set[int]:
        """All who may enter or leave one of these."""
        found = set(self.anything)
        for segment in segments:
            assert segment.definition
            events = segment.definition.needs.events
            for name in self.did.keys() if events is None else events & self.did.keys():
                found |= self.did[name]
        return found


def step() -> float:
    """One turn, if there is reason. Returns the seconds until the next look: under load, as long as it may wait."""
    global _ended
    pause = _until_wanted(timezone.now())
    if pause > 0:
        return pause
    begun = time.monotonic()
    looked = turn()
    _ended = time.monotonic()
    return _rest(_ended - begun) if looked else POLL


def _rest(took: float) -> float:
    return max(LEAST, min(REST * took, LATEST - 2 * took))


def _until_wanted(now: datetime) -> float:
    """Seconds until somebody is due, or the next look; 0 where there is something to do. One statement: at rest it is
    all that this loop asks."""
    with connection.cursor() as cursor:
        cursor.execute(_WANTED, [expiry.EVERY.total_seconds()])
        is_touched, at = cursor.fetchone()
    if is_touched or at is None:
        return 0
    due: float = (at - now).total_seconds()
    return min(POLL, max(0, due, _ended + TIMELY - time.monotonic()))


def turn(now: datetime | None = None) -> int:
    """Returns how many customers were looked at. `now` is for tests that have a clock of their own."""
    with transaction.atomic():
        if not _alone():
            return 0
        segments = watched(now or timezone.now())
        definitions = [segment.definition for segment in segments if segment.definition]
        expiry.look_ahead(definitions, now or timezone.now())
        touches = _take(now or timezone.now())
        now = now or timezone.now()  # what was taken has happened by now
        if not touches.did and not touches.anything:
            return 0
        return _settle(segments, touches, now)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, 1)", [LOCK])
        return bool(cursor.fetchone()[0])


def _take(now: datetime) -> Touches:
    touches, seen, taken = Touches(anything=expiry.take_due(now, MOST)), set[int](), list[int]()
    with connection.cursor() as cursor:
        cursor.execute(_NOTES, [NOTED])
        for number, event, rows_changed, customers in cursor.fetchall():
            if len(seen) >= MOST:
                break
            taken.append(number)
            seen.update(customers)
            if rows_changed or not event:
                touches.anything.update(customers)
            else:
                touches.did.setdefault(event, set()).update(customers)
        cursor.execute("DELETE FROM segments_touched WHERE id = ANY(%s)", [taken])
    return touches


def _settle(known: Sequence[Watched], touches: Touches, now: datetime) -> int:
    held = set(membership.lock([segment.id for segment in known], wait=False))
    # What a segment asks, and whether it was found by that, is only sure under its lock: it may have been rebuilt,
    # defined anew or archived since this turn began.
    judged = [segment for segment in watched(now) if segment.definition]
    if elsewhere := [segment for segment in judged if segment.id not in held]:
        expiry.look_again(touches.customers(elsewhere), now + AGAIN)
    # One that waits to be rebuilt, and whose lock we hold, will be rebuilt from what we see, and more.
    concerned = [s for s in judged if s.id in held and s.is_built and touches.concern(s)]
    customers = touches.customers(concerned) if concerned else set()
    if customers:
        expiry.note_ahead(customers, now)
        people = mirror.roots(customers)
        found, failed = _members(concerned, people, now)
        judged_ids = [segment.id for segment in concerned if segment.id not in failed]
        membership.settle(found, judged_ids, {*customers, *people}, now)
        Segment.objects.filter(pk__in=failed).update(built_digest="")  # its rebuild says what is wrong, or mends it
    return len(customers)


def _members(segments: Sequence[Watched], people: Sequence[int], now: datetime) -> tuple[pa.Table, set[int]]:
    """Who of these people are in which segment: membership.PAIRS; and the segments that the engine could not judge.

    Notes when something of theirs leaves a window.
    """
    definitions = [segment.definition for segment in segments if segment.definition]
    windows, until = expiry.windows(definitions), expiry.horizon() or now

    def look(session: Session, found: Sequence[Compiled]) -> tuple[pa.Table, set[int], pa.Table | None]:
        questions = {segment.id: each for segment, each in zip(segments, found, strict=True)}
        leaving = session.table(expiry.leaving(windows, until)) if windows else None
        return *_answers(session, questions), leaving

    columns = expiry.COLUMNS if windows else frozenset()
    members, failed, leaving = run.ask(definitions, now, people, look, columns)
    if leaving is not None:
        expiry.note(leaving)
    return members, failed


def _answers(session: Session, questions: Mapping[int, Compiled]) -> tuple[pa.Table, set[int]]:
    """Asked together, questions take the engine a fraction of the time; where one fails, each is asked alone."""
    import duckdb
    import pyarrow as pa

    try:
        return together.members(session, questions), set()
    except duckdb.Error:
        answers, failed = [membership.PAIRS.empty_table()], set[int]()
    for number, question in questions.items():
        try:
            answers.append(_answer(session, number, question))
        except duckdb.Error as error:
            log.error("segment %s could not be judged: %s", number, type(error).__name__)
            failed.add(number)
    return pa.concat_tables(answers), failed


def _answer(session: Session, number: int, question: Compiled) -> pa.Table:
    """By the whole question, where there is one."""
    if not question.sql:
        return together.members(session, {number: question})
    return together.united(session, {number: question.sql})
