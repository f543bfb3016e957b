"""The main job, end to end, as a newcomer plays it: a shopper browses, leaves an address, fills a cart and walks away;
a mail with that very cart arrives; a click leads back to it; the order that follows is counted as recovered.

A real web process, a real worker with all its loops, a real Chromium on the sample storefront.
"""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from karibu.collect.actions import create_source
from karibu.config.browser import accessibility, look
from karibu.customers.models import Customer
from karibu.demo.catalogue import SHOP_NAME
from karibu.insights.models import Attribution
from karibu.journeys import actions
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.recipes import abandoned_cart
from karibu.messages.models import Mail, Message
from karibu.shop.models import Cart, Order
from karibu.web.models import Shop

pytestmark = pytest.mark.browser

QUIET = 3  # seconds; the sample shop waits 20


def eventually(ask: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """What `ask` answers once it is true; fails with `what` when it does not come to pass."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.1)
    pytest.fail(f"waited {seconds} s in vain for {what}")


@pytest.fixture
def shop(live, monkeypatch, request) -> Journey:
    """The sample shop with its journey, and a worker that runs every loop. Its parameter is the wait in seconds."""
    monkeypatch.setitem(live.environment, "KARIBU_SERVED_URL", live.url)
    Shop.objects.update_or_create(
        pk=1, defaults={"name": SHOP_NAME, "currency": "USD", "address": "KN 4 Avenue, Kigali, Rwanda"}
    )
    create_source(SHOP_NAME)
    made = actions.create(
        "Abandoned cart", abandoned_cart(seconds=getattr(request, "param", QUIET)), by="test", recipe="abandoned-cart"
    )
    journey = actions.publish(made, by="test")
    live.start_worker()
    return journey


def browse(page, url: str) -> None:
    page.goto(f"{url}/shop/")
    page.get_by_role("link", name="Bags & Shoes").click()
    page.get_by_role("link", name="Kiondo shoulder bag").click()
    page.get_by_role("button", name="Put into the cart").click()
    page.get_by_label("Search the shop").fill("coffee")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("button", name="Add Lake Kivu coffee").click()


def leave_an_address(page, url: str) -> None:
    page.goto(f"{url}/shop/cart/")
    page.get_by_role("textbox", name="First name").fill("Amina")
    page.get_by_role("textbox", name="E-mail").fill("amina@example.com")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Keep my cart").click()
    page.get_by_text("Thank you, that is noted").wait_for()


def order(page) -> str:
    page.get_by_role("link", name="To the checkout").click()
    page.get_by_role("textbox", name="Name").fill("Amina Uwase")
    page.get_by_role("textbox", name="E-mail").fill("amina@example.com")
    page.get_by_role("button", name="Order").click()
    page.wait_for_url("**/shop/thanks/")
    number = page.locator("[data-number] b").inner_text()
    assert re.fullmatch(r"DK-\d{8}", number)
    return number


def read_in_the_mailbox(live, page) -> Any:
    """Opens the newest mail as the newcomer does; returns its link back to the cart."""
    page.goto(f"{live.url}/mailbox/")
    page.get_by_role("link", name="Amina, you left something in your cart").click()
    mail = page.frame_locator("iframe[title='The mail']")
    mail.get_by_role("link", name="Kiondo shoulder bag").last.wait_for()
    look(page, "mail")
    return mail.get_by_role("link", name="Back to my cart")


def find_the_cart_on_a_phone(chromium, url: str) -> None:
    """Another device, where nothing of the cart is known: the link brings back the very lines."""
    phone = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    phone.goto(url)
    phone.get_by_text("Welcome back. Here is your cart").wait_for()
    assert phone.locator("[data-lines] .name").all_inner_texts() == ["Kiondo shoulder bag", "Lake Kivu coffee, 500 g"]
    phone.context.close()


def test_a_cart_left_behind_becomes_a_mail_an_order_and_recovered_revenue(live, page, shop, chromium):
    browse(page, live.url)
    leave_an_address(page, live.url)
    page.goto("about:blank")  # walks away

    person = eventually(lambda: Customer.objects.filter(email="amina@example.com").first(), "a known customer")
    cart = eventually(lambda: Cart.objects.filter(customer_id=person.pk).first(), "the cart as an object")
    assert {item["product_id"] for item in cart.items} == {"kiondo-bag", "lake-kivu-coffee"}

    mail = eventually(lambda: Mail.objects.exclude(message_id=None).first(), "the mail in the mailbox", QUIET + 20)
    assert mail.recipient == "amina@example.com" and mail.subject == "Amina, you left something in your cart"
    assert Message.objects.get().status == "sent"
    assert Enrollment.objects.get().status == "finished"

    live.sign_in(page)
    link = read_in_the_mailbox(live, page)
    find_the_cart_on_a_phone(chromium, link.get_attribute("href"))
    with page.expect_popup() as opened:
        link.click()
    opened.value.wait_for_url("**/shop/cart/**")
    number = order(opened.value)
    opened.value.close()

    placed = eventually(lambda: Order.objects.filter(order_id=number).first(), "the order")
    assert (placed.cart_id, str(placed.total.normalize())) == (cart.cart_id, "80.5")
    credit = eventually(lambda: Attribution.objects.filter(order_id=number).first(), "the counted sale")
    assert (credit.sender, credit.message_id) == (f"journey:{shop.pk}", Message.objects.get().pk)
    owner_sees_it_all(live, page, placed, shop)


def owner_sees_it_all(live, page, placed: Order, journey: Journey) -> None:
    """The same sale on the customer's timeline, the journey's page and the home page."""
    person = eventually(lambda: Customer.objects.filter(email="amina@example.com", orders=1).first(), "one customer")
    page.goto(f"{live.url}/customers/{person.pk}/")
    page.get_by_text(placed.order_id).first.wait_for()
    page.get_by_text("Entered Abandoned cart").first.wait_for()

    page.goto(f"{live.url}/journeys/{journey.pk}/")
    page.locator("#earned").get_by_text("80.50").wait_for()
    page.locator("#step-1").get_by_text("1 passed").wait_for()
    look(page, "journey")
    assert not accessibility(page)

    page.goto(f"{live.url}/")
    page.get_by_text("80.50").first.wait_for()
    look(page, "home-with-recovered")


@pytest.mark.parametrize("shop", [600], indirect=True)
def test_whoever_orders_is_not_written_to(live, page, shop):
    browse(page, live.url)
    leave_an_address(page, live.url)
    eventually(lambda: Enrollment.objects.filter(status="active", step=0).first(), "entering")
    number = order(page)
    eventually(lambda: Enrollment.objects.filter(status="left", reason=f"Order Completed {number}").first(), "leaving")
    Enrollment.objects.filter(status="active").update(due_at=timezone.now())  # had anybody stayed, they went on now
    time.sleep(1)
    assert not Message.objects.exists() and not Mail.objects.exclude(message_id=None).exists()


def test_the_storefront_is_usable_by_everyone(live, page, shop):
    for name, path in (
        ("front", "/shop/"),
        ("search", "/shop/search/?q=coffee"),
        ("product", "/shop/products/kiondo-bag/"),
        ("cart", "/shop/cart/"),
        ("checkout", "/shop/checkout/"),
    ):
        page.goto(live.url + path)
        if name == "product":
            page.get_by_role("button", name="Put into the cart").click()
        look(page, f"shop-{name}")
        assert not accessibility(page), name
