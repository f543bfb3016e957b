"""Totals are exact in the shop's currency; an order without a rate keeps its own and counts as unconverted."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from karibu.customers import merging
from karibu.customers.models import Customer
from karibu.shop.models import Order, Rate, Storefront
from karibu.shop.queries import cart_for_message, open_carts_count, orders_between
from karibu.shop.rates import choose_currency, enter_rate, remove_rate
from karibu.shop.tests.story import NOON, customer, happens, line, told
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
    assert orders_between(NOON, NOON + timedelta(1)).unconverted == 1
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


def test_the_sums_of_a_time_are_exact() -> None:
    ann = customer()
    happens(*[told(ann, "Order Completed", n, order_id=n, total="0.10") for n in range(10)],
            told(ann, "Order Completed", 20, order_id="no", total=5), told(ann, "Order Cancelled", 21, order_id="no"),
            told(ann, "Order Refunded", 22, order_id=3))  # fmt: skip
    sums = orders_between(NOON, NOON + timedelta(minutes=10))
    assert (sums.orders, sums.revenue, sums.refunded, sums.net) == (10, 1, Decimal("0.1"), Decimal("0.9"))
    assert orders_between(NOON + timedelta(minutes=10), NOON + timedelta(1)).orders == 0


def test_a_merge_brings_orders_and_worth_together_and_undo_takes_them_apart() -> None:
    ann, bob = customer(), customer()
    happens(told(ann, "Order Completed", order_id=1, total=10), told(bob, "Order Completed", order_id=2, total=5),
            told(bob, "Product Added", 5, **line("a", 2)))  # fmt: skip
    merge = merging.merge_customers(ann, bob, by="owner@shop.test", reason="the same person")
    assert (spent(ann), Customer.objects.get(pk=ann).orders) == (15, 2)
    merging.undo_merge(merge, by="owner@shop.test")
    assert (spent(ann), spent(bob)) == (10, 5)


def test_a_cart_for_a_message_knows_what_the_cart_did_not_say() -> None:
    ann = customer()
    Storefront.objects.create(pk=1, cart_url="https://shop.test/cart?c={cart}")
    happens(told(ann, "Product Viewed", 0, product_id="a", name="Kikoi", price="12.50", image_url="https://shop.test/k.jpg"),
            told(ann, "Product Added", 1, cart_id="c/1", product_id="a", quantity=2))  # fmt: skip
    cart = cart_for_message("c/1")
    assert cart["url"] == "https://shop.test/cart?c=c%2F1"
    assert (cart["items"][0]["name"], cart["items"][0]["total"], cart["items"][0]["image"]) == (
        "Kikoi", Decimal("25.00"), "https://shop.test/k.jpg",
    )  # fmt: skip
    assert (cart["count"], cart["currency"]) == (2, "USD")
    assert cart_for_message("none") == {}
    assert open_carts_count() == 1
