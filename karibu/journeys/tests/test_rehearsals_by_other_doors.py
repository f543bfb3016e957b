"""Rehearsals of journeys whose door no event of the person opens: what the log knows of it, and what is said."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from karibu.customers.models import Customer
from karibu.events import tail
from karibu.events.event import Item
from karibu.journeys import actions, goods
from karibu.journeys.entries import threshold
from karibu.journeys.models import Journey, Rehearsal, StockChange
from karibu.journeys.rehearsal import actions as rehearsals
from karibu.journeys.rehearsal.run import run
from karibu.journeys.story import Step, Story, event, story, waits
from karibu.segments import actions as segments
from karibu.segments.models import Member, Segment
from karibu.shop.models import Product

pytestmark = pytest.mark.django_db
BEGUN = datetime(2026, 3, 2, 12, tzinfo=UTC)


def draft(**entry: Any) -> Journey:
    return actions.create("Another door", {"entry": entry, "steps": [{"wait": {"days": 1}}]}, by="test")


def sees(price: int | None, *, by: str = "amina", name: str = "Product Viewed", currency: str = "USD") -> Step:
    """Somebody's event about the mat, which says its price; moments later something else may happen."""

    def step(told: Story) -> None:
        one = event(told, name, by, timedelta(0), False, product_id="mat", currency=currency)
        one.items = [Item(product_id="mat", price=None if price is None else Decimal(price))]
        told.take([one])
        told.now += timedelta(minutes=1)

    return step


def past(*steps: Step) -> Story:
    return story(*steps, told=Story(now=BEGUN, stages=(tail.append,)))


def rehearsed(journey: Journey, told: Story, **wanted: Any) -> Rehearsal:
    done = run(rehearsals.plan(journey, by="test", now=told.now, **wanted))
    assert (done.status, done.reason) == ("done", "")
    return done


def who(done: Rehearsal, told: Story) -> list[tuple[str, str, datetime]]:
    names = {number: name for name, number in told.people.items()}
    rows = done.people.order_by("entered_at", "customer_id").values_list("customer_id", "key", "entered_at")
    return [(names[customer], key, at) for customer, key, at in rows]


def test_a_price_that_fell_in_the_log_brings_in_who_looked_and_has_not_ordered():
    told = past(
        sees(100, by="early"),
        waits(days=40),
        sees(100, by="amina"),
        sees(100, by="joao"),
        sees(40, by="joao", name="Order Completed"),  # what was paid is no price of the shop's
        sees(None, by="neema"),
        sees(80, by="thandi"),  # here it falls
        sees(79, by="late"),  # by too little
        sees(20, by="abroad", currency="EUR"),  # and this is no fall at all
        waits(days=3),
    )
    done = rehearsed(draft(product={"change": "price_drop", "did": "viewed"}), told)
    fell = BEGUN + timedelta(days=40, minutes=5)
    assert who(done, told) == [("amina", "mat", fell), ("neema", "mat", fell)]
    assert done.result["blind"] == ["prices"]
    assert not Product.objects.exists(), "nothing but the log was asked"


def test_what_the_run_may_speak_about_is_what_live_says():
    told = past(sees(100), sees(50, by="joao"), waits(days=3))
    asks = {"check": {"entry": {"property": "price_now", "op": "lte", "value": 50}}, "ways": {"yes": [{"leave": {}}]}}
    raw = {"entry": {"product": {"change": "price_drop"}}, "steps": [asks]}
    done = rehearsed(actions.create("Cheaper", raw, by="test"), told)
    assert done.result["steps"]["0"]["ways"] == {"yes": 1}


def test_what_came_back_or_ran_low_brings_in_who_looked_as_live_does():
    told = past(sees(100, by="amina"), waits(days=2), sees(100, by="joao"), waits(days=3))
    Product.objects.create(product_id="mat", name="Mat", updated_at=told.now, properties={"stock": 9})
    for left in (0, 0, 4, 3):
        Product.objects.filter(product_id="mat").update(properties={"stock": left}, name=f"Mat, {left} left")
    then = BEGUN + timedelta(days=1)
    assert goods.look(told.now) == 3 and goods.look(told.now) == 0
    kept = StockChange.objects.order_by("pk")
    assert [(one.before, one.after) for one in kept] == [
        ({"stock": "9"}, {"stock": "0"}),
        ({"stock": "0"}, {"stock": "4"}),
        ({"stock": "4"}, {"stock": "3"}),
    ]
    for n, one in enumerate(kept):
        StockChange.objects.filter(pk=one.pk).update(at=then + n * timedelta(hours=1))
    back = rehearsed(draft(product={"change": "back_in_stock"}), told)
    assert who(back, told) == [("amina", "mat", then + timedelta(hours=1))] and back.result["blind"] == ["stock"]
    low = rehearsed(draft(product={"change": "low_stock", "at_most": 3}), told)
    assert who(low, told) == [("amina", "mat", then + timedelta(hours=2))]
    goods.forget_stock(then + timedelta(days=401))
    assert not StockChange.objects.exists()
    assert rehearsed(draft(product={"change": "back_in_stock"}), told).result["entered"] == 0


@pytest.fixture
def buyers() -> Segment:
    return segments.create("Buyers", {"all": [{"trait": "orders", "op": "gte", "value": 1}]}, by="test")


@pytest.mark.parametrize("by", ["hand", "prediction"])
def test_a_segment_stands_in_for_whom_somebody_would_have_put_in(buyers: Segment, by: str):
    threshold.register("churn", "likelihood to leave")
    score = {"prediction": {"name": "churn", "op": "gte", "value": 0.7}}
    journey = draft(**({"by_hand": True} if by == "hand" else score))
    told = past(sees(100, by="amina"), waits(days=20), sees(100, by="joao"), waits(days=20))
    assert rehearsed(journey, told).result["blind"][:1] == ["nobody"]
    Customer.objects.filter(pk=told.person("amina")).update(created_at=BEGUN - timedelta(days=300))
    Member.objects.bulk_create(
        Member(segment_id=buyers.pk, customer_id=told.person(name), since=told.now) for name in ("amina", "joao")
    )
    done = rehearsed(journey, told, days=30, stand_in=buyers.pk)
    first, later = told.now - timedelta(days=30), BEGUN + timedelta(days=20, minutes=1)
    assert who(done, told) == [("amina", "", first), ("joao", "", later)] and done.result["blind"] == ["stand_in"]


def test_the_page_offers_segments_only_where_one_can_stand_in(marketer: Client, buyers: Segment):
    by_hand, by_event = draft(by_hand=True), draft(event="Signed Up")
    asked = marketer.get(f"/journeys/{by_hand.pk}/rehearsals/").content.decode()
    assert 'name="stand_in"' in asked and "Buyers" in asked
    assert 'name="stand_in"' not in marketer.get(f"/journeys/{by_event.pk}/rehearsals/").content.decode()
    marketer.post(f"/journeys/{by_hand.pk}/rehearse/", {"days": "30", "stand_in": buyers.pk, "everybody": "on"})
    row = by_hand.rehearsals.get()
    assert (row.stand_in, row.everybody) == (buyers.pk, True)
    again = marketer.get(f"/journeys/{by_hand.pk}/rehearsals/{row.pk}/").content.decode()
    assert again.count("Tell of everybody") == 0, "it is under way: nothing can be asked for now"
    Rehearsal.objects.update(status="done")
    again = marketer.get(f"/journeys/{by_hand.pk}/rehearsals/{row.pk}/").content.decode()
    assert f'value="{buyers.pk}" selected' in again and 'name="everybody" checked' in again


def test_the_api_knows_both_and_refuses_a_segment_that_is_none(marketer: Client, buyers: Segment):
    url, kind = f"/api/v1/journeys/{draft(by_hand=True).pk}/rehearsals", "application/json"
    refused = marketer.post(url, {"stand_in": 10_000}, content_type=kind)
    assert (
        refused.status_code == 422 and "no such segment" in refused.content.decode() and not Rehearsal.objects.exists()
    )
    assert marketer.post(url, {"stand_in": buyers.pk, "everybody": True}, content_type=kind).status_code == 202
    assert Rehearsal.objects.get().stand_in == buyers.pk


def test_everybody_is_told_of_where_that_is_asked_for():
    told = past(*[sees(100, by=f"person{n}") for n in range(20)], waits(days=3))
    journey = draft(event="Product Viewed")
    some = run(rehearsals.plan(journey, by="test", now=told.now), most=5)
    all_ = run(rehearsals.plan(journey, by="test", now=told.now, everybody=True), most=5)
    assert (some.result["one_in"], all_.result["one_in"], all_.result["entered"]) == (4, 1, 20)
