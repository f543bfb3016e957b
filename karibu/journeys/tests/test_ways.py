"""Journeys with ways: branches, chance, waits for something, colleagues who answer, other journeys and segments."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from karibu.consents.queries import in_force
from karibu.customers.models import Customer
from karibu.journeys import actions
from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.models import Enrollment, Journey, Passage
from karibu.journeys.steps import parse as step
from karibu.journeys.story import Story, does, expects, expects_messages, sends, sends_together, story, waits
from karibu.messages.models import Message, Template
from karibu.messages.status import Status
from karibu.segments import actions as segments
from karibu.segments import membership

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def templates() -> None:
    for key in ("one", "two", "three"):
        Template.objects.create(key=key, name=key, subject=key, body="Hello", is_marketing=False)


def send(key: str) -> dict[str, Any]:
    return {"send": {"template": key}}


def live(*steps: dict[str, Any], entry: dict[str, Any] | None = None, **more: Any) -> Journey:
    definition = {"entry": entry or {"event": "Signed Up"}, "steps": list(steps), **more}
    return actions.publish(actions.create("A journey", definition, by="test"), by="test")


def told_to(told: Story, name: str = "amina") -> list[str]:
    mine = Message.objects.filter(customer_id=told.person(name)).order_by("id")
    return list(mine.values_list("template__key", flat=True))


def test_who_meets_the_condition_goes_one_way_and_everybody_on_together_behind_it():
    live(
        {
            "branch": {"if": {"trait": "country", "op": "is", "value": "RW"}},
            "ways": {"yes": [send("one")], "no": [send("two")]},
        },
        send("three"),
    )
    told = Story()
    Customer.objects.filter(pk=told.person("amina")).update(country="RW")
    Customer.objects.filter(pk=told.person("joao")).update(country="BR")
    story(sends("Signed Up"), sends("Signed Up", by="joao"), told=told)
    assert told_to(told) == ["one", "three"] and told_to(told, "joao") == ["two", "three"]
    assert Enrollment.objects.filter(status="finished").count() == 2


def test_a_way_without_steps_goes_on_behind_and_ways_nest():
    inner = {"check": {"entry": {"property": "plan", "op": "is", "value": "gold"}}, "ways": {"yes": [send("two")]}}
    live(
        {
            "check": {"entry": {"property": "total", "op": "gte", "value": 50}},
            "ways": {"yes": [inner, send("one")]},
        },
        send("three"),
    )
    told = story(
        sends("Signed Up", total=60, plan="gold"),
        sends("Signed Up", by="joao", total=60, plan="tin"),
        sends("Signed Up", by="thandi", total=5, plan="gold"),
        sends("Signed Up", by="neema"),
    )
    assert told_to(told) == ["two", "one", "three"]
    assert told_to(told, "joao") == ["one", "three"]
    assert told_to(told, "thandi") == told_to(told, "neema") == ["three"]


def test_who_leaves_on_a_way_does_not_go_on_behind_it():
    live(
        {
            "check": {"entry": {"property": "total", "op": "exists"}},
            "ways": {"no": [{"leave": {"because": "bought nothing"}}]},
        },
        send("three"),
    )
    told = story(sends("Signed Up"), expects("left", 1, reason="bought nothing"), expects_messages(0))
    story(sends("Signed Up", by="joao", total=3), expects_messages(1, to="joao"), told=told)


def test_chance_is_the_same_for_the_same_person_and_keeps_the_shares():
    split = step({"split": {"shares": {"A": 50, "B": 40, "holdout": 10}, "salt": "spring"}}, "$")
    drawn = [split.way_of(number, "7:spring") for number in range(20_000)]
    assert drawn == [split.way_of(number, "7:spring") for number in range(20_000)]
    assert drawn[:200] != [split.way_of(number, "7:autumn") for number in range(200)]
    shares = Counter(drawn)
    assert abs(shares["A"] - 10_000) < 300 and abs(shares["B"] - 8_000) < 300 and abs(shares["holdout"] - 2_000) < 200


def test_everybody_goes_one_way_where_it_has_all_of_the_shares():
    live({"split": {"shares": {"A": 0, "B": 100}}, "ways": {"A": [send("one")], "B": [send("two")]}})
    assert told_to(story(sends("Signed Up"))) == ["two"]


ORDERED = {
    "wait_for": {"happens": {"event": "Order Completed"}, "within": {"days": 2}},
    "ways": {"happened": [send("one")], "late": [send("two")]},
}


def test_what_somebody_waits_for_lets_them_go_on_at_once_and_else_it_is_late():
    live(ORDERED)
    told = story(
        sends("Signed Up"),
        sends("Signed Up", by="joao"),
        waits(days=1),
        sends("Order Completed", order_id="1"),
        expects_messages(1),
        expects_messages(0, to="joao"),
        waits(hours=23, minutes=59),
        expects_messages(0, to="joao"),
        waits(minutes=1),
    )
    assert told_to(told) == ["one"] and told_to(told, "joao") == ["two"]


def test_what_happened_before_somebody_came_to_the_wait_does_not_count_and_its_conditions_hold():
    expensive = {"event": "Order Completed", "where": [{"property": "value", "op": "gte", "value": 100}]}
    live(
        {"wait": {"hours": 1}},
        {"wait_for": {"happens": expensive, "within": {"days": 1}}, "ways": {"happened": [send("one")]}},
    )
    told = story(
        sends("Signed Up"),
        waits(minutes=30),
        sends("Order Completed", order_id="1", value=500),
        waits(minutes=31),
        expects("active", 1, step=1),
        sends("Order Completed", order_id="2", value=20),
        expects("active", 1, step=1),
        sends("Order Completed", order_id="3", value=100, by="joao"),
        expects("active", 1, step=1),
        sends("Order Completed", order_id="4", value=100),
        expects("finished", 1),
    )
    assert told_to(told) == ["one"]


def test_several_events_in_one_batch_wake_somebody_once():
    live(ORDERED)
    told = story(
        sends("Signed Up"),
        waits(minutes=1),
        sends_together(("Order Completed", {"order_id": "1"}), ("Order Completed", {"order_id": "2"})),
    )
    assert told_to(told) == ["one"] and Passage.objects.filter(kind="wait_for").count() == 1


WITH_ERROR = {**send("one"), "ways": {"sent": [send("two")], "failed": [send("three")]}}


@pytest.mark.parametrize(("became", "next_"), [("sent", "two"), ("failed", "three"), ("refused", "three")])
def test_a_failed_send_takes_the_way_for_errors_and_stalls_nobody(became, next_):
    """PAINS 8."""
    live(WITH_ERROR)
    told = story(sends("Signed Up"), waits(seconds=30), expects("active", 1, step=0), expects_messages(1))
    Message.objects.update(status=Status(became))
    story(waits(minutes=2), expects("finished", 1), told=told)
    assert told_to(told) == ["one", next_]


def test_a_send_without_ways_does_not_wait_for_what_becomes_of_it():
    live(send("one"), send("two"))
    assert told_to(story(sends("Signed Up"), expects("finished", 1))) == ["one", "two"]


def test_a_colleague_is_asked_and_their_word_shows_the_way():
    question = {
        "ask": {"question": "Call her?", "within": {"days": 3}},
        "ways": {"yes": [send("one")], "late": [send("two")]},
    }
    live(question)
    told = story(sends("Signed Up"), sends("Signed Up", by="joao"), sends("Signed Up", by="thandi"), waits(days=1))
    stand = {e.customer_id: e.pk for e in Enrollment.objects.filter(status="active")}
    say = lambda name, word: actions.answer([stand[told.person(name)]], word, by="a", now=told.now)  # noqa: E731
    story(does(lambda: say("amina", "yes")), does(lambda: say("joao", "no")), waits(days=2), told=told)
    assert (told_to(told), told_to(told, "joao"), told_to(told, "thandi")) == (["one"], [], ["two"])
    assert list(Passage.objects.filter(kind="ask").order_by("id").values_list("outcome", flat=True)) == [
        "yes",
        "no",
        "late",
    ]


def test_an_answer_to_nobody_who_was_asked_changes_nothing():
    live({"wait": {"hours": 1}}, send("one"))
    told = story(sends("Signed Up"))
    before = Enrollment.objects.values().get()
    assert actions.answer([before["id"]], "yes", by="a", now=told.now) == 0
    assert Enrollment.objects.values().get() == before


def test_a_journey_hands_people_over_once_and_goes_on():
    other = live(send("two"), entry={"by_hand": True})
    live({"hand_over": {"journey": other.pk}}, send("one"), reentry="always")
    told = story(sends("Signed Up"), sends("Signed Up"))
    assert sorted(told_to(told)) == ["one", "one", "two"]


def test_hand_overs_in_a_circle_or_to_nobody_are_not_published():
    first = actions.create("First", {"entry": {"by_hand": True}, "steps": [send("one")]}, by="test")
    second = live({"hand_over": {"journey": first.pk}}, entry={"by_hand": True})
    actions.edit(
        first, definition={"entry": {"by_hand": True}, "steps": [{"hand_over": {"journey": second.pk}}]}, by="t"
    )
    with pytest.raises(DefinitionError, match="circle"):
        actions.publish(Journey.objects.get(pk=first.pk), by="test")
    with pytest.raises(DefinitionError, match="no such journey"):
        live({"hand_over": {"journey": 10_000}})


def test_people_are_put_in_by_hand_where_the_journey_takes_them_so():
    by_hand, by_event = live(send("one"), entry={"by_hand": True}), live(send("two"))
    told = Story()
    ids = [told.person("amina"), told.person("joao")]
    assert actions.put_in(by_hand, ids, by="a", now=told.now) == 2
    assert actions.put_in(by_hand, ids, by="a", now=told.now) == 0
    assert actions.put_in(by_event, ids, by="a", now=told.now) == 0
    story(waits(seconds=1), expects_messages(1), expects_messages(1, to="joao"), told=told)


def test_entering_and_leaving_a_segment_bring_people_in():
    segment = segments.create("Rwanda", {"trait": "country", "op": "is", "value": "RW"}, by="test")
    live(send("one"), entry={"segment": segment.pk})
    live(send("two"), entry={"segment": segment.pk, "left": True})
    told = Story()
    ids = pa.array(sorted([told.person("amina"), told.person("joao")]), pa.int64())
    membership.rebuild(segment.pk, ids, told.now)
    story(waits(seconds=1), told=told)
    membership.rebuild(segment.pk, ids.slice(0, 1), told.now)
    story(waits(seconds=1), told=told)
    stays, went = [[name for name in ("amina", "joao") if told.person(name) == n] for n in ids.to_pylist()]
    assert told_to(told, stays[0]) == ["one"] and told_to(told, went[0]) == ["one", "two"]


def test_a_trait_is_noted_but_never_a_name_or_an_address():
    live({"update": {"trait": "tier", "value": "gold"}})
    told = story(sends("Signed Up"), expects("finished", 1))
    assert Customer.objects.get(pk=told.person("amina")).traits["tier"] == "gold"
    with pytest.raises(DefinitionError):
        parse({"entry": {"event": "X"}, "steps": [{"update": {"trait": "email", "value": "a@b.example"}}]})


def test_the_sunset_of_the_sleeping_withdraws_and_can_never_give():
    live({"unsubscribe": {"channel": "email"}})
    told = story(sends("Signed Up"), expects("finished", 1))
    assert in_force([told.person("amina")], "email") == {told.person("amina"): "withdrawn"}


@pytest.mark.parametrize(
    ("zone", "arrived", "at", "days", "due"),
    [
        ("Africa/Kigali", "2026-03-02T06:59:00Z", "09:00", [], "2026-03-02T07:00:00Z"),
        ("Africa/Kigali", "2026-03-02T07:00:00Z", "09:00", [], "2026-03-02T07:00:00Z"),
        ("Africa/Kigali", "2026-03-02T07:00:01Z", "09:00", [], "2026-03-03T07:00:00Z"),
        ("Asia/Shanghai", "2026-03-02T17:00:00Z", "00:30", [], "2026-03-03T16:30:00Z"),
        ("Africa/Kigali", "2026-03-02T12:00:00Z", "09:00", [0], "2026-03-09T07:00:00Z"),
        ("Pacific/Kiritimati", "2026-03-01T09:00:00Z", "09:00", [0, 6], "2026-03-01T19:00:00Z"),
        # clock changes: 02:30 does not exist, and comes twice
        ("Europe/Berlin", "2026-03-28T12:00:00Z", "02:30", [], "2026-03-29T01:30:00Z"),
        ("Europe/Berlin", "2026-10-24T12:00:00Z", "02:30", [], "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "2026-10-25T00:30:01Z", "02:30", [], "2026-10-26T01:30:00Z"),
        ("America/New_York", "2026-03-07T12:00:00Z", "02:30", [], "2026-03-08T07:30:00Z"),
        ("America/New_York", "2026-10-31T12:00:00Z", "01:30", [], "2026-11-01T05:30:00Z"),
        ("America/Santiago", "2026-09-05T12:00:00Z", "00:30", [], "2026-09-06T04:30:00Z"),
        ("Africa/Cairo", "2026-04-23T12:00:00Z", "00:30", [], "2026-04-23T22:30:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T10:00:00Z", "02:15", [], "2026-10-03T15:45:00Z"),
        ("nowhere", "2026-03-02T12:00:00Z", "09:00", [], "2026-03-03T09:00:00Z"),
    ],
)
def test_the_hour_is_that_of_the_persons_wall_also_in_the_nights_of_a_clock_change(zone, arrived, at, days, due):
    """PAINS 12."""
    customer = Customer.objects.create(name="A", created_at=datetime.now(UTC), is_anonymous=False, timezone=zone)
    wait = step({"wait_until": {"at": at, "weekdays": days}}, "$")
    [found] = wait.dues([customer.pk], [datetime.fromisoformat(arrived)])
    assert found == datetime.fromisoformat(due)


def test_no_hour_loops_or_leaves_a_hole_however_somebody_arrives():
    """PAINS 12: from each quarter of an hour of both nights it is at most 25 hours, and never the past."""
    wait = step({"wait_until": {"at": "02:30"}}, "$")
    for zone in ("Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe"):
        customer = Customer.objects.create(name="A", created_at=datetime.now(UTC), is_anonymous=False, timezone=zone)
        for month in range(1, 13):
            begun = datetime(2026, month, 1, tzinfo=UTC)
            moments = [begun + timedelta(minutes=15 * n) for n in range(0, 31 * 96, 7)]
            for arrived, due in zip(moments, wait.dues([customer.pk] * len(moments), moments), strict=True):
                assert timedelta(0) <= due - arrived <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ([{"branch": {"if": {"trait": "x", "op": "is"}}}], "$.steps[0].branch.if.value"),
        ([{"branch": {}}], "$.steps[0].branch"),
        ([{**ORDERED, "ways": {"maybe": []}}], "$.steps[0].ways.maybe"),
        ([{**ORDERED, "ways": {"late": {}}}], "$.steps[0].ways.late"),
        ([{**ORDERED, "ways": []}], "$.steps[0].ways"),
        ([{**ORDERED, "ways": {"late": [{"fly": {}}]}}], "$.steps[0].ways.late[0]"),
        ([{"wait": {"hours": 1}, "ways": {"yes": []}}], "$.steps[0].ways.yes"),
        ([{"split": {"shares": {"A": 50, "B": 40}}}], "$.steps[0].split.shares"),
        ([{"split": {"shares": {"A": 100}}}], "$.steps[0].split.shares"),
        ([{"wait_until": {"at": "9 o'clock"}}], "$.steps[0].wait_until.at"),
        ([{"wait_until": {"at": "09:00", "weekdays": [7]}}], "$.steps[0].wait_until.weekdays"),
        ([{"ask": {"question": " "}}], "$.steps[0].ask.question"),
        ([7], "$.steps[0]"),
    ],
)
def test_what_cannot_run_is_refused_with_its_path(steps, path):
    with pytest.raises(DefinitionError) as caught:
        parse({"entry": {"event": "X"}, "steps": steps})
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ({"segment": 3, "event": "X"}, "$.entry"),
        ({"by_hand": True, "key": "cart_id"}, "$.entry"),
        ({"left": True, "event": "X"}, "$.entry.left"),
        ({}, "$.entry.event"),
    ],
)
def test_there_is_one_way_in(entry, path):
    with pytest.raises(DefinitionError) as caught:
        parse({"entry": entry, "steps": [send("one")]})
    assert caught.value.path == path


def test_a_segment_that_is_gone_is_refused_at_publishing_and_lets_nobody_through_later():
    segment = segments.create("Rwanda", {"trait": "country", "op": "is", "value": "RW"}, by="test")
    branch = {"branch": {"if": {"segment": segment.pk}}, "ways": {"yes": [send("one")], "no": [send("two")]}}
    live(branch)
    segments.archive(segment, by="test")
    assert told_to(story(sends("Signed Up"))) == ["two"]
    with pytest.raises(DefinitionError):
        live(send("one"), entry={"segment": segment.pk})


def test_ways_deeper_than_anybody_reads_are_refused():
    steps: list[dict[str, Any]] = [send("one")]
    for _ in range(200):
        steps = [{"check": {"entry": {"property": "a", "op": "exists"}}, "ways": {"yes": steps}}]
    with pytest.raises(DefinitionError):
        parse({"entry": {"event": "X"}, "steps": steps})


def test_the_sentence_says_the_ways():
    said = parse({"entry": {"event": "Signed Up"}, "steps": [ORDERED]}).sentence()
    assert said == (
        "When someone signs up (once only): wait until the person orders, at most 2 days (it happened: send “one” by "
        "e-mail; too late: send “two” by e-mail)."
    )
