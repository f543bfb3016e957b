"""SIGKILL between every two steps of a flush."""

import os
from datetime import timedelta

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from django.db import connection, transaction

from karibu.events import flush, log, made
from karibu.events import lake as lakes
from karibu.events.models import Lake, TailBlock
from karibu.events.tests.dying import die
from karibu.events.tests.making import NOON, append, event

pytestmark = pytest.mark.django_db(transaction=True)

POINTS = [
    ("before", "flush.mark"),
    ("after", "flush.mark"),
    ("before", "lake.created"),
    ("after", "lake.created"),
    ("after", "lake.write_months"),
    ("before", "lake.sync"),
    ("after", "lake.commit"),
    ("before", "flush.confirm"),
    ("before", "lake.confirm"),
    ("after", "lake.confirm"),
    ("after", "flush.confirm"),
]


@pytest.mark.parametrize(("when", "point"), POINTS)
def test_killed_at(when: str, point: str, lake) -> None:
    append(event(), event(time=NOON - timedelta(days=60)))
    append(event(customer_id=2))
    die("flush", when, point, lake)
    assert log.count() == {None: 3}
    append(event(customer_id=2))
    assert log.count() == {None: 4}
    flush.flush_everything()
    assert not TailBlock.objects.exists()
    assert log.count() == {None: 4}
    assert DeltaTable(lake).count() == 4
    assert len(log.history([2])) == 2


def test_a_writer_that_lost_its_lock_changes_nothing(lake) -> None:
    append(event())
    flush.flush_everything()
    stale = lakes.opened()
    append(event())
    flush.flush_everything()
    with pytest.raises(lakes.TROUBLES):
        lakes.commit(stale, lakes.files(stale), flush=2)
    assert DeltaTable(lake).count() == log.count()[None] == 2


def test_a_second_flusher_steps_aside(lake, django_db_blocker) -> None:
    from threading import Thread

    append(event(), now=NOON)
    paused = []

    def other() -> None:
        from django.db import connection

        paused.append(flush.step())
        connection.close()

    with lakes.lock(lakes.WRITE):
        thread = Thread(target=other)
        thread.start()
        thread.join()
    assert paused == [flush.LOOK]
    assert TailBlock.objects.count() == 1


def test_a_backlog_is_flushed_in_bounded_pieces(lake, monkeypatch) -> None:
    monkeypatch.setattr(flush, "ROWS", 5)
    for _ in range(6):
        append(*[event() for _ in range(2)])
    assert flush.flush_everything() == 2  # three blocks each: the third one crosses the limit
    assert Lake.objects.get().flush == 2
    assert log.count() == {None: 12}


def test_nothing_is_due_while_nothing_waits(lake) -> None:
    assert not flush.is_due(NOON)
    append(event(), now=NOON)
    assert not flush.is_due(NOON + timedelta(seconds=29))
    assert flush.is_due(NOON + timedelta(seconds=30))


def test_of_events_that_tell_little_more_wait_and_are_written_together(lake, monkeypatch) -> None:
    """Entries into segments, of which there may be many times as many as of what people do."""
    monkeypatch.setattr(flush, "ENOUGH", 3000)
    monkeypatch.setattr(flush, "ROWS", 3000)
    entries = {"name": "Segment Entered", "time": NOON, "source": "Segments"}
    people = pa.array(range(1, 4001), pa.int64())
    with transaction.atomic():
        for n in (1, 2):
            named = pa.array([f"segment-{n}-in-{person}" for person in range(1, 4001)])
            columns = {**entries, "message_id": named, "customer": people}
            made.record(connection.connection.cursor(), 4000, columns, NOON)

    assert not flush.is_due(NOON)
    assert flush.flush_everything() == 1
    assert log.count() == {None: 8000}

    append(*[event(properties={"said": os.urandom(64).hex()}) for _ in range(3000)])
    assert flush.is_due(NOON)
