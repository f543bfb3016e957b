"""Readers count while events are appended, flushed, merged and clustered."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from deltalake import DeltaTable
from django.db import connection

from karibu.events import compact, flush, log
from karibu.events.tests.making import NOON, append, event

pytestmark = pytest.mark.django_db(transaction=True)
PER_BATCH, BATCHES = 7, 60


@dataclass
class Bustle:
    """What is under way: how many events were begun and ended to be written, and which counts were wrong."""

    begun: int = 0
    ended: int = 0
    reads: int = 0
    wrong: list[object] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        """Batches of one event each of seven customers, spread over three months."""
        for n in range(BATCHES):
            self.begun += PER_BATCH
            append(*[event(customer_id=i, time=NOON - timedelta(days=20 * (n % 3))) for i in range(PER_BATCH)])
            self.ended += PER_BATCH
            time.sleep(0.02)

    def read(self) -> None:
        """A count is of whole batches: at least what was written before it, at most what was begun since."""
        least = self.ended
        total = log.count()[None]
        one = len(log.history([3], limit=1000))
        most = self.begun
        self.reads += 1
        if not (least <= total <= most and total % PER_BATCH == 0 and least <= one * PER_BATCH <= most):
            self.wrong.append((least, total, one, most))

    def repeat(self, work: Callable[[], object]) -> None:
        """Works until it is over, on a connection of this thread."""
        try:
            while not self.over.is_set():
                work()
                time.sleep(0.005)
        except Exception as error:
            self.wrong.append(error)
        finally:
            connection.close()

    def beside(self, works: Sequence[Callable[[], object]]) -> None:
        """Writes while each of `works` is repeated in a thread of its own."""
        threads = [threading.Thread(target=self.repeat, args=[work]) for work in works]
        for thread in threads:
            thread.start()
        try:
            self.write()
        finally:
            self.over.set()
            for thread in threads:
                thread.join()


def test_every_count_is_exact_while_everything_moves(lake, monkeypatch) -> None:
    monkeypatch.setattr(compact, "MANY", 2)
    monkeypatch.setattr(compact, "GRACE", 0.0)
    monkeypatch.setattr(flush, "ROWS", 20)
    bustle = Bustle()
    bustle.beside([bustle.read, bustle.read, flush.flush_everything, compact.compact])
    assert bustle.wrong == [] and bustle.reads > 10
    flush.flush_everything()
    assert log.count()[None] == DeltaTable(lake).count() == BATCHES * PER_BATCH
