"""Readers count while events are appended, flushed, merged and clustered."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from deltalake import DeltaTable
from django.db import connection

from karibu.events import compact, flush, log
from karibu.events.tests.making import NOON, append, event

pytestmark = pytest.mark.django_db(transaction=True)
PER_BATCH = 7


def test_every_count_is_exact_while_everything_moves(lake, monkeypatch) -> None:
    monkeypatch.setattr(compact, "MANY", 2)
    monkeypatch.setattr(compact, "GRACE", 0.0)
    monkeypatch.setattr(flush, "ROWS", 20)
    begun = ended = 0
    wrong: list[object] = []
    reads = 0
    over = threading.Event()

    def appending() -> None:
        nonlocal begun, ended
        for n in range(60):
            begun += PER_BATCH
            append(*[event(customer_id=i, time=NOON - timedelta(days=20 * (n % 3))) for i in range(PER_BATCH)])
            ended += PER_BATCH
            time.sleep(0.02)

    def reading() -> None:
        nonlocal reads
        while not over.is_set():
            least = ended
            total = log.count()[None]
            one = len(log.history([3], limit=1000))
            most = begun
            reads += 1
            if not (least <= total <= most and total % PER_BATCH == 0 and least <= one * PER_BATCH <= begun):
                wrong.append((least, total, one, most))

    def repeating(work: Callable[[], object]) -> Callable[[], None]:
        def repeat() -> None:
            while not over.is_set():
                work()
                time.sleep(0.01)

        return repeat

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except Exception as error:
                wrong.append(error)
            finally:
                connection.close()

        return run

    others = [reading, reading, repeating(flush.flush_everything), repeating(compact.compact)]
    threads = [threading.Thread(target=guarded(work)) for work in others]
    for thread in threads:
        thread.start()
    guarded(appending)()
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert reads > 10
    flush.flush_everything()
    assert log.count()[None] == DeltaTable(lake).count() == 60 * PER_BATCH
