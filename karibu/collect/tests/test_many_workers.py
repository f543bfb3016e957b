"""Several workers at one inbox: each event once, each person in order, the lanes shared."""

import threading
import time

import psycopg
import pytest
from django.db import connection

from karibu.collect import dedupe, drain
from karibu.collect.actions import create_source, take_in
from karibu.collect.lanes import LANES, lane_of
from karibu.collect.models import InboxRow
from karibu.config.testing import database_url
from karibu.events.batch import Batch
from karibu.events.wake import PIPELINES, WORKER

# Only what collection writes is cleared after each test: all of the tables would take ten times as long.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["karibu.collect", "karibu.web"])


@pytest.fixture
def two_workers():
    """The connections by which workers know how many they are."""
    ears = [psycopg.connect(database_url(), application_name=WORKER) for _ in range(2)]
    yield
    for ear in ears:
        ear.close()


def fill(persons: int, each: int) -> None:
    source = create_source("Shop")
    for n in range(each):
        events = [{"type": "track", "event": "X", "userId": f"u{p}", "properties": {"n": n}} for p in range(persons)]
        take_in(events, source)


def at_once(*works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_a_worker_leaves_the_others_their_share_of_the_lanes(settings, two_workers):
    fill(persons=40, each=1)
    assert len({lane_of(f"u{n}", "") for n in range(40)}) == LANES
    taken = []

    def look(batch: Batch) -> None:
        taken.append({lane_of(e.user_id, "") for e in batch.events})

    settings.KARIBU_PIPELINE = [look]
    drain.drain()
    assert len(taken[0]) == LANES / (2 * PIPELINES)
    drain.drain_all()
    assert set().union(*taken) == set(range(LANES)) and not InboxRow.objects.exists()


def test_four_workers_take_each_event_once_and_each_person_in_order(settings, monkeypatch, two_workers):
    monkeypatch.setattr(drain, "TAKE", 20)
    fill(persons=30, each=20)
    seen, lock = [], threading.Lock()

    def note(batch: Batch) -> None:
        time.sleep(0.002)
        with lock:
            seen.extend((e.user_id, e.properties["n"]) for e in batch.events)

    def work() -> None:
        while InboxRow.objects.exists():
            drain.step()
        connection.close()

    settings.KARIBU_PIPELINE = [dedupe.dedupe, note]
    at_once(work, work, work, work)
    assert len(seen) == len(set(seen)) == 600
    for person in range(30):
        assert [n for user, n in seen if user == f"u{person}"] == list(range(20))


def test_a_worker_that_finds_every_lane_taken_looks_again_soon_and_one_with_nothing_to_do_sleeps(settings):
    fill(persons=1, each=1)
    settings.KARIBU_PIPELINE = []
    with psycopg.connect(database_url()) as other:
        for lane in range(LANES):
            other.execute("SELECT pg_advisory_xact_lock(%s, %s)", [drain.LOCK, lane])
        assert drain.step() == drain.BUSY
    assert drain.step() == 0 and drain.step() == drain.IDLE


def test_one_that_the_database_ended_in_a_deadlock_begins_again(settings):
    """Two locks, taken in the two orders. The other side waits long before it looks for a deadlock: this one ends."""
    fill(persons=3, each=1)
    tries = []
    waits = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1001 AND NOT granted"
    with psycopg.connect(database_url()) as other:
        other.execute("SET deadlock_timeout = '60s'")
        other.execute("SELECT pg_advisory_xact_lock(1002)")
        crossing = threading.Thread(target=other.execute, args=["SELECT pg_advisory_xact_lock(1001)"])

        def meet(batch: Batch) -> None:
            tries.append(len(batch.events))
            if len(tries) > 1:
                return
            batch.cursor.execute("SET LOCAL deadlock_timeout = '10ms'")
            batch.cursor.execute("SELECT pg_advisory_xact_lock(1001)")
            crossing.start()
            until = time.monotonic() + 60
            while not batch.cursor.execute(waits).fetchall() and time.monotonic() < until:
                time.sleep(0.01)
            batch.cursor.execute("SELECT pg_advisory_xact_lock(1002)")

        settings.KARIBU_PIPELINE = [meet]
        assert drain.drain_all() == 3
        crossing.join(60)
    assert tries == [3, 3] and not InboxRow.objects.exists()
