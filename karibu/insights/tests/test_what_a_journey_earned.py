"""What a journey, a version and a step earned that would not have come anyway: only where chance parted people."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import time_machine

from karibu.campaigns import earned, stats
from karibu.customers.models import Customer
from karibu.insights import compared, journeys
from karibu.insights.tests.shop import make_order
from karibu.journeys import actions, draw
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.story import Story, does, sends, story, waits
from karibu.messages import holdout, send
from karibu.messages.models import Mail, Message, Rules, Template
from karibu.messages.tests.cast import says, the_shop

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
SEND = {"id": "mail", "send": {"template": "cart-reminder"}}
REST = {"id": "rest", "wait": {"days": 9}}
orders = count(1)
CROWD = 30  # of whom chance puts fewer than two on one side once in thirty million times


def published(*steps: Any, **rules: Any) -> Journey:
    raw = {"entry": {"event": "Signed Up"}, "steps": list(steps), **rules}
    return actions.publish(actions.create("Welcome", raw, by="test"), by="test")


def enter(told: Story, names: list[str]) -> None:
    story(*[sends("Signed Up", by=name) for name in names], told=told)


def buys(told: Story, name: str, total: str, hours: float = 1) -> None:
    at = told.now + timedelta(hours=hours)
    make_order(f"o-{next(orders)}", customer=told.person(name), at=at, total=total)


def held(told: Story, names: list[str]) -> list[str]:
    out = set(Enrollment.objects.filter(status="held").values_list("customer_id", flat=True))
    return [name for name in names if told.person(name) in out]


def earned_by(journey: Journey, days: int = 30) -> compared.Compared:
    return compared.of(journey, days)


def figures(one: dict[str, Any] | None) -> tuple[Any, ...]:
    assert one is not None
    return one["people"], one["held_out"], one["revenue"]


def test_whom_a_journey_holds_out_nothing_happens_to_and_what_the_others_spend_more_is_what_it_earned():
    journey, told = published(SEND, REST, holdout=50, goal={"event": "Order Completed"}), Story(now=NOW)
    names = [f"p{n}" for n in range(CROWD)]
    enter(told, names)
    out = held(told, names)
    rest = [name for name in names if name not in out]
    assert out and rest
    assert out == [name for name in names if draw.is_held(told.person(name), 50, journey.pk)]
    assert sorted(Message.objects.values_list("customer_id", flat=True)) == sorted(map(told.person, rest))
    for name in rest:
        buys(told, name, "10.00")
    buys(told, out[0], "4.00")
    story(*[sends("Order Completed", by=name, order_id=name) for name in (rest[0], out[0])], told=told)
    found, said = earned_by(journey), journeys.figures(journey)
    expected = (10 - Decimal(4) / len(out)) * len(rest)
    assert figures(found.whole) == (len(rest), len(out), expected.quantize(Decimal("0.01")))
    assert found.by == ["journey"] and found.versions[1] == found.whole == said["incremental"]
    assert (said["entries"], said["held_out"], said["conversions"]) == (len(rest), len(out), 1)
    assert Enrollment.objects.exclude(converted_at=None).count() == 2, "who is held out is followed to the goal, too"
    assert [row["incremental"] for row in said["steps"]] == [None, None]


def test_a_version_is_judged_by_those_it_drew_itself_wherever_they_stand_now():
    """Moved to the next version are those who have not ordered yet: counted there, they would be the worse half."""
    journey, told = published(REST, SEND, holdout=50), Story(now=NOW)
    first, second = [f"a{n}" for n in range(CROWD)], [f"b{n}" for n in range(CROWD)]
    enter(told, first)
    later = {**journey.definition, "steps": [REST, {"id": "other", "send": {"template": "welcome"}}]}
    publish = lambda: actions.publish(actions.edit(journey, definition=later, by="test"), by="test", inside="before")  # noqa: E731
    story(waits(hours=1), does(publish), told=told)
    enter(told, second)
    assert Enrollment.objects.filter(version=2).exclude(status="held").count() > len(second) - len(held(told, second))
    for name in first:
        buys(told, name, "9.00" if name in held(told, first) else "12.00")
    for name in second:
        buys(told, name, "5.00" if name in held(told, second) else "4.00")
    found = earned_by(journey)
    numbers = [(len(names) - len(held(told, names)), len(held(told, names))) for names in (first, second)]
    assert all(min(pair) > 1 for pair in numbers)
    assert [figures(found.versions[n]) for n in (1, 2)] == [
        (*numbers[0], Decimal(3 * numbers[0][0])),
        (*numbers[1], Decimal(-numbers[1][0])),
    ]
    assert found.whole["revenue"] == 3 * numbers[0][0] - numbers[1][0], "each draw is compared with itself"


def test_a_message_that_skips_some_is_compared_with_itself_on_them():
    journey, told = published({**SEND, "send": {**SEND["send"], "holdout": 50}}, REST), Story(now=NOW)
    the_shop()
    names = [f"p{n}" for n in range(CROWD + 1)]
    for name in names[:-1]:
        reachable(told, name)
    enter(told, names)
    gate(told)
    skipped = [name for name in names[:-1] if draw.is_skipped(told.person(name), 50, journey.pk, 0)]
    assert 0 < len(skipped) < CROWD and Mail.objects.count() == CROWD - len(skipped)
    assert Enrollment.objects.filter(status="active", step=1).count() == CROWD + 1, (
        "who is skipped goes on like the others"
    )
    for name in names:
        buys(told, name, "2.00" if name in skipped else "5.00")
    [mail, _rest] = sorted(journeys.figures(journey)["steps"], key=lambda row: row["position"])
    assert figures(mail["incremental"]) == (CROWD - len(skipped), len(skipped), Decimal(3 * (CROWD - len(skipped))))
    assert earned_by(journey).whole["revenue"] is None, "the journey as a whole held nobody out"


def test_the_share_of_the_rules_is_compared_as_the_gate_keeps_it():
    Rules.objects.update_or_create(pk=1, defaults={"holdout_percent": 50, "holdout_draw": "1"})
    journey, told = published(SEND, REST), Story(now=NOW)
    the_shop()
    names = [f"p{n}" for n in range(CROWD)]
    for name in names:
        reachable(told, name)
    enter(told, [*names, "nobody's address"])
    gate(told)
    refused = Message.objects.filter(reason="holdout").values_list("customer_id", flat=True)
    out = [name for name in names if told.person(name) in set(refused)]
    assert 0 < len(out) < CROWD and Mail.objects.count() == CROWD - len(out)
    for name in names:
        buys(told, name, "1.00" if name in out else "3.00")
    found = earned_by(journey)
    assert figures(found.whole) == (CROWD - len(out), len(out), Decimal(2 * (CROWD - len(out)))) and found.by == [
        "rules"
    ]
    assert found.versions[1] == found.whole and not found.steps


def test_whom_the_rules_hold_out_is_in_neither_group_of_a_message_that_skips_some():
    """They get no other marketing either: among those skipped they would be of another kind than those written to."""
    Rules.objects.update_or_create(pk=1, defaults={"holdout_percent": 50, "holdout_draw": "1"})
    journey, told = published({**SEND, "send": {**SEND["send"], "holdout": 50}}), Story(now=NOW)
    the_shop()
    names = [f"p{n}" for n in range(2 * CROWD)]
    for name in names:
        reachable(told, name)
    enter(told, names)
    gate(told)
    open_to_all = [told.person(name) for name in names if not holdout.holds(told.person(name), 50, "1")]
    skipped = [number for number in open_to_all if draw.is_skipped(number, 50, journey.pk, 0)]
    assert 0 < len(skipped) < len(open_to_all) < 2 * CROWD
    found = earned_by(journey).steps[1, 0]["incremental"]
    assert figures(found) == (len(open_to_all) - len(skipped), len(skipped), Decimal("0.00"))


def test_who_ordered_while_a_message_waited_for_the_morning_counts_with_those_written_to():
    journey, told = published({**SEND, "send": {**SEND["send"], "holdout": 50}}, REST), Story(now=NOW)
    enter(told, [f"p{n}" for n in range(4)])
    Message.objects.update(created_at=NOW, is_holdout=False, status="sent")
    one, other = Message.objects.order_by("pk")[:2]
    held_back = [{"at": NOW.isoformat(), "status": "held", "reason": "quiet_hours"}]
    Message.objects.filter(pk=one.pk).update(status="refused", reason="cart_ordered", history=held_back)
    Message.objects.filter(pk=other.pk).update(is_holdout=True, status="refused", reason="holdout")
    assert earned_by(journey).steps[1, 0]["incremental"]["people"] == 3


@pytest.mark.parametrize(
    ("ways", "behind", "out"),
    [
        ({"A": [SEND]}, [], ["B"]),
        ({"A": [], "B": [{"leave": {}}]}, [SEND], ["B"]),
        ({"A": [SEND], "B": [{"leave": {}}]}, [], ["B"]),
        ({"A": [SEND]}, [REST], ["B"]),
        ({"A": [SEND], "B": [{**SEND, "id": "b"}]}, [], []),
        ({"A": [{"leave": {}}], "B": []}, [], []),
    ],
)
def test_the_way_on_which_nothing_happens_is_the_holdout(ways, behind, out):
    split = {"id": "chance", "split": {"shares": {"A": 50, "B": 50}, "salt": "s"}, "ways": ways}
    journey, told = published(split, *behind), Story(now=NOW)
    enter(told, [f"p{n}" for n in range(CROWD)])
    for n in range(CROWD):
        buys(told, f"p{n}", "6.00")
    row = earned_by(journey).steps[1, 0]
    assert [way["way"] for way in row["ways"] if way["is_held_out"]] == out
    assert (row["incremental"] is None) is not bool(out)
    assert sum(way["people"] for way in row["ways"]) == CROWD
    assert all(way["incremental"] is None or way["incremental"]["revenue"] == 0 for way in row["ways"])


def test_a_version_that_held_out_many_before_a_feast_is_not_set_against_one_that_held_out_few_during_it():
    """The true effect is 2.00 a person: put into one pot the feast would look like an effect of its own."""
    before = (group([7] * 500), group([5] * 500))
    feast = (group([52] * 900), group([50] * 100))
    assert earned.more([before, feast], 30)["revenue"] == Decimal("2800.00")
    pot = earned.more([(earned.joined([before[0], feast[0]]), earned.joined([before[1], feast[1]]))], 30)
    assert pot["per_person"] > 20


def test_the_interval_over_several_draws_covers_the_true_effect_as_often_as_it_says():
    draws = random.Random(7)
    hits = 0
    for _ in range(300):
        pairs = [(spent(draws, 240, 0.10), spent(draws, 80, 0.08)), (spent(draws, 150, 0.30), spent(draws, 150, 0.25))]
        found = stats.total(pairs)
        assert found.low is not None and found.high is not None
        hits += found.low <= 240 * 0.02 * 30 + 150 * 0.05 * 30 <= found.high
    assert 0.92 <= hits / 300 <= 0.98


def test_one_draw_has_welchs_interval():
    one, other = group([10.0] * 12 + [0.0] * 88), group([10.0] * 11 + [0.0] * 139)
    each, whole = stats.difference(one, other), stats.total([(one, other)])
    assert whole.low == pytest.approx(each.low * 100) and whole.high == pytest.approx(each.high * 100)


def spent(draws: random.Random, people: int, rate: float) -> stats.Group:
    """Some of them buy, for 20 to 40."""
    return group([draws.uniform(20, 40) if draws.random() < rate else 0.0 for _ in range(people)])


def group(spendings: list[float]) -> stats.Group:
    return stats.Group(len(spendings), sum(spendings), sum(x * x for x in spendings), sum(x > 0 for x in spendings))


def reachable(told: Story, name: str) -> None:
    Customer.objects.filter(pk=told.person(name)).update(email=f"{name}@example.com", country="RW")
    says(Customer.objects.get(pk=told.person(name)), "given")


def gate(told: Story) -> None:
    """What is meant leaves, or does not; a story's messages are meant when the story says."""
    Template.objects.filter(key="cart-reminder").update(body="Hello")
    Message.objects.update(created_at=told.now)
    with time_machine.travel(told.now + timedelta(seconds=1), tick=False):
        while send.send_due():
            pass
