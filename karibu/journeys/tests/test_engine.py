"""Exactly once, whatever happens: a poison row, many workers, kill -9."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from karibu.config.testing import database_url
from karibu.customers.merging import merge_customers
from karibu.journeys import actions, engine
from karibu.journeys.models import Enrollment, Journey, Passage
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.steps.send import Send
from karibu.journeys.story import expects, expects_messages, sends, story, waits
from karibu.messages.models import Message

NOW = datetime.now(UTC)


def live_journey() -> Journey:
    return actions.publish(actions.create("Abandoned cart", abandoned_cart(), by="test"), by="test")


def people_waiting(journey: Journey, count: int) -> None:
    Enrollment.objects.bulk_create(
        Enrollment(
            journey=journey,
            version=1,
            customer_id=n + 1,
            key=f"c-{n}",
            slot=f"c-{n}",
            arrived_at=NOW - timedelta(hours=2),
            entered_at=NOW - timedelta(hours=2),
            due_at=NOW - timedelta(hours=1),
            context={"cart_id": f"c-{n}"},
        )
        for n in range(count)
    )


@pytest.mark.django_db
def test_one_who_cannot_be_moved_is_set_aside_with_the_reason_and_can_be_retried(monkeypatch):
    journey = live_journey()
    people_waiting(journey, 50)
    poison = Enrollment.objects.get(key="c-17")
    real = Send._intent

    def intent(self, group, traveller):
        if traveller.id == poison.id:
            raise ValueError("no such thing")
        return real(self, group, traveller)

    with monkeypatch.context() as patched:
        patched.setattr(Send, "_intent", intent)
        while engine.advance(NOW) == 0:
            pass
    poison.refresh_from_db()
    assert (poison.status, poison.step, poison.due_at) == ("failed", 1, None)
    assert poison.reason == "ValueError: no such thing"
    assert Enrollment.objects.filter(status="finished").count() == Message.objects.count() == 49

    assert actions.retry([poison.id], by="test", now=NOW) == 1
    while engine.advance(NOW) == 0:
        pass
    assert Enrollment.objects.filter(status="finished").count() == Message.objects.count() == 50


@pytest.mark.django_db
def test_the_loop_sleeps_until_the_next_is_due():
    journey = live_journey()
    assert engine.advance(NOW) == engine.LOOK_AGAIN
    people_waiting(journey, 1)
    Enrollment.objects.update(due_at=NOW + timedelta(seconds=12))
    assert engine.advance(NOW) == 12
    Enrollment.objects.update(due_at=NOW + timedelta(hours=12))
    assert engine.advance(NOW) == engine.LOOK_AGAIN
    actions.pause(journey, by="test")
    Enrollment.objects.update(due_at=NOW - timedelta(hours=12))
    assert engine.advance(NOW) == engine.LOOK_AGAIN


@pytest.mark.django_db
def test_a_group_costs_the_same_number_of_queries_however_large():
    journey = live_journey()
    cost = []
    for size in (1, 3, 300):  # the first also reads the definition and the template, once and for all
        people_waiting(journey, size)
        with CaptureQueriesContext(connection) as queries:
            engine.advance(NOW)
        cost.append(len(queries))
        Enrollment.objects.all().delete()
    assert cost[1] == cost[2] < cost[0]


@pytest.mark.django_db
def test_two_runs_of_people_who_turn_out_to_be_one_send_one_message():
    definition = {
        "entry": {"event": "Signed Up"},
        "steps": [{"wait": {"hours": 1}}, {"send": {"template": "cart-reminder"}}],
    }
    actions.publish(actions.create("Welcome", definition, by="test"), by="test")
    told = story(sends("Signed Up", by="amina"), sends("Signed Up", by="somebody"))
    merge_customers(told.person("amina"), told.person("somebody"), by="test", reason="identify")
    story(
        waits(hours=1),
        expects_messages(1, to="amina"),
        expects("finished", 1),
        expects("left", 1, reason="the same person is already in this journey"),
        told=told,
    )


WORKER = """
import os, sys, django
os.environ["KARIBU_DATABASE_URL"] = sys.argv[1]
os.environ["DJANGO_SETTINGS_MODULE"] = "karibu.config.settings"
django.setup()
from karibu.journeys import engine
engine.MOST = 25
print("ready", flush=True)
sys.stdin.readline()
while (pause := engine.step()) < engine.LOOK_AGAIN:
    if pause:
        import time; time.sleep(pause)
"""


def worker() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, database_url()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[3],
        env=os.environ,
    )
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def start(process: subprocess.Popen[str]) -> None:
    process.stdin.write("go\n")
    process.stdin.flush()


def expect_each_exactly_once(count: int) -> None:
    assert Enrollment.objects.filter(status="finished", step=2).count() == count
    assert Passage.objects.filter(kind="wait").count() == Passage.objects.filter(kind="send").count() == count
    assert Message.objects.count() == count == Message.objects.values("enrollment_id").distinct().count()


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_move_everyone_exactly_once():
    people_waiting(live_journey(), 1000)
    workers = [worker() for _ in range(4)]
    for process in workers:
        start(process)
    assert [process.wait(60) for process in workers] == [0, 0, 0, 0]
    expect_each_exactly_once(1000)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_kill_9_at_any_moment_loses_and_doubles_nothing():
    people_waiting(live_journey(), 1000)
    for milliseconds in (20, 45, 70, 110):
        process = worker()
        start(process)
        time.sleep(milliseconds / 1000)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
    left = Enrollment.objects.filter(status="active").count()
    assert left, "the workers were done before they were killed: this run proves nothing"
    last = worker()
    start(last)
    assert last.wait(60) == 0
    expect_each_exactly_once(1000)
