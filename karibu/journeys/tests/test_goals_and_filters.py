"""What a journey is for and whom it is for: goals, exits by a segment, the filter at the door and at messages."""

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.apps import apps

from karibu.customers.models import Customer
from karibu.customers.raw import cursor
from karibu.journeys import actions, doors, engine
from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.entries import form, threshold
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.story import Story, expects, expects_messages, sends, sends_together, story, waits
from karibu.messages.models import Template
from karibu.segments import actions as segments
from karibu.segments import membership

pytestmark = pytest.mark.django_db
SEND: dict[str, Any] = {"send": {"template": "one"}}
WAIT: dict[str, Any] = {"wait": {"days": 2}}
RWANDA = {"trait": "country", "op": "is", "value": "RW"}


@pytest.fixture(autouse=True)
def template() -> None:
    Template.objects.create(key="one", name="one", subject="One", body="Hello", is_marketing=False)


def live(*steps: dict[str, Any], entry: dict[str, Any] | None = None, **more: Any) -> Journey:
    definition = {"entry": entry or {"event": "Signed Up"}, "steps": list(steps), **more}
    return actions.publish(actions.create("A journey", definition, by="test"), by="test")


def run_of(told: Story, name: str = "amina") -> Enrollment:
    return Enrollment.objects.get(customer_id=told.person(name))


def test_who_reaches_the_goal_leaves_and_has_converted():
    live(WAIT, SEND, goal={"event": "Order Completed"}, exit=[{"event": "Order Completed"}])
    told = story(sends("Signed Up"), waits(hours=3), sends("Order Completed", order_id="7"), waits(days=3))
    run = run_of(told)
    assert (run.status, run.reason) == ("left", "reached the goal: Order Completed 7")
    assert run.converted_at == run.ended_at
    story(expects_messages(0), told=told)


def test_the_goal_counts_also_after_the_end_but_not_for_ever_and_once():
    live(SEND, goal={"event": "Order Completed", "within_days": 5})
    told = story(
        sends("Signed Up"),
        sends("Signed Up", by="joao"),
        waits(days=4),
        sends("Order Completed", order_id="7"),
        waits(hours=5),
        sends("Order Completed", order_id="8"),
        waits(days=2),
        sends("Order Completed", by="joao", order_id="9"),
        expects("finished", 1),
        expects("finished", 1, of="joao", converted_at=None),
    )
    run = run_of(told)
    assert run.converted_at and (run.converted_at - run.entered_at).days == 4 and run.reason == ""


def test_an_order_that_does_not_meet_the_goals_filter_is_not_it():
    worth = [{"property": "value", "op": "gte", "value": 50}]
    live(WAIT, goal={"event": "Order Completed", "where": worth})
    story(
        sends("Signed Up"),
        sends("Order Completed", order_id="1", value=10),
        expects("active", 1, converted_at=None),
        sends("Order Completed", order_id="2", value=50),
        expects("left", 1),
    )


def test_with_the_same_key_only_that_run_reaches_it():
    live(WAIT, entry={"event": "Cart Viewed", "key": "cart_id"}, goal={"event": "Order Completed", "same_key": True})
    story(
        sends_together(("Cart Viewed", {"cart_id": "a"}), ("Cart Viewed", {"cart_id": "b"})),
        sends("Order Completed", order_id="1", cart_id="b"),
        expects("left", 1, key="b"),
        expects("active", 1, key="a", converted_at=None),
    )


def test_entering_a_segment_can_be_the_goal_and_leaving_one_the_end():
    goal = segments.create("Buyers", RWANDA, by="test")
    end = segments.create("Readers", RWANDA, by="test")
    live(WAIT, goal={"segment": goal.pk}, exit=[{"segment": end.pk, "left": True}])
    told = story(sends("Signed Up"), sends("Signed Up", by="joao"), sends("Signed Up", by="thandi"))
    ids = {name: pa.array([told.person(name)], pa.int64()) for name in ("amina", "joao")}
    membership.rebuild(goal.pk, ids["amina"], told.now)
    membership.rebuild(end.pk, ids["joao"], told.now)
    story(expects("active", 1, of="joao"), told=told)
    membership.rebuild(end.pk, pa.array([], pa.int64()), told.now)
    story(
        expects("left", 1, reason="reached the goal", converted_at__isnull=False),
        expects("left", 1, of="joao", reason="leaves the segment “Readers”", converted_at=None),
        expects("active", 1, of="thandi"),
        told=told,
    )


def test_who_does_not_meet_the_filter_was_never_inside_and_may_come_again():
    live(SEND, filter=RWANDA)
    told = Story()
    Customer.objects.filter(pk=told.person("amina")).update(country="RW")
    story(sends("Signed Up"), sends("Signed Up", by="joao"), told=told)
    story(expects_messages(1), expects_messages(0, to="joao"), told=told)
    assert not Enrollment.objects.filter(customer_id=told.person("joao")).exists()
    Customer.objects.filter(pk=told.person("joao")).update(country="RW")
    story(sends("Signed Up", by="joao"), expects_messages(1, to="joao"), told=told)


def test_the_first_step_counts_from_when_somebody_came_not_from_when_the_filter_was_asked():
    live(WAIT, SEND, filter=RWANDA)
    told = Story()
    Customer.objects.filter(pk=told.person("amina")).update(country="RW")
    story(sends("Signed Up"), told=told)
    run = run_of(told)
    assert (run.step, run.due_at) == (
        0,
        run.entered_at + timedelta(days=2),
    )


def test_the_filter_is_asked_again_before_each_message():
    live(SEND, WAIT, {"update": {"trait": "stage", "value": "second"}}, SEND, filter=RWANDA)
    told = Story()
    Customer.objects.filter(pk=told.person("amina")).update(country="RW")
    story(sends("Signed Up"), expects_messages(1), told=told)
    Customer.objects.filter(pk=told.person("amina")).update(country="KE")
    story(waits(days=3), expects_messages(1), expects("left", 1, reason="no longer among those it is for"), told=told)
    assert Customer.objects.get(pk=told.person("amina")).traits["stage"] == "second"


def test_a_segment_that_was_archived_lets_nobody_through_the_filter():
    segment = segments.create("Rwanda", RWANDA, by="test")
    live(SEND, filter={"segment": segment.pk})
    segments.archive(segment, by="test")
    told = Story()
    Customer.objects.filter(pk=told.person("amina")).update(country="RW")
    story(sends("Signed Up"), expects_messages(0), told=told)
    assert not Enrollment.objects.exists()
    with pytest.raises(DefinitionError):
        live(SEND, filter={"segment": segment.pk})
    for rules in ({"goal": {"segment": segment.pk}}, {"exit": [{"segment": segment.pk}]}):
        with pytest.raises(DefinitionError, match="no such segment"):
            live(SEND, **rules)


def test_a_form_brings_in_who_answered_it_and_no_other():
    with pytest.raises(DefinitionError, match="There is no form"):
        live(SEND, entry={"form": "letters"})
    apps.get_model("growth", "SignUp").objects.create(name="Letters", slug="letters")  # of an app above this one
    live(SEND, entry={"form": "letters"})
    story(
        sends("Form Submitted", form="letters"),
        sends("Form Submitted", by="joao", form="other"),
        sends("Form Submitted", by="thandi"),
        expects_messages(1),
        expects_messages(0, to="joao"),
        expects_messages(0, to="thandi"),
    )
    assert form.forms() == {"letters": "Letters"}


def test_a_prediction_brings_in_who_crosses_the_threshold():
    threshold.register("churn", "likelihood to leave")
    journey = live(SEND, entry={"prediction": {"name": "churn", "op": "gte", "value": 0.7}})
    told = Story()
    people = [told.person(name) for name in ("amina", "joao", "thandi", "neema")]
    scores = zip(people, (0.5, 0.8, None, 0.1), (0.7, 0.9, 0.75, 0.69), strict=True)
    doors.predicted(cursor(), "churn", list(scores), told.now)
    doors.predicted(cursor(), "other", [(people[3], 0.1, 0.9)], told.now)
    assert sorted(Enrollment.objects.values_list("customer_id", flat=True)) == sorted([people[0], people[2]])
    assert "a likelihood to leave that rises to 0.7 or more" in parse(journey.definition).sentence()
    with pytest.raises(DefinitionError, match="Nothing predicts"):
        live(SEND, entry={"prediction": {"name": "fame", "op": "lte", "value": 1}})


def test_who_stands_at_the_door_moves_to_a_new_version_and_is_explained():
    journey = live(WAIT, SEND, filter=RWANDA)
    told = Story()
    Customer.objects.filter(pk=told.person("amina")).update(country="RW")
    sends("Signed Up")(told)
    assert run_of(told).step == -1
    changed = {**journey.definition, "steps": [SEND, WAIT]}
    actions.publish(actions.edit(journey, definition=changed, by="test"), by="test", inside="before")
    while engine.advance(told.now) == 0:
        pass
    story(expects_messages(1), expects("active", 1, version=2, step=1), told=told)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ({"goal": {}}, "$.goal.event"),
        ({"goal": {"event": "X", "segment": 1}}, "$.goal.event"),
        ({"goal": {"event": "X", "within_days": 0}}, "$.goal.within_days"),
        ({"goal": {"event": "X", "same_key": True}}, "$.goal.same_key"),
        ({"exit": [{"segment": 1, "same_key": True}]}, "$.exit[0]"),
        ({"exit": [{"event": "X", "left": True}]}, "$.exit[0].left"),
        ({"filter": {"trait": "x", "op": "is"}}, "$.filter.value"),
        ({"reentry": "per_key"}, "$.reentry"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(rules, path):
    with pytest.raises(DefinitionError) as caught:
        parse({"entry": {"event": "X"}, "steps": [WAIT], **rules})
    assert caught.value.path == path


def test_the_sentence_says_whom_it_is_for_and_what_for():
    goal = {"event": "Order Completed", "within_days": 14}
    said = parse({"entry": {"event": "Signed Up"}, "steps": [WAIT], "filter": RWANDA, "goal": goal}).sentence()
    assert "Only for: " in said and said.endswith("The goal: that the person orders within 14 days.")
