"""Building a journey on its page: steps are put in, changed, moved, copied and taken out, and changes are undone."""

import json
from typing import Any

import pytest
from django.test import Client

from karibu.journeys import actions, definition, draft, ids
from karibu.journeys.cards import KINDS
from karibu.journeys.forms import FORMS, form_for, fresh
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.steps import KINDS as STEPS
from karibu.journeys.steps import parse
from karibu.journeys.story import sends, story
from karibu.messages.models import Template
from karibu.shop.models import CouponPool

pytestmark = pytest.mark.django_db
CHECK = {"check": {"entry": {"property": "value", "op": "gte", "value": 50}}}
START: dict[str, Any] = {"entry": {"event": "Signed Up"}, "steps": [{"wait": {"days": 1}}]}


@pytest.fixture
def journey() -> Journey:
    CouponPool.objects.create(name="Welcome")
    actions.create("By hand", {"entry": {"by_hand": True}, "steps": [{"leave": {}}]}, by="test")
    return actions.create("Welcome", START, by="test")


def steps_of(journey: Journey) -> list[dict[str, Any]]:
    """Without their ids."""
    journey.refresh_from_db()
    return [ids.forgotten(step) for step in journey.definition["steps"]]


def put_in(client: Client, journey: Journey, kind: str, *address: Any) -> Any:
    return client.post(f"/journeys/{journey.pk}/steps/", {"kind": kind, "address": json.dumps(address)})


def test_every_kind_of_step_can_be_put_in_opened_and_saved_and_is_the_same(marketer, journey):
    """PAINS 13."""
    assert set(KINDS) == set(FORMS) == set(STEPS)
    for place, kind in enumerate(KINDS, 1):
        assert put_in(marketer, journey, kind, place).status_code == 302
    before = steps_of(journey)
    page = marketer.get(f"/journeys/{journey.pk}/")
    cards = page.context["track"].cards
    assert [card.step.KIND for card in cards] == ["wait", *KINDS]
    for card in cards:
        posted = {
            f"{card.form.prefix}-{name}": value for name, value in card.form.initial.items() if value is not False
        }
        answer = marketer.post(f"/journeys/{journey.pk}/steps/{card.position}/", posted)
        assert answer.status_code == 302, (card.step.KIND, answer.context and answer.context["form"])
    assert [parse(step, "$") for step in steps_of(journey)] == [parse(step, "$") for step in before]


def test_a_step_is_put_in_on_a_way_and_moved_copied_and_taken_out_with_its_ways(marketer, journey):
    put_in(marketer, journey, "check", 1)
    put_in(marketer, journey, "leave", 1, "yes", 0)
    assert steps_of(journey) == [*START["steps"], {**CHECK, "ways": {"yes": [{"leave": {}}]}}]
    post = lambda deed, *address: marketer.post(  # noqa: E731
        f"/journeys/{journey.pk}/{deed}/", {"address": json.dumps(address)}
    )
    post("copy", 1)
    post("up", 2)
    post("up", 1)
    with_way = {**CHECK, "ways": {"yes": [{"leave": {}}]}}
    assert steps_of(journey) == [with_way, *START["steps"], with_way]
    post("remove", 0, "yes", 0)
    post("down", 0)
    assert steps_of(journey) == [*START["steps"], {**CHECK, "ways": {"yes": []}}, with_way]
    post("remove", 1)
    assert steps_of(journey) == [*START["steps"], with_way]


def test_a_step_goes_anywhere_with_all_that_is_on_its_ways(marketer, journey):
    put_in(marketer, journey, "check", 0)
    put_in(marketer, journey, "leave", 0, "yes", 0)
    put_in(marketer, journey, "check", 2)
    move = lambda source, target: marketer.post(  # noqa: E731
        f"/journeys/{journey.pk}/move/", {"moving": json.dumps(source), "address": json.dumps(target)}
    )
    [wait], inner = START["steps"], {**CHECK, "ways": {"yes": [{"leave": {}}]}}
    assert steps_of(journey) == [inner, wait, CHECK]
    assert move([1], [0, "yes", 0]).status_code == 302
    assert steps_of(journey) == [{**CHECK, "ways": {"yes": [wait, {"leave": {}}]}}, CHECK]
    move([0], [1, "no", 0])
    whole = {**CHECK, "ways": {"yes": [wait, {"leave": {}}]}}
    assert steps_of(journey) == [{**CHECK, "ways": {"no": [whole]}}]
    move([0, "no", 0, "yes", 0], [0])
    assert steps_of(journey) == [wait, {**CHECK, "ways": {"no": [inner]}}]
    move([1], [1, "no", 0])
    move([0], [2])
    assert steps_of(journey) == [{**CHECK, "ways": {"no": [inner]}}, wait]
    named = [place.id for place in definition.parse(journey.definition).layout.first]
    move([1], [0])
    journey.refresh_from_db()
    assert [place.id for place in definition.parse(journey.definition).layout.first] == named[::-1], "it stays itself"
    for source, target in (([9], [0]), ([0], [9]), ([0], [1, "yes"])):
        assert move(source, target).status_code == 404
    page = marketer.get(f"/journeys/{journey.pk}/?moving=[0]").content.decode()
    assert page.count(f'action="/journeys/{journey.pk}/move/"') == 9 and "Put a step in here" not in page


def test_new_settings_keep_what_stands_on_the_ways(marketer, journey):
    put_in(marketer, journey, "check", 1)
    put_in(marketer, journey, "leave", 1, "no", 0)
    form = {"step-1-property": "total", "step-1-op": "lt", "step-1-value": "20.5"}
    marketer.post(f"/journeys/{journey.pk}/steps/1/", form)
    changed = {"check": {"entry": {"property": "total", "op": "lt", "value": 20.5}}, "ways": {"no": [{"leave": {}}]}}
    assert steps_of(journey)[1] == changed


def test_each_change_can_be_taken_back_one_after_the_other(marketer, journey):
    put_in(marketer, journey, "leave", 1)
    put_in(marketer, journey, "ask", 0)
    assert len(steps_of(journey)) == 3
    for left in (2, 1, 1):
        marketer.post(f"/journeys/{journey.pk}/undo/")
        assert len(steps_of(journey)) == left
    assert journey.definition == START and journey.earlier == []


def test_what_cannot_be_is_said_and_changes_nothing(marketer, journey):
    answer = marketer.post(f"/journeys/{journey.pk}/remove/", {"address": "[0]"}, follow=True)
    assert "at least one step" in answer.content.decode() and steps_of(journey) == START["steps"]
    for address in ("", "[]", "[9]", "[0, 1]", '["yes"]', '[0, "yes"]', '[0, "yes", 0]', "[null]", "[[0]]", "{}"):
        assert marketer.post(f"/journeys/{journey.pk}/remove/", {"address": address}).status_code == 404, address
    assert put_in(marketer, journey, "fly", 0).status_code == 404
    assert put_in(marketer, journey, "leave", 9).status_code == 404
    assert steps_of(journey) == START["steps"]


def test_htmx_gets_the_changed_journey_alone_with_the_new_step_open(marketer, journey):
    answer = marketer.post(
        f"/journeys/{journey.pk}/steps/", {"kind": "ask", "address": "[1]"}, headers={"HX-Request": "true"}
    )
    page = answer.content.decode()
    assert answer.status_code == 200 and page.lstrip().startswith('<section id="builder"') and "<html" not in page
    assert [card.is_open for card in answer.context["track"].cards] == [False, True]


def test_a_coupon_without_a_pool_says_what_to_do(marketer, journey):
    CouponPool.objects.all().delete()
    put_in(marketer, journey, "coupon", 0)
    answer = marketer.post(f"/journeys/{journey.pk}/steps/0/", {})
    page = answer.content.decode()
    assert answer.status_code == 422 and "There is no coupon pool yet. Make one" in page and "/coupons/new/" in page


def test_shares_that_are_no_shares_are_named(marketer, journey):
    put_in(marketer, journey, "split", 0)
    for shares, said in (("A 50\nB", "this is none: B"), ("A 50\nB 40", "make 100 together")):
        answer = marketer.post(f"/journeys/{journey.pk}/steps/0/", {"step-0-shares": shares})
        assert answer.status_code == 422 and said in answer.content.decode()
    assert steps_of(journey)[0]["split"]["shares"] == {"A": 50, "B": 50}


def test_a_colleague_answers_for_the_people_who_are_ticked(agent):
    question = {"ask": {"question": "Call her?"}, "ways": {"yes": [{"leave": {"because": "called"}}]}}
    made = actions.create("Ask", {"entry": {"event": "Signed Up"}, "steps": [question]}, by="test")
    actions.publish(made, by="test")
    story(sends("Signed Up"), sends("Signed Up", by="joao"))
    amina, joao = Enrollment.objects.order_by("pk")
    agent.post(f"/journeys/{made.pk}/people/yes/", {"id": [amina.pk]})
    agent.post(f"/journeys/{made.pk}/people/no/", {"id": [joao.pk]})
    amina.refresh_from_db()
    joao.refresh_from_db()
    assert [amina.context.get("_answer"), joao.context.get("_answer")] == ["yes", "no"]


def test_a_fresh_step_of_each_kind_can_run(journey):
    for kind in KINDS:
        step = parse(fresh(kind), "$")
        assert step.sentence() and form_for(step, 0)


def test_an_address_that_leads_nowhere_is_an_error():
    for address in ((1,), (0, "yes", 5), (-1,), (0, "yes", 0, "no", 0)):
        with pytest.raises(LookupError):
            draft.remove(START, address)
    assert START == {"entry": {"event": "Signed Up"}, "steps": [{"wait": {"days": 1}}]}


WRITTEN: dict[str, dict[str, Any]] = {
    "wait": {"minutes": 90, "quiet": True},
    "wait_until": {"at": "17:45", "weekdays": [0, 4]},
    "wait_date": {"trait": "renewal", "days": -14, "every": "month", "at": "08:15"},
    "wait_for": {
        "happens": {"event": ["A", "B"], "where": [{"property": "value", "op": "gt", "value": 9.5},
                                                  {"property": "tier", "op": "in", "value": ["gold", "tin"]}]},
        "within": {"minutes": 90},
    },
    "send": {"template": "text", "channel": "sms", "late_days": 3},
    "branch": {"if": {"any": [{"trait": "country", "op": "is", "value": "RW"}, {"rfm": "champions"}]}},
    "check": {"entry": {"property": "reply.tier", "op": "not_in", "value": ["gold", "tin"]}},
    "reaction": {"template": "text", "did": "bounced"},
    "split": {"shares": {"A": 50, "the other one": 50}, "salt": "spring"},
    "experiment": {"shares": {"A": 40, "B": 40, "C": 20}, "holdout": "C", "certainty": 90, "fewest": 50, "salt": "x"},
    "coupon": {"pool": 0},
    "recommend": {"count": 2},
    "task": {"title": "Write a card", "colleague": "gone@example.test", "within_days": 0},
    "webhook": {"url": "https://example.com/a?b=c", "with_person": True},
    "rate": {"most": 7, "per": "day"},
    "update": {"trait": "stage", "value": 1.5},
    "consent": {"how": "note", "channel": "sms", "topic": "news", "wording": "They bought."},
    "unsubscribe": {"channel": "sms", "topic": "news"},
    "ask": {"question": "Call?", "within": {"hours": 36}},
    "hand_over": {"journey": 0},
    "leave": {"because": "enough"},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_what_a_step_says_is_shown_and_written_again_whatever_it_says(journey, kind):
    """PAINS 13: also where something else on the form was changed, so that it is not kept as it was."""
    Template.objects.create(key="text", name="text", channel="sms", subject="", body="Hello")
    written = dict(WRITTEN.get(kind) or fresh(kind)[kind])
    if kind == "coupon":
        written["pool"] = CouponPool.objects.get().pk
    if kind == "hand_over":
        written["journey"] = Journey.objects.get(name="By hand").pk
    step = parse({kind: written}, "$")
    form = form_for(step, 3)
    shown = {name: value for name, value in form.initial.items() if value is not None and value is not False}
    bound = form_for(step, 3, {f"step-3-{name}": value for name, value in shown.items()})
    assert bound.is_valid(), bound.errors
    assert not bound.has_changed()
    assert parse(bound.settings(), "$") == step
