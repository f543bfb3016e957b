"""Carts follow what shoppers put in and take out, several side by side, until an order closes them."""

from decimal import Decimal

import pytest

from karibu.shop.models import Cart, Order
from karibu.shop.tests.story import customer, happens, line, told

pytestmark = pytest.mark.django_db


def contents(cart: Cart) -> dict[str, int]:
    return {item["product_id"]: item["quantity"] for item in cart.items}


def test_what_is_added_and_removed_changes_the_cart() -> None:
    ann = customer()
    happens(
        told(ann, "Product Added", 0, cart_id="c", **line("a", "2.50", name="Kikoi", image_url="/k.jpg")),
        told(ann, "Product Added", 1, cart_id="c", **line("b", 1)),
        told(ann, "Product Added", 2, cart_id="c", **line("a", "2.50", 2)),
    )
    happens(told(ann, "Product Removed", 3, cart_id="c", product_id="a", quantity=1))
    cart = Cart.objects.get()
    assert contents(cart) == {"a": 2, "b": 1}
    assert (cart.value, cart.status, cart.customer_id) == (Decimal(6), "open", ann)
    assert cart.items[0]["name"] == "Kikoi" and cart.items[0]["image_url"] == "/k.jpg"


def test_removing_without_a_quantity_removes_the_whole_line() -> None:
    ann = customer()
    happens(told(ann, "Product Added", 0, cart_id="c", **line("a", 2, 5)),
            told(ann, "Product Removed", 1, cart_id="c", product_id="a"))  # fmt: skip
    assert Cart.objects.get().status == "emptied"


def test_a_viewed_cart_replaces_what_was_known() -> None:
    ann = customer()
    happens(told(ann, "Product Added", 0, cart_id="c", **line("a", 2)))
    happens(told(ann, "Cart Viewed", 1, cart_id="c", products=[line("b", 3, 2)]))
    assert contents(Cart.objects.get()) == {"b": 2}
    happens(told(ann, "Cart Viewed", 2, cart_id="c"))  # says nothing of products
    assert contents(Cart.objects.get()) == {"b": 2}
    happens(told(ann, "Cart Viewed", 3, cart_id="c", products=[]))
    assert Cart.objects.get().status == "emptied"


def test_without_a_cart_id_the_customer_has_one_open_cart_and_events_learn_its_id() -> None:
    ann, bob = customer(), customer()
    first, other = told(ann, "Product Added", 0, **line("a", 2)), told(bob, "Product Added", 1, **line("a", 2))
    happens(first, other)
    second = told(ann, "Product Added", 2, **line("b", 3))
    happens(second)
    assert first.cart_id == second.cart_id != other.cart_id
    assert contents(Cart.objects.get(customer_id=ann)) == {"a": 1, "b": 1}


def test_an_order_closes_the_cart_it_names_and_no_other() -> None:
    ann = customer()
    happens(told(ann, "Product Added", 0, cart_id="one", **line("a", 2)),
            told(ann, "Product Added", 0, cart_id="two", **line("b", 2)),
            told(ann, "Order Completed", 5, order_id=9, cart_id="one", total=2))  # fmt: skip
    assert dict(Cart.objects.values_list("cart_id", "status")) == {"one": "ordered", "two": "open"}
    assert Cart.objects.get(cart_id="one").order_id == "9"


def test_an_order_without_a_cart_id_closes_the_open_cart_and_learns_its_id() -> None:
    ann = customer()
    happens(told(ann, "Product Added", 0, **line("a", 2)))
    happens(told(ann, "Order Completed", 5, order_id=9, total=2))
    cart = Cart.objects.get()
    assert (cart.status, cart.order_id) == ("ordered", "9")
    assert Order.objects.get().cart_id == cart.cart_id
    happens(told(ann, "Product Added", 8, **line("b", 2)))
    assert Cart.objects.filter(status="open").count() == 1
    assert Cart.objects.count() == 2


def test_events_older_than_the_order_do_not_open_a_cart_again() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", 5, order_id=8, total=2))
    happens(told(ann, "Order Completed", 5, order_id=9, cart_id="c", total=2))
    happens(told(ann, "Product Added", 1, **line("a", 2)), told(ann, "Product Added", 2, cart_id="c", **line("a", 2)))
    assert not Cart.objects.exists()


def test_an_old_order_from_an_import_leaves_todays_cart_open() -> None:
    ann = customer()
    happens(told(ann, "Product Added", 0, **line("a", 2)))
    happens(told(ann, "Order Completed", -60 * 24 * 100, order_id=1, import_id=4, total=2))
    assert Cart.objects.get().status == "open"


def test_a_cart_id_used_again_after_an_order_starts_afresh() -> None:
    ann = customer()
    happens(told(ann, "Product Added", 0, cart_id="c", **line("a", 2)),
            told(ann, "Order Completed", 1, order_id=9, cart_id="c", total=2),
            told(ann, "Product Added", 2, cart_id="c", **line("b", 7)))  # fmt: skip
    cart = Cart.objects.get()
    assert (contents(cart), cart.status, cart.order_id, cart.value) == ({"b": 1}, "open", "", 7)


def test_checkout_is_noted_and_replaces_the_lines() -> None:
    ann = customer()
    happens(told(ann, "Checkout Started", 0, cart_id="c", total=12, products=[line("a", None, 3)]),
            told(ann, "Payment Info Entered", 2, cart_id="c", order_id=4))  # fmt: skip
    cart = Cart.objects.get()
    assert (contents(cart), cart.value, cart.checkout_started_at) == ({"a": 3}, 12, cart.created_at)


def test_carts_that_begin_in_the_same_microsecond_are_several() -> None:
    """A device whose clock stands still says the same time for ever."""
    ann = customer()
    for n in range(3):
        happens(told(ann, "Product Added", 5, message=f"add {n}", **line("a", 2)))
        happens(told(ann, "Cart Viewed", 5, message=f"emptied {n}", products=[]))
    carts = Cart.objects.filter(customer_id=ann)
    assert [cart.status for cart in carts] == ["emptied"] * 3
    assert len({cart.cart_id for cart in carts}) == 3
