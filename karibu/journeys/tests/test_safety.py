"""What could hurt: journeys that go round in circles, what is gone while it is in use, people who are recomputed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.test import Client

from karibu.customers.models import Customer
from karibu.journeys import actions, clock
from karibu.journeys.definition import DefinitionError
from karibu.journeys.models import Enrollment, Journey, Version
from karibu.journeys.reentry import MOST_A_DAY, Run, next_run
from karibu.journeys.steps.hand_over import FARTHEST
from karibu.journeys.story import Story, expects, expects_messages, sends, story, waits
from karibu.messages.models import Template
from karibu.segments import actions as segments
from karibu.segments import membership

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def template() -> None:
    Template.objects.create(key="one", name="one", subject="One", body="Hello", is_marketing=False)


def live(*steps: dict[str, Any], entry: dict[str, Any] | None = None, **more: Any) -> Journey:
    definition = {"entry": entry or {"event": "Signed Up"}, "steps": list(steps), **more}
    return actions.publish(actions.create("A journey", definition, by="test"), by="test")


def handing(to: int) -> dict[str, Any]:
    return {"hand_over": {"journey": to}}


def test_a_circle_that_is_live_but_no_longer_in_the_draft_is_seen():
    hand = {"entry": {"by_hand": True}}
    second = actions.create("Second", {**hand, "steps": [{"wait": {"days": 1}}]}, by="test")
    first = live(handing(second.pk), entry={"by_hand": True})
    actions.edit(first, definition={**hand, "steps": [{"wait": {"days": 1}}]}, by="test")
    changed = actions.edit(second, definition={**hand, "steps": [handing(first.pk)]}, by="test")
    with pytest.raises(DefinitionError, match="circle"):
        actions.publish(changed, by="test")


def test_a_circle_that_got_in_all_the_same_ends_after_a_few_rounds():
    """As if a backup had brought it back: two versions that hand people to each other at once."""
    hand = {"entry": {"by_hand": True}, "reentry": "always"}
    first = live({"wait": {"seconds": 1}}, **hand)
    second = live(handing(first.pk), **hand)
    Version.objects.filter(journey=first).update(definition={**hand, "steps": [handing(second.pk)]})
    told = Story()
    actions.put_in(second, [told.person("amina")], by="test", now=told.now)
    for _ in range(5):
        story(waits(seconds=2), told=told)
    assert Enrollment.objects.count() == FARTHEST + 1
    assert not Enrollment.objects.filter(status="active").exists()


def test_nobody_enters_the_same_journey_more_than_so_often_in_a_day():
    now = datetime(2026, 3, 1, tzinfo=UTC)
    runs = [Run("", n, "finished", now - timedelta(minutes=n)) for n in range(1, MOST_A_DAY + 1)]
    assert next_run("always", runs, "", now) == (0, "too often")
    assert next_run("always", runs[:-1], "", now) == (MOST_A_DAY, "")
    assert next_run("always", runs, "", now + timedelta(days=1))[1] == ""


def test_a_template_that_is_gone_sets_the_person_aside_and_can_be_tried_again():
    live({"wait": {"days": 1}}, {"send": {"template": "one"}})
    told = story(sends("Signed Up"))
    Template.objects.all().delete()
    story(waits(days=2), told=told)
    run = Enrollment.objects.get()
    assert (run.status, run.step) == ("failed", 1) and "one" in run.reason
    Template.objects.create(key="one", name="one", subject="One", body="Hello", is_marketing=False)
    actions.retry([run.pk], by="test", now=told.now)
    story(waits(seconds=1), expects_messages(1), expects("finished"), told=told)


def test_the_page_says_what_is_gone_of_what_the_journey_needs(marketer: Client):
    """A segment in the archive lets nobody in, without a word to whoever looks at the journey."""
    segment = segments.create("Rwandans", {"trait": "country", "op": "is", "value": "RW"}, by="test")
    journey = live({"send": {"template": "one"}}, filter={"segment": segment.pk})

    def said() -> str:
        page = marketer.get(f"/journeys/{journey.pk}/").content.decode()
        return page.partition("Something that it needs is gone")[2][:200]

    assert said() == ""
    segments.archive(segment, by="test")
    assert f"There is no segment {segment.pk} any more" in said() and "$.filter" in said()
    segments.restore(segment, by="test")
    assert said() == ""
    Template.objects.all().delete()
    assert "There is no message template “one”" in said() and "$.steps[0].send.template" in said()


def test_a_version_that_cannot_be_read_any_more_stops_no_other_journey():
    broken, fine = live({"wait": {"days": 1}}), live({"wait": {"days": 2}})
    Version.objects.filter(journey=broken).update(definition={"entry": {"dream": 1}, "steps": []})
    story(sends("Signed Up"), expects("active"))
    assert Enrollment.objects.get().journey_id == fine.pk


def test_one_journey_whose_people_cannot_be_found_keeps_no_other_waiting(monkeypatch):
    told = Story(now=datetime(2026, 5, 17, 12, tzinfo=UTC))
    Customer.objects.filter(pk=told.person("amina")).update(traits={"birthday": "1990-05-17"})
    hand = {"steps": [{"wait": {"days": 1}}]}
    for trait in ("bad", "birthday"):
        made = actions.create(trait, {"entry": {"date": {"trait": trait}}, **hand}, by="test")
        actions.publish(made, by="test", now=told.now - timedelta(hours=12))
    whole = clock.arrivals

    def arrivals(cursor: Any, way: Any, rule: Any, *more: Any) -> Any:
        return 1 / 0 if rule.trait == "bad" else whole(cursor, way, rule, *more)

    monkeypatch.setattr(clock, "arrivals", arrivals)
    clock.look(told.now)
    story(expects("active"), told=told)


def test_recomputing_a_segment_cancels_nobodys_steps():
    """PAINS 26: whoever is inside stays, whether the segment is rebuilt or is empty for a while."""
    segment = segments.create("Rwanda", {"trait": "country", "op": "is", "value": "RW"}, by="test")
    live({"wait": {"days": 2}}, {"send": {"template": "one"}}, entry={"segment": segment.pk})
    told = Story()
    people = pa.array(sorted(told.person(name) for name in ("amina", "joao")), pa.int64())
    membership.rebuild(segment.pk, people, told.now)
    before = dict(Enrollment.objects.values_list("pk", "due_at"))
    for members in (people, people[:0], people, people[:1], people):
        story(waits(hours=1), told=told)
        membership.rebuild(segment.pk, members, told.now)
    assert dict(Enrollment.objects.values_list("pk", "due_at")) == before
    story(waits(days=2), expects_messages(1), expects_messages(1, to="joao"), told=told)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"send": {"template": "nowhere"}}, "no message template"),
        ({"branch": {"if": {"segment": 10_000}}}, "10000|no such segment|archive|gone|unknown"),
        ({"coupon": {"pool": 10_000}}, "no such coupon pool"),
        ({"hand_over": {"journey": 10_000}}, "no such journey"),
        ({"webhook": {"url": "https://127.0.0.1/"}}, "private network"),
    ],
)
def test_what_a_step_needs_and_is_not_there_is_refused_at_publishing_with_a_sentence(step, words):
    with pytest.raises(DefinitionError, match=words):
        live(step)
    assert not Journey.objects.exclude(status="draft").exists()
