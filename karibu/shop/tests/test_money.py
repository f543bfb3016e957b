"""Totals are exact in the shop's currency; an order without a rate keeps its own and counts as unconverted."""

from datetime import date
from decimal import Decimal

import pytest

from karibu.customers import merging
from karibu.customers.models import Customer
from karibu.shop.models import Order, Rate
from karibu.shop.rates import choose_currency, enter_rate, remove_rate
from karibu.shop.tests.story import customer, happens, line, told
from karibu.web.models import User

pytestmark = pytest.mark.django_db


def spent(who: int) -> Decimal:
    return Customer.objects.get(pk=who).spent


def test_an_order_in_another_currency_waits_for_a_rate_and_is_converted_at_its_day() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total="1000", currency="KES"),
            told(ann, "Order Refunded", 3, order_id=1, total="100"))  # fmt: skip
    assert Order.objects.get().total_converted is None
    assert spent(ann) == 0
    enter_rate("KES", date(2026, 3, 3), Decimal("0.5"))  # a day later: not this order's
    assert Order.objects.get().total_converted is None
    assert enter_rate("KES", date(2026, 3, 1), Decimal("0.0077")) == 1
    assert (Order.objects.get().total_converted, Order.objects.get().refunded_converted) == (
        Decimal("7.7"), Decimal("0.77"),
    )  # fmt: skip
    assert spent(ann) == Decimal("6.93")


def test_an_order_that_comes_after_the_rate_is_converted_at_once_and_removing_the_rate_takes_it_back() -> None:
    ann = customer()
    enter_rate("EUR", date(2026, 3, 2), Decimal("1.1"))
    happens(told(ann, "Order Completed", order_id=1, total="10", currency="EUR"))
    assert spent(ann) == 11
    remove_rate(Rate.objects.get())
    assert spent(ann) == 0


def test_choosing_another_currency_counts_everything_again() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total="10", currency="EUR"),
            told(ann, "Order Completed", order_id=2, total="5", currency="USD"))  # fmt: skip
    assert spent(ann) == 5
    assert choose_currency("EUR") == 2
    assert spent(ann) == 10


def test_the_settings_page_changes_the_currency_of_all_totals(client) -> None:  # type: ignore[no-untyped-def]
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total="10", currency="EUR"))
    client.force_login(User.objects.create_user("owner@shop.test", role="owner"))
    form = {"name": "Duka", "currency": "EUR", "timezone": "Africa/Kigali", "country": "RW"}
    assert client.post("/settings/shop/", form).status_code == 302
    assert spent(ann) == 10
    assert Order.objects.get().total_converted == 10


def test_a_merge_brings_orders_and_worth_together_and_undo_takes_them_apart() -> None:
    ann, bob = customer(), customer()
    happens(told(ann, "Order Completed", order_id=1, total=10), told(bob, "Order Completed", order_id=2, total=5),
            told(bob, "Product Added", 5, **line("a", 2)))  # fmt: skip
    merge = merging.merge_customers(ann, bob, by="owner@shop.test", reason="the same person")
    assert (spent(ann), Customer.objects.get(pk=ann).orders) == (15, 2)
    merging.undo_merge(merge, by="owner@shop.test")
    assert (spent(ann), spent(bob)) == (10, 5)
