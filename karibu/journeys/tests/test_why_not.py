"""Why a given person is not in a journey whose door no event opens; and every run on the person's page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from karibu.customers.models import Customer
from karibu.journeys import actions, timeline
from karibu.journeys.explain import why_not
from karibu.journeys.models import Enrollment, Journey
from karibu.segments import actions as segments
from karibu.segments.models import Member, Segment

pytestmark = pytest.mark.django_db
STAY = [{"wait": {"days": 3}}]


@pytest.fixture
def person() -> Customer:
    return Customer.objects.create(name="Amina", created_at=timezone.now(), is_anonymous=False)


@pytest.fixture
def rich() -> Segment:
    return segments.create("Rich", {"trait": "spent", "op": "gte", "value": 100}, by="test")


def live(entry: dict, **more: object) -> Journey:
    return actions.publish(actions.create("J", {"entry": entry, "steps": STAY, **more}, by="test"), by="test")


def test_by_hand_nobody_has_put_them_in(person):
    assert why_not(live({"by_hand": True}), person.pk) == [
        "Nobody has put this person in: a colleague, the API or another journey does that."
    ]


def test_a_segment_that_they_are_not_in_or_came_into_too_early(person, rich):
    journey = live({"segment": rich.pk})
    [reason] = why_not(journey, person.pk)
    assert reason == "This person is not in the segment “Rich”; they enter when they come into it."
    Member.objects.create(segment_id=rich.pk, customer_id=person.pk, since=timezone.now() - timedelta(days=9))
    [reason] = why_not(journey, person.pk)
    assert reason.startswith("They came into the segment “Rich” ") and "before the journey was published" in reason


def test_a_segment_that_they_have_not_left(person, rich):
    journey = live({"segment": rich.pk, "left": True})
    Member.objects.create(segment_id=rich.pk, customer_id=person.pk, since=timezone.now())
    assert why_not(journey, person.pk) == ["This person is still in the segment “Rich”; they enter when they leave it."]


def test_a_date_that_has_not_come_and_a_pause(person):
    journey = live({"date": {"trait": "birthday"}})
    [reason] = why_not(journey, person.pk)
    assert "has their birthday (each year at 09:00)" in reason
    assert why_not(actions.pause(journey, by="test"), person.pk)[0] == "The journey is paused: nobody enters."


def test_who_has_been_in_it_reads_that_first(person):
    journey = live({"by_hand": True})
    assert actions.put_in(journey, [person.pk], by="test") == 1
    assert why_not(journey, person.pk) == ["This person is inside now; see below."]


def test_a_persons_page_has_every_run_and_those_that_go_on_first(person):
    journey = live({"by_hand": True}, reentry="always")
    for _ in range(7):
        actions.put_in(journey, [person.pk], by="test")
        Enrollment.objects.filter(status="active").update(status="finished", due_at=None)
    first = Enrollment.objects.order_by("pk").first()
    Enrollment.objects.filter(pk=first.pk).update(status="active", due_at=timezone.now() + timedelta(days=3))
    shown = timeline.panel(person, [person.pk])
    assert len(shown["runs"]) == 5 and len(shown["more"]) == 2
    run, where = shown["runs"][0]
    assert run.pk == first.pk and where.endswith(": wait 3 days")
    assert timeline.panel(person, [person.pk + 1]) is None
