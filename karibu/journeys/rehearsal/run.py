"""One rehearsal from its row to its result. It can be stopped between two chunks; what it had come to then is kept."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import RLock
from typing import Any

from django.db import connection
from django.utils import timezone

from karibu.journeys.definition import Definition, parse
from karibu.journeys.models import Enrollment, Passage, Rehearsal, Rehearsed
from karibu.journeys.rehearsal import past as past_
from karibu.journeys.rehearsal.apart import apart, empty, unwritable
from karibu.journeys.rehearsal.asked import Asked
from karibu.journeys.rehearsal.blind import blind
from karibu.journeys.rehearsal.past import Past
from karibu.journeys.rehearsal.rounds import Rounds
from karibu.journeys.rehearsal.tally import Tally
from karibu.journeys.rehearsal.turns import TIMES, Turns
from karibu.journeys.steps.branch import Branch
from karibu.journeys.steps.rate import Rate
from karibu.messages.zones import zone_of
from karibu.segments import mirror
from karibu.web.queries import shop

log = logging.getLogger("karibu.journeys")
Status = Rehearsal.Status
EXAMPLES = 200  # people kept with their ways
BEAT = timedelta(seconds=1)
AT_ONCE = 2  # chunks told side by side
SILENT = timedelta(minutes=2)  # without a heartbeat whoever ran it is gone
Progress = Callable[[Rehearsal], None]


class Stopped(Exception):
    """Somebody asked it to stop."""


def run(
    rehearsal: Rehearsal,
    progress: Progress = lambda _rehearsal: None,
    *,
    most: int = past_.TOLD,
    at_once: int = 1,
) -> Rehearsal:
    """Runs a queued rehearsal to its end; whatever comes stands in the row. Not in a transaction, on a connection that
    nobody else uses meanwhile. Where there are more than `most` events, it tells of some people only (past.py), unless
    `everybody` is asked for; `at_once` chunks of them side by side, each on a connection of its own."""
    if not _mine(rehearsal, Status.QUEUED).update(status=Status.RUNNING, heartbeat_at=timezone.now()):
        rehearsal.refresh_from_db()
        return rehearsal
    told = _Telling(rehearsal, progress, None if rehearsal.everybody else most, at_once)
    try:
        told.tell()
        told.end(Status.DONE)
    except Stopped:
        told.end(Status.STOPPED)
    except Exception as error:
        log.exception("rehearsal %s failed", rehearsal.pk)
        told.end(Status.FAILED, f"{type(error).__name__}: {error}".replace("\n", " "))
    rehearsal.refresh_from_db()
    return rehearsal


class _Telling:
    """What is counted is shared by those who tell side by side, under `lock`."""

    def __init__(self, rehearsal: Rehearsal, progress: Progress, most: int | None, at_once: int) -> None:
        self.rehearsal, self.progress, self.most, self.at_once = rehearsal, progress, most, at_once
        self.definition: Definition = parse(rehearsal.definition)
        self.fresh = partial(
            Tally,
            rehearsal.journey_id,
            self.definition,
            rehearsal.since,
            rehearsal.until,
            zone_of(shop().timezone, "UTC"),
        )
        self.tally = self.fresh()
        self.asked = Asked(rehearsal.until)
        self.done = 0  # events told
        self.counted = 0  # of them in chunks that were told to the end
        self.beaten = timezone.now()
        self.past: Past | None = None
        self.lock = RLock()
        self.is_over = False  # one of those who tell cannot go on

    def tell(self) -> None:
        row = self.rehearsal
        self.past = past_.read(self.definition, row.since, row.until, self.most, row.stand_in)
        self.asked.queue = Turns(self.past.one_in)
        rates = sum(isinstance(step, Rate) for step in self.definition.steps)
        self._write(total=len(self.past.rows) * (1 + rates))
        if self.definition.filter is not None or any(isinstance(step, Branch) for step in self.definition.steps):
            mirror.current()  # what conditions are asked of is written now: later nothing can be
        self._through(list(self.past.chunks()))
        for _ in range(TIMES - 1):
            if self.asked.queue.are_known():
                break
            self._forget()
            self._through(list(self.past.chunks()))

    def _forget(self) -> None:
        """It is told anew, now that it is known who comes when (turns.py)."""
        self.asked.queue = self.asked.queue.anew()
        self.tally, self.counted = self.fresh(), 0
        self.rehearsal.people.all().delete()

    def _through(self, chunks: list[Past]) -> None:
        if min(self.at_once, len(chunks)) <= 1:
            self._tell_all(chunks)
            return
        # While one computes, PostgreSQL works for the other.
        with ThreadPoolExecutor(self.at_once, thread_name_prefix="rehearsal") as threads:
            for one in [threads.submit(self._beside, chunks) for _ in range(self.at_once)]:
                one.result()

    def _beside(self, chunks: list[Past]) -> None:
        try:
            self._tell_all(chunks)
        except BaseException:
            self.is_over = True
            raise
        finally:
            connection.close()

    def _tell_all(self, chunks: list[Past]) -> None:
        """Takes one after the other off the list, until there is none."""
        asked = self.asked.beside()
        with apart(self.rehearsal):
            while chunk := self._next(chunks):
                self._tell(chunk, asked)

    def _next(self, chunks: list[Past]) -> Past | None:
        with self.lock:
            return chunks.pop(0) if chunks else None

    def _tell(self, chunk: Past, asked: Asked) -> None:
        row = self.rehearsal
        rounds = Rounds(row.journey_id, self.definition, row.since, row.until, asked, self._beat)
        rounds.through(chunk)
        with self.lock:
            with unwritable():
                messages = self.tally.add(asked)
            self._examples(messages)
            self.counted += len(chunk.rows)
        asked.forget()
        empty()

    def _beat(self, events: int) -> None:
        with self.lock:
            self.done += events
            if self.is_over:
                raise Stopped
            if timezone.now() - self.beaten >= BEAT:
                self._write()

    def _write(self, **fields: Any) -> None:
        """Raises Stopped when the row says so."""
        self.beaten = timezone.now()
        fields |= {
            "done": min(self.done, fields.get("total") or self.rehearsal.total or 0),
            "heartbeat_at": self.beaten,
        }
        if not _mine(self.rehearsal, Status.RUNNING).update(**fields):
            raise Stopped
        for name, value in fields.items():
            setattr(self.rehearsal, name, value)
        self.progress(self.rehearsal)

    def _examples(self, messages: Mapping[int, int]) -> None:
        """Some of those who entered; the chunks stand in no order that means anything."""
        wanted = EXAMPLES - Rehearsed.objects.filter(rehearsal=self.rehearsal).count()
        if wanted <= 0:
            return
        some = list(Enrollment.objects.order_by("id")[:wanted])
        ways: dict[int, list[list[Any]]] = {one.pk: [] for one in some}
        for passage in Passage.objects.filter(enrollment_id__in=list(ways), step__gte=0).order_by("id"):
            ways[passage.enrollment_id].append([passage.step, passage.outcome])
        Rehearsed.objects.bulk_create([_example(self.rehearsal, e, ways[e.pk], messages.get(e.pk, 0)) for e in some])

    def end(self, status: str, reason: str = "") -> None:
        one_in = self.past.one_in if self.past else 1
        result = {**self.tally.result(one_in), "one_in": one_in, "blind": self._blind()}
        still = [Status.RUNNING, *([Status.STOPPED] if status == Status.STOPPED else [])]
        total = len(self.past.rows) if self.past else None
        Rehearsal.objects.filter(pk=self.rehearsal.pk, status__in=still).update(
            status=status, reason=reason[:300], result=result, done=self.counted, total=total, ended_at=timezone.now()
        )

    def _blind(self) -> list[str]:
        return blind(self.definition, self.past, self.asked, self.rehearsal.stand_in)


def _example(rehearsal: Rehearsal, one: Enrollment, ways: Sequence[Any], messages: int) -> Rehearsed:
    return Rehearsed(
        rehearsal=rehearsal, customer_id=one.customer_id, key=one.key, entered_at=one.entered_at, status=one.status,
        reason=one.reason, ways=list(ways), messages=messages,
    )  # fmt: skip


def _mine(rehearsal: Rehearsal, status: str) -> Any:
    return Rehearsal.objects.filter(pk=rehearsal.pk, status=status)
