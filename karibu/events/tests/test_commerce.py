"""What shops send becomes the promoted fields of Event; what cannot be read loses nothing."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karibu.events.commerce import LIMIT, NAMES, identifier, money, promote
from karibu.events.event import Event, as_json

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def event(name: str, properties: dict[str, Any] | None = None, **fields: Any) -> Event:
    made = Event(
        message_id="m", type="track", name=name, time=NOW, received_at=NOW, source_id=1,
        properties_json=as_json(properties or {}), context_json=as_json(fields.pop("context", {})), **fields,
    )  # fmt: skip
    promote(made)
    return made


def test_an_order_as_the_spec_shows_it() -> None:
    order = event(
        "Order Completed",
        {
            "checkout_id": "fksdjfsdjfisjf9sdfjsd9f",
            "order_id": "50314b8e9bcf000000000000",
            "cart_id": "c1",
            "affiliation": "Google Store",
            "total": 27.5,
            "subtotal": 22.5,
            "revenue": 25.0,
            "shipping": 3,
            "coupon": "hasbros",
            "currency": "usd",
            "products": [
                {"product_id": "507f1f77bcf86cd799439011", "sku": "45790-32", "name": "Monopoly: 3rd Edition",
                 "price": 19, "quantity": 1, "category": "Games", "image_url": "https://shop/p.jpg"},
                {"product_id": "505bd76785ebb509fc183733", "name": "Uno Card Game", "price": "3.10", "quantity": 2},
            ],
        },
    )  # fmt: skip
    assert (order.order_id, order.cart_id, order.coupon, order.currency) == (
        "50314b8e9bcf000000000000", "c1", "hasbros", "USD",
    )  # fmt: skip
    assert order.value == Decimal("27.5")
    assert order.quantity == 3
    assert [(i.product_id, i.price, i.quantity) for i in order.items] == [
        ("507f1f77bcf86cd799439011", Decimal(19), 1),
        ("505bd76785ebb509fc183733", Decimal("3.10"), 2),
    ]
    assert order.items[0].sku == "45790-32"
    assert order.product_id == ""  # two products: none of them is *the* product


def test_one_product_stands_at_the_top_level() -> None:
    added = event("Product Added", {"productId": 1042, "name": "Kikoi", "price": 12.5, "quantity": "2", "cartId": 7})
    assert (added.product_id, added.cart_id, added.quantity, added.value) == ("1042", "7", 2, Decimal("25.0"))
    assert added.items[0].name == "Kikoi"


@pytest.mark.parametrize("key", ["product_id", "productId", "id", "sku"])
def test_a_product_is_known_by_any_of_its_usual_keys(key: str) -> None:
    assert event("Product Viewed", {key: "p9"}).product_id == "p9"
    assert event("Cart Viewed", {"products": [{key: "p9"}]}).items[0].product_id == "p9"


def test_a_bare_id_outside_product_events_is_no_product() -> None:
    assert event("Video Played", {"id": "v1", "value": 3}).product_id == ""


@pytest.mark.parametrize("keys", [("total", "revenue", "value"), ("revenue", "value"), ("value",), ("amount",)])
def test_the_total_is_preferred_to_revenue_and_value(keys: tuple[str, ...]) -> None:
    assert event("Order Completed", {k: 10 + i for i, k in enumerate(keys)}).value == 10


def test_a_cart_without_a_total_is_worth_its_lines() -> None:
    cart = event("Cart Viewed", {"products": [{"id": 1, "price": 0.1, "quantity": 3}, {"id": 2, "price": "0.2"}]})
    assert cart.value == Decimal("0.5")


def test_a_quantity_by_weight_keeps_the_exact_line_total() -> None:
    line = event("Cart Viewed", {"products": [{"id": 1, "price": "3.99", "quantity": 1.5}]})
    assert (line.items[0].quantity, line.value) == (2, Decimal("5.9850"))


@pytest.mark.parametrize(
    "sent", ["order_completed", "Completed Order", "ORDER COMPLETED", "orderCompleted", "order-completed"]
)
def test_other_spellings_become_the_specs(sent: str) -> None:
    assert event(sent, {"order_id": 1}).name == "Order Completed"


def test_unknown_events_are_kept_whole() -> None:
    properties = {"colour": "red", "deep": {"a": [1]}, "value": "4.20", "currency": "KES"}
    other = event("Wheel Spun", dict(properties))
    assert (other.name, other.properties, other.value, other.currency) == (
        "Wheel Spun", properties, Decimal("4.20"), "KES",
    )  # fmt: skip


def test_page_and_campaign_come_from_the_context() -> None:
    seen = event(
        "Product Viewed",
        {"product_id": "p"},
        context={
            "page": {"url": "https://shop/p", "referrer": "https://search/"},
            "campaign": {"name": "spring", "source": "mail", "medium": "email", "term": "t", "content": "c"},
        },
    )
    assert (seen.url, seen.referrer) == ("https://shop/p", "https://search/")
    assert (seen.utm_campaign, seen.utm_source, seen.utm_medium, seen.utm_term, seen.utm_content) == (
        "spring", "mail", "email", "t", "c",
    )  # fmt: skip


@pytest.mark.parametrize(
    "absurd", ["NaN", "Infinity", "-Infinity", 1e30, 10**40, "1e999999999", "ten", "1_000", True, [], {}]
)
def test_absurd_money_leaves_the_field_empty_and_the_property_as_it_was(absurd: object) -> None:
    order = event("Order Completed", {"order_id": 5, "total": absurd})
    assert order.value is None
    assert order.order_id == "5"
    assert order.properties["total"] == absurd


def test_an_absurd_quantity_counts_as_one_piece() -> None:
    assert event("Cart Viewed", {"products": [{"id": 1, "quantity": 10**30}]}).items[0].quantity == 1


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=4))
def test_money_is_exact_as_text_int_and_decimal(amount: Decimal) -> None:
    assert money(str(amount)) == amount
    assert money(amount) == amount
    assert money(int(amount)) == int(amount)


@given(st.integers(-(10**13), 10**13))
def test_a_float_of_cents_counts_by_its_text(cents: int) -> None:
    exact = Decimal(cents) / 100
    assert money(cents / 100) == exact


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["order_id", "cart_id", "product_id", "id", "sku", "total", "value", "price", "quantity", "currency", "products",
        "category", "coupon", "query", "url", "name"]  # fmt: skip


@given(
    st.sampled_from(sorted(NAMES)),
    st.dictionaries(st.sampled_from(KEYS), anything | st.lists(st.dictionaries(st.sampled_from(KEYS), anything))),
    st.dictionaries(st.sampled_from(["page", "campaign"]), anything | st.dictionaries(st.just("url"), anything)),
)
def test_nothing_that_is_sent_breaks_it(name: str, properties: dict[str, Any], context: dict[str, Any]) -> None:
    made = event(name, properties, context=context)
    assert made.value is None or (made.value.is_finite() and abs(made.value) < LIMIT)
    assert len(made.order_id) <= 200 and "\x00" not in made.order_id


@pytest.mark.parametrize(
    ("sent", "kept"), [(12, "12"), (12.0, "12"), (" a ", "a"), (True, ""), ("x" * 201, ""), (None, ""), ("a\x00b", "")]
)
def test_ids_are_text(sent: object, kept: str) -> None:
    assert identifier(sent) == kept


def test_events_with_nothing_of_interest_cost_next_to_nothing() -> None:
    made = Event(message_id="m", type="track", name="Wheel Spun", time=NOW, received_at=NOW, source_id=1,
                 properties_json=as_json({"colour": "red", "size": 3}))  # fmt: skip
    best = min(_seconds(made) for _ in range(20))
    assert best < 5e-6


def _seconds(made: Event) -> float:
    start = time.perf_counter()
    for _ in range(1000):
        promote(made)
    return (time.perf_counter() - start) / 1000
