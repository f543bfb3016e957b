"""The pages, the API and the command of rehearsals."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from django.db import connection
from django.test import Client

from karibu.config.cli import main
from karibu.events import tail
from karibu.journeys import actions
from karibu.journeys.jobs import rehearse
from karibu.journeys.models import Journey, Rehearsal
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.rehearsal import actions as rehearsals
from karibu.journeys.rehearsal.run import run
from karibu.journeys.steps.rate import Rate
from karibu.journeys.story import Story, sends, story, waits

pytestmark = pytest.mark.django_db


@pytest.fixture
def journey() -> Journey:
    now = datetime.now(UTC) - timedelta(days=2)
    story(
        *[sends("Product Added", cart_id=f"c-{n}", by=f"person{n}") for n in range(3)],
        waits(minutes=30),
        sends("Order Completed", cart_id="c-2", order_id="1042", by="person2"),
        told=Story(now=now, stages=(tail.append,)),
    )
    return actions.create("Carts", abandoned_cart(), by="test")


def test_the_first_line_says_what_would_have_happened(marketer: Client, journey: Journey):
    done = run(rehearsals.plan(journey, by="test"))
    page = marketer.get(f"/journeys/{journey.pk}/rehearsals/{done.pk}/").content.decode()
    assert "3 people would have entered; none of them would have got a message." in page
    assert "Left: ordered" in page and "No address for this channel is known" in page
    people = marketer.get(f"/journeys/{journey.pk}/rehearsals/{done.pk}/people/").content.decode()
    assert "Person0" in people and "c-2" in people and "ordered 1042" in people


def test_before_the_first_one_the_page_says_what_one_is_for(marketer: Client, journey: Journey):
    page = marketer.get(f"/journeys/{journey.pk}/rehearsals/").content.decode()
    assert "Not rehearsed yet" in page and "Rehearse journey" in page


def test_a_click_begins_one_its_page_shows_how_far_it_is_and_stops_it(marketer: Client, journey: Journey):
    begun = marketer.post(f"/journeys/{journey.pk}/rehearse/", {"days": "30"})
    row = journey.rehearsals.get()
    url = begun.headers["Location"]
    assert url == f"/journeys/{journey.pk}/rehearsals/{row.pk}/"
    assert "A worker takes it up" in marketer.get(url).content.decode()
    now = datetime.now(UTC)
    Rehearsal.objects.update(status="running", total=200, done=50, heartbeat_at=now)
    page = marketer.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "50 of 200 events told" in page and 'hx-trigger="every 1s"' in page
    marketer.post(f"{url}stop/")
    row.refresh_from_db()
    assert row.status == "stopped"
    page = marketer.get(url).content.decode()
    assert 'hx-trigger="every 1s"' not in page and "Rehearse again" in page


def test_one_whose_worker_died_says_so_and_another_can_begin(marketer: Client, journey: Journey):
    row = rehearsals.plan(journey, by="test")
    Rehearsal.objects.update(status="running", heartbeat_at=datetime.now(UTC) - timedelta(hours=1))
    page = marketer.get(f"/journeys/{journey.pk}/rehearsals/{row.pk}/").content.decode()
    assert "Whoever ran it has gone" in page and "Rehearse again" in page
    assert rehearsals.plan(journey, by="test").pk != row.pk


def test_days_that_are_none_are_refused(marketer: Client, journey: Journey):
    for days in ("0", "4000", "many"):
        marketer.post(f"/journeys/{journey.pk}/rehearse/", {"days": days})
    assert not journey.rehearsals.exists()


def test_by_the_api(marketer: Client, journey: Journey):
    begun = marketer.post(f"/api/v1/journeys/{journey.pk}/rehearsals", {"days": 30}, content_type="application/json")
    assert (begun.status_code, begun.json()["status"]) == (202, "queued")
    run(Rehearsal.objects.get())
    said = marketer.get(f"/api/v1/journeys/{journey.pk}/rehearsals/{begun.json()['id']}").json()
    assert (said["status"], said["done"], said["total"]) == ("done", 4, 4)
    assert said["headline"].startswith("3 people would have entered")
    assert said["result"]["ended"] == {"finished": 2, "left": 1}


def test_by_the_command(journey: Journey):
    done = CliRunner().invoke(main, ["journey", "rehearse", "Carts", "--days", "30"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["entered"] == 3
    assert "4 of 4 events told (100 %)" in done.stderr and "3 people would have entered" in done.stderr


@pytest.mark.django_db(transaction=True)
def test_a_worker_runs_it_on_a_connection_of_its_own(journey: Journey):
    row = rehearsals.plan(journey, by="test")
    rehearse(row.pk)
    row.refresh_from_db()
    assert (row.status, row.result["entered"]) == ("done", 3)
    rehearse(row.pk)  # again: it is done already
    rehearse(row.pk + 1)  # and one that is gone


def test_one_that_failed_says_what_was_kept_and_why(marketer: Client, journey: Journey, monkeypatch):
    monkeypatch.setattr("karibu.journeys.rehearsal.tally.Tally.add", lambda *_: 1 / 0)
    done = run(rehearsals.plan(journey, by="test"))
    page = marketer.get(f"/journeys/{journey.pk}/rehearsals/{done.pk}/").content.decode()
    assert "It could not be told to the end. Nothing was sent or changed." in page
    assert "ZeroDivisionError: division by zero" in page and "Rehearse again" in page
    assert 'hx-trigger="every 1s"' not in page, "it is not waited for"
    assert marketer.get(f"/journeys/{journey.pk}/rehearsals/{done.pk}/people/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_told_side_by_side_it_comes_to_the_same(journey: Journey, monkeypatch):
    now = datetime.now(UTC)
    alone = run(rehearsals.plan(journey, by="test", now=now))
    monkeypatch.setattr("karibu.journeys.rehearsal.past.CHUNK", 1)
    beside = run(rehearsals.plan(journey, by="test", now=now), at_once=2)
    assert (beside.status, beside.result, beside.done) == ("done", alone.result, 4)
    assert beside.people.count() == alone.people.count() == 3


@pytest.mark.django_db(transaction=True)
def test_what_fails_beside_others_fails_the_whole_and_leaves_nothing_open(journey: Journey, monkeypatch):
    monkeypatch.setattr("karibu.journeys.rehearsal.past.CHUNK", 1)
    monkeypatch.setattr("karibu.journeys.rehearsal.tally.Tally.add", lambda *_: 1 / 0)
    done = run(rehearsals.plan(journey, by="test"), at_once=2)
    assert (done.status, done.reason) == ("failed", "ZeroDivisionError: division by zero")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relname LIKE 'journeys%'")
        assert cursor.fetchone() == (0,)


def test_a_step_that_cannot_be_followed_is_named(marketer: Client, journey: Journey, monkeypatch):
    monkeypatch.delattr(Rate, "rehearse")  # as a step that forgets that it does more than to answer
    raw = {"entry": {"event": "Product Added"}, "steps": [{"rate": {"most": 5}}]}
    slow = actions.create("Slowly", raw, by="test")
    run(rehearsals.plan(slow, by="test"))
    page = marketer.get(f"/journeys/{slow.pk}/rehearsals/").content.decode()
    assert "The step “let at most 5 people an hour pass” cannot be rehearsed: everyone went on at once." in page
