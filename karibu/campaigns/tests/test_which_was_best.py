"""Tests among templates, the holdout, and what a report says of them."""

import math
import random
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from karibu.campaigns import actions, assign, engine, flat, queries, report, stats, winner
from karibu.campaigns.actions import NotNow
from karibu.campaigns.models import HOLDOUT, REST, Campaign, Recipient
from karibu.campaigns.tests.crowd import BY, HOUR, again, fates, launched, people, run, segment, template
from karibu.messages.leaving import leave
from karibu.messages.models import Link, Message, Visit
from karibu.shop.models import Order

pytestmark = pytest.mark.django_db


def test_the_same_person_always_falls_into_the_same_place() -> None:
    one = Campaign(salt="a", holdout=10, templates=["x", "y"], test_share=20)
    other = Campaign(salt="b", holdout=10, templates=["x", "y"], test_share=20)
    first = [assign.arm(one, n) for n in range(20_000)]
    assert first == [assign.arm(one, n) for n in range(20_000)]
    share = {arm: first.count(arm) / 20_000 for arm in (HOLDOUT, 0, 1, REST)}
    assert share[HOLDOUT] == pytest.approx(0.10, abs=0.01)
    assert share[0] == pytest.approx(0.09, abs=0.01) and share[1] == pytest.approx(0.09, abs=0.01)
    assert share[REST] == pytest.approx(0.72, abs=0.015)
    both = sum(a == assign.arm(other, n) == HOLDOUT for n, a in enumerate(first)) / 20_000
    assert both == pytest.approx(0.01, abs=0.004), "who is held out once is no likelier to be held out again"


def click(message: Message, *, machine: bool = False) -> None:
    Visit.objects.create(message=message, kind="clicked", position=0, at=timezone.now(), is_machine=machine)
    if not machine:
        Message.objects.filter(pk=message.pk).update(clicked_at=timezone.now(), opened_at=timezone.now())


def buys(customer: int, worth: object, **more: object) -> None:
    known = {"placed_at": timezone.now(), "updated_at": timezone.now(), "total": worth, "total_converted": worth}
    Order.objects.create(order_id=f"o{Order.objects.count()}", customer_id=customer, currency="USD", **known | more)


def test_the_template_that_people_click_in_goes_to_the_rest() -> None:
    template("summer")
    one = launched(
        segment("A", people(200)),
        templates=["spring", "summer"],
        test_share=40,
        test_hours=2,
        goal="clicks",
        holdout=10,
    )
    run()
    assert set(Message.objects.filter(sender=one.sender, status="sent").values_list("step", flat=True)) == {"A", "B"}
    before = fates(one)["sent"]
    assert again(one).status == "sending", "the rest waits for the winner"
    for message in Message.objects.filter(sender=one.sender, status="sent", step="A"):
        click(message, machine=True)  # scanners count nowhere
    for message in Message.objects.filter(sender=one.sender, status="sent", step="B")[:10]:
        click(message)
    engine.advance(timezone.now() + HOUR)
    assert again(one).winner is None
    while engine.advance(timezone.now() + 3 * HOUR) == 0:
        pass
    run()
    chosen = again(one)
    assert (chosen.winner, chosen.winner_why["goal"]) == (1, "clicks") and chosen.winner_why["chance"] > 0.99
    found = fates(one)
    assert found["sent"] > before and found["sent"] + found["refused holdout"] == 200
    rest = Message.objects.filter(sender=one.sender, status="sent").order_by("-id")[: found["sent"] - before]
    assert {message.template.key for message in rest} == {"summer"}
    assert chosen.status == "sent"


def test_a_winner_can_be_chosen_by_hand_once() -> None:
    template("summer")
    one = launched(segment("A", people(60)), templates=["spring", "summer"], test_share=50)
    run()
    waiting = 60 - fates(one)["sent"]
    assert waiting > 0
    engine.advance(timezone.now() + 500 * HOUR)
    assert again(one).winner is None, "nobody said after which time"
    actions.choose_winner(one, 0, by=BY)
    run()
    assert fates(one) == {"sent": 60} and again(one).winner_why["by"] == BY
    with pytest.raises(NotNow):
        actions.choose_winner(one, 1, by=BY)


def test_what_it_earned_is_the_difference_to_those_held_out() -> None:
    one = launched(segment("A", people(600)), holdout=30)
    run()
    mine = Message.objects.filter(sender=one.sender)
    written, held = (list(mine.filter(status=s).values_list("customer_id", flat=True)) for s in ("sent", "refused"))
    draw = random.Random(4)
    spent: dict[bool, list[float]] = {True: [0.0] * len(written), False: [0.0] * len(held)}
    for group, ids, share in ((True, written, 0.3), (False, held, 0.15)):
        for n, who in enumerate(ids):
            if draw.random() < share:
                spent[group][n] = round(draw.uniform(10, 60), 2)
                buys(who, Decimal(str(spent[group][n])))
    buys(written[0], 1000, status="cancelled")
    buys(written[0], 1000, placed_at=timezone.now() + timedelta(days=6))
    buys(written[0], 1000, placed_at=timezone.now() - timedelta(days=1))
    found = report.figures(one)["incremental"]
    low, high = _welch(spent[True], spent[False])
    n = len(written)
    assert (found["people"], found["held_out"]) == (n, len(held))
    assert float(found["revenue"]) == pytest.approx(sum(spent[True]) - n * sum(spent[False]) / len(held), abs=0.02)
    assert float(found["low"]) == pytest.approx(low * n, rel=0.005)
    assert float(found["high"]) == pytest.approx(high * n, rel=0.005)
    assert found["low"] > 0


def _welch(one: list[float], other: list[float]) -> tuple[float, float]:
    """By the definition, row by row; 1.9649 is Student's 97.5 % point for the few hundred degrees of freedom here."""

    def mean_and_error(values: list[float]) -> tuple[float, float]:
        mean = sum(values) / len(values)
        return mean, sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values)

    (a, va), (b, vb) = mean_and_error(one), mean_and_error(other)
    reach = 1.9649 * math.sqrt(va + vb)
    return a - b - reach, a - b + reach


@pytest.mark.parametrize(("freedom", "known"), [(8, 2.306), (10, 2.228), (30, 2.042), (120, 1.980), (1e9, 1.960)])
def test_students_points_are_those_of_the_tables(freedom: float, known: float) -> None:
    assert stats.t_quantile(0.975, freedom) == pytest.approx(known, abs=0.002)


def test_with_too_few_buyers_no_interval_is_stated() -> None:
    found = stats.difference(stats.Group(100, 50.0, 500.0, 5), stats.Group(100, 20.0, 200.0, 2))
    assert found.low is None and found.estimate == pytest.approx(0.3)


def test_the_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    draw = random.Random(7)

    def group(n: int, share: float) -> stats.Group:
        values = [draw.lognormvariate(3, 0.6) if draw.random() < share else 0.0 for _ in range(n)]
        return stats.Group(n, sum(values), sum(v * v for v in values), sum(v > 0 for v in values))

    truth = (0.08 - 0.06) * math.exp(3 + 0.6**2 / 2)
    inside = 0
    for _ in range(400):
        found = stats.difference(group(1500, 0.08), group(500, 0.06))
        assert found.low is not None and found.high is not None
        inside += found.low <= truth <= found.high
    assert 0.92 <= inside / 400 <= 0.98


def test_the_chance_to_be_best_is_even_where_nothing_differs() -> None:
    assert stats.chances([(10, 100), (10, 100)], seed=1)[0] == pytest.approx(0.5, abs=0.02)
    assert stats.chances([(10, 1000), (40, 1000)], seed=1)[1] > 0.999
    assert stats.chances([(5, 100), (9, 100)], seed=1) == stats.chances([(5, 100), (9, 100)], seed=1)


def test_the_report_says_where_people_clicked_and_who_left() -> None:
    one = launched(segment("A", people(4)))
    run()
    first, second, *_ = Message.objects.filter(sender=one.sender).order_by("id")
    assert Link.objects.filter(message=first, position=0).exists()
    click(first)
    click(first)
    click(second)
    click(second, machine=True)
    leave(second, everything=False, one_click=True)
    found = report.figures(again(one))
    assert found["links"] == [{"url": "https://duka.example/", "clicks": 3, "people": 2, "machines": 1}]
    assert found["machines"] == {"opened": 0, "clicked": 1}
    assert found["domains"] == [{"domain": "example.com", "sent": 4, "bounced": 0, "opened": 2, "clicked": 2}]
    assert (found["funnel"]["clicked"], found["funnel"]["unsubscribed"]) == (2, 1)
    rows = dict(flat.rows(found))
    assert rows["links.1.people"] == "2" and rows["funnel.sent"] == "4"


def test_results_name_each_template_even_before_anything_left() -> None:
    assert [one.people for one in winner.results(Campaign(pk=1, templates=["a", "b"]))] == [0, 0]


def test_with_a_pace_the_test_comes_first_and_the_rest_keeps_the_pace_after_the_winner() -> None:
    template("summer")
    one = launched(segment("A", people(200)), templates=["spring", "summer"], test_share=20, test_hours=30, per_hour=24)
    begun = timezone.now()
    while engine.advance(begun) == 0:
        pass
    tested = again(one).tested
    last = Recipient.objects.filter(campaign=one, is_rest=False).latest("due_at").due_at
    assert last - begun <= (tested + 1) / 24 * HOUR, "the others' turns are not in between"
    when = last
    while again(one).winner is None:
        when += HOUR
        engine.advance(when)
        assert when < last + 40 * HOUR
    assert again(one).tested_at >= last and one.winner_at - one.tested_at >= 30 * HOUR
    before = Message.objects.filter(sender=one.sender).count()
    while engine.advance(when + HOUR) == 0:
        pass
    rest = list(Message.objects.filter(sender=one.sender).order_by("id"))[before:]
    assert 0 < len(rest) <= 2 * 24 + 2, "nobody's turn was passed while they waited"
    assert all(message.expires_at > when + 23 * HOUR for message in rest), "nor is it too late for them"


def test_by_their_own_clock_the_winner_is_chosen_after_the_last_of_the_test_and_the_rest_wait_for_their_hour() -> None:
    template("summer")
    day = timezone.now().date() + timedelta(days=3)
    crowd = people(40, timezone="Africa/Kigali")
    one = launched(
        segment("A", crowd), templates=["spring", "summer"], test_share=50, test_hours=4, when="local", day=day,
        hour=time(9),
    )  # fmt: skip
    nine = datetime.combine(day, time(7), UTC)
    at = again(one).starts_at
    while again(one).winner is None:
        engine.advance(at)
        at += HOUR / 2
        assert at < nine + 6 * HOUR
    assert nine + 4 * HOUR <= one.winner_at <= nine + 5 * HOUR
    assert Message.objects.filter(sender=one.sender).count() == one.tested
    while again(one).status == "sending" and at < nine + 30 * HOUR:
        if engine.advance(at):
            at += HOUR / 2
            assert queries.late(at) == [], "it waits for its hour"
            if Message.objects.filter(sender=one.sender).count() > one.tested:
                break
    assert nine + 24 * HOUR <= at <= nine + 25 * HOUR
