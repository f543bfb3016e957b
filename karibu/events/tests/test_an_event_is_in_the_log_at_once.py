"""Tail, lake and both together answer alike."""

from datetime import timedelta
from decimal import Decimal

import pytest

from karibu.events import flush, log
from karibu.events.event import Item
from karibu.events.tests.making import NOON, append, event, order

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_found_before_and_after_it_went_to_the_lake(lake) -> None:
    append(order(customer_id=7, items=[Item(product_id="p1", price=Decimal("27.45"), quantity=2)]))
    before = log.history([7])
    assert flush.flush_everything() == 1
    assert log.history([7]) == before
    assert before[0].items == [{"product_id": "p1", "price": Decimal("27.4500"), "quantity": 2}]
    assert before[0].value == Decimal("54.90") and before[0].time == NOON


def test_everything_an_event_says_comes_back(lake) -> None:
    said = {"colour": "red", "sizes": [1, 2.5], "nested": {"a": None}}
    append(event(properties=said, traits={"plan": "gold"}, context={"ip": "1.2.3.4"}, message=12, quantity=0))
    flush.flush_everything()
    [found] = log.history([1])
    assert (found.properties, found.traits, found.context) == (said, {"plan": "gold"}, {"ip": "1.2.3.4"})
    assert (found.message, found.quantity, found.coupon, found.value) == (12, 0, "", None)


def test_history_is_newest_first_over_tail_and_months(lake) -> None:
    times = [NOON - timedelta(days=day) for day in (0, 400, 3, 40, 90, 35)]
    append(*[event(customer_id=1, time=time) for time in times[:3]])
    flush.flush_everything()
    append(*[event(customer_id=1, time=time) for time in times[3:]], event(customer_id=2))
    assert [e.time for e in log.history([1])] == sorted(times, reverse=True)
    flush.flush_everything()
    assert [e.time for e in log.history([1])] == sorted(times, reverse=True)
    assert [e.time for e in log.history([1], limit=2)] == sorted(times, reverse=True)[:2]
    page = log.history([1], before=NOON - timedelta(days=3), limit=3)
    assert [e.time for e in page] == sorted(times, reverse=True)[2:5]


def test_history_joins_all_ids_of_a_person_and_nobody_else(lake) -> None:
    append(event(customer_id=1), event(customer_id=2), event(customer_id=3), event(customer_id=0))
    assert {e.customer for e in log.history([1, 3])} == {1, 3}
    assert log.history([]) == []
    assert log.history([99]) == []


def test_history_can_be_of_some_names_only(lake) -> None:
    append(event(), order(), event(name="Cart Viewed"))
    flush.flush_everything()
    assert [e.name for e in log.history([1], names=["Order Completed"])] == ["Order Completed"]


def test_counts_by_name_day_and_span_are_exact(lake) -> None:
    append(*[event(time=NOON - timedelta(days=day)) for day in range(10)], order())
    flush.flush_everything()
    append(event(), order(time=NOON - timedelta(days=1)))
    assert log.count() == {None: 13}
    assert log.count("name") == {"Order Completed": 2, "Product Viewed": 11}
    assert log.count(since=NOON - timedelta(days=1), until=NOON) == {None: 2}
    assert list(log.count("day", since=NOON - timedelta(days=1, hours=1)).values()) == [2, 3]
    assert log.count("month") == {"2026-11": 13}


def test_an_empty_log_answers(lake) -> None:
    assert (log.count(), log.count("name"), log.recent(), log.history([1])) == ({None: 0}, {}, [], [])
    assert flush.flush_everything() == 0
    assert not lake.exists()


def test_recent_events_can_be_filtered(lake) -> None:
    append(event(source="Web shop"), event(source="Till", time=NOON - timedelta(days=2)))
    flush.flush_everything()
    assert [e.source for e in log.recent()] == ["Web shop", "Till"]
    assert [e.source for e in log.recent(sources=["Till"])] == ["Till"]
    assert [e.source for e in log.recent(since=NOON - timedelta(hours=1))] == ["Web shop"]


def test_one_event_is_found_by_its_message_id(lake) -> None:
    append(event(message_id="the one"), event())
    found = log.find("the one", NOON)
    assert found and found.message_id == "the one"
    assert log.find("the one", NOON - timedelta(days=1)) is None
