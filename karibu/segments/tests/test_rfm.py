"""Recency, frequency and monetary value: scores, groups, the grid and its past."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from karibu.customers.models import Customer
from karibu.segments import jobs, rfm, rfm_page
from karibu.segments.conditions.rfm import GROUPS
from karibu.segments.models import Rfm, RfmDay, Touched

NOW = datetime(2026, 3, 9, 2, tzinfo=UTC)
TODAY = date(2026, 3, 9)

pytestmark = pytest.mark.django_db


def buyer(days_ago=1, orders=1, spent=10, **fields):
    known = {"created_at": NOW, "orders": orders, "spent": Decimal(spent)}
    return Customer.objects.create(last_order_at=NOW - timedelta(days=days_ago), **{**known, **fields})


def scores(customer):
    row = Rfm.objects.get(customer_id=customer.pk)
    return (row.recency, row.frequency, row.monetary, row.group)


def test_five_different_buyers_have_one_score_each():
    buyers = [buyer(days_ago=50 - 10 * n, orders=1 + n, spent=100 * (1 + n)) for n in range(5)]

    assert rfm.reckon(NOW) == 5

    assert [scores(each) for each in buyers] == [
        (1, 1, 1, "lost"),
        (2, 2, 2, "hibernating"),
        (3, 3, 3, "needs_attention"),
        (4, 4, 4, "loyal"),
        (5, 5, 5, "champions"),
    ]


def test_a_hundred_buyers_fall_into_equal_fifths():
    for n in range(100):
        buyer(days_ago=n, orders=1 + n, spent=n)

    rfm.reckon(NOW)

    for column in ("recency", "frequency", "monetary"):
        counted = [Rfm.objects.filter(**{column: score}).count() for score in range(1, 6)]
        assert counted == [20, 20, 20, 20, 20], column


def test_equal_buyers_have_equal_scores_and_one_order_is_never_frequent():
    once = [buyer(days_ago=1, orders=1, spent=10) for _ in range(9)]
    often = buyer(days_ago=1, orders=7, spent=90)

    rfm.reckon(NOW)

    assert {scores(each) for each in once} == {(5, 1, 1, "new")}
    assert scores(often) == (5, 5, 5, "champions")


def test_the_first_buyer_of_a_shop_is_new_and_not_lost():
    only = buyer(days_ago=400)

    rfm.reckon(NOW)

    assert scores(only) == (5, 1, 1, "new")


def test_who_never_ordered_was_merged_or_was_erased_has_no_scores():
    stays = buyer()
    buyer(orders=0)
    buyer(merged_into=stays.pk)
    buyer(erased_at=NOW)

    assert rfm.reckon(NOW) == 1

    assert list(Rfm.objects.values_list("customer_id", flat=True)) == [stays.pk]


def test_who_is_not_a_buyer_any_more_loses_their_scores():
    stays, goes = buyer(), buyer()
    rfm.reckon(NOW)
    Customer.objects.filter(pk=goes.pk).update(orders=0)

    rfm.reckon(NOW + timedelta(days=1))

    assert list(Rfm.objects.values_list("customer_id", flat=True)) == [stays.pk]


def test_only_scores_that_change_are_written(monkeypatch):
    monkeypatch.setattr(rfm, "PART", 2)
    old, middle, new = (buyer(days_ago=days) for days in (30, 20, 10))
    rfm.reckon(NOW)
    before = dict(Rfm.objects.values_list("customer_id", "at"))
    Customer.objects.filter(pk=old.pk).update(orders=9)

    later = NOW + timedelta(days=1)
    rfm.reckon(later)

    assert before == {old.pk: NOW, middle.pk: NOW, new.pk: NOW}
    assert dict(Rfm.objects.values_list("customer_id", "at")) == {old.pk: later, middle.pk: NOW, new.pk: NOW}


def test_a_young_shop_is_looked_at_each_minute_and_a_large_one_each_quarter_of_an_hour(monkeypatch):
    quarter = int(NOW.timestamp()) // 900 * 900
    for days in (1, 2, 3):
        buyer(days_ago=days)
    jobs.reckon_rfm(quarter + 60)
    assert Rfm.objects.count() == 3
    monkeypatch.setattr(rfm, "FEW", 3)
    buyer(days_ago=4)
    jobs.reckon_rfm(quarter + 120)
    assert Rfm.objects.count() == 3
    jobs.reckon_rfm(quarter + 900)
    assert Rfm.objects.count() == 4


def test_each_days_grid_is_kept_with_what_they_spent():
    buyer(days_ago=30, orders=1, spent=5)
    buyer(days_ago=1, orders=4, spent="95.50")
    rfm.reckon(NOW)
    Customer.objects.filter(orders=1).delete()
    rfm.reckon(NOW + timedelta(hours=3))
    rfm.reckon(NOW + timedelta(days=1))

    full = {(c.recency, c.value, c.group): (c.customers, c.spent) for c in rfm.grid(TODAY) if c.customers}
    assert full == {(5, 1, "new"): (1, 95.5)}
    assert len(rfm.grid()) == 25
    assert rfm.history(2, TODAY + timedelta(days=1)) == [(TODAY, "new", 1), (TODAY + timedelta(days=1), "new", 1)]
    assert rfm.history(1, TODAY) == [(TODAY, "new", 1)]


def test_it_is_reckoned_once_a_day_and_again_after_an_import():
    assert not rfm.is_due(NOW)  # nobody has ordered

    for _ in range(10):
        buyer()
    assert rfm.is_due(NOW)
    rfm.reckon(NOW)
    assert not rfm.is_due(NOW + timedelta(hours=21))
    buyer()
    assert not rfm.is_due(NOW)
    buyer()
    assert rfm.is_due(NOW)
    assert rfm.is_due(NOW + timedelta(days=1))


def test_a_shop_that_loses_all_its_buyers_has_nobody_in_a_group_any_more():
    buyer()
    rfm.reckon(NOW)
    Customer.objects.update(orders=0)
    Touched.objects.all().delete()
    jobs.reckon_rfm(int(NOW.timestamp()) + 60)

    assert not Rfm.objects.exists() and not rfm.is_due(NOW)
    assert list(Touched.objects.values_list("customers", flat=True)) == [[Customer.objects.get().pk]]
    assert rfm_page.context() == {"day": None}


def test_every_group_of_the_grid_is_one_that_a_definition_may_name():
    assert {group for row in rfm.GRID.values() for group in row} == set(GROUPS)
    assert rfm.group_of(5, 4, 5) == "champions" and rfm.group_of(1, 1, 1) == "lost"


def test_nothing_is_left_behind_in_the_session(lake):
    buyer()
    rfm.reckon(NOW)

    assert "segments_scored" not in connection.introspection.table_names()
    assert RfmDay.objects.count() == 1
