"""The simulated shoppers: what they send is what a shop sends, and they come back when the server does."""

import json
from random import Random
from typing import Any
from urllib.request import Request

import pytest
from django.utils import timezone

from karibu.collect import drain
from karibu.collect.actions import create_source, take_in
from karibu.collect.models import RejectedEvent
from karibu.demo import inboxes, shoppers
from karibu.demo.catalogue import SHOP_NAME
from karibu.demo.sessions import Cart
from karibu.insights.metrics import measure
from karibu.insights.periods import last_days
from karibu.insights.tests.shop import UTC_ZONE, make_message
from karibu.messages.models import Mail
from karibu.shop.models import Order


class Answer:
    def close(self) -> None: ...


@pytest.fixture
def crowd() -> shoppers.Crowd:
    return shoppers.Crowd("http://127.0.0.1:1", Random(7))


def live(crowd: shoppers.Crowd, visitors: int) -> list[dict[str, Any]]:
    """So many visits from beginning to end, without waiting; what they did, as sent."""
    for _ in range(visitors):
        crowd._welcome()
    while crowd.due:
        crowd.act(now=float("inf"))
    return crowd.waiting


@pytest.mark.django_db
def test_what_they_do_becomes_customers_carts_and_orders(crowd: shoppers.Crowd, lake: object) -> None:
    events = live(crowd, 80)
    source = create_source(SHOP_NAME)
    assert not take_in(events, source).refusals
    drain.drain_all()
    assert not RejectedEvent.objects.exists()
    today = last_days(1, UTC_ZONE)
    ordered = [event for event in events if event.get("event") == "Order Completed"]
    assert measure("events", today).total == len(events)
    assert measure("orders", today).total == len(ordered) == Order.objects.count() > 0
    assert measure("carts", today).total == len(crowd.carts) > 0


@pytest.mark.django_db
def test_a_server_that_is_down_loses_nothing(crowd: shoppers.Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    create_source(SHOP_NAME)
    events = live(crowd, 5)
    crowd.send()  # nobody listens on that port
    assert crowd.waiting == events and crowd.last_failure
    bodies: list[bytes] = []

    def answer(request: Request, timeout: float) -> Answer:
        assert isinstance(request.data, bytes)
        bodies.append(request.data)
        return Answer()

    monkeypatch.setattr(shoppers.urllib.request, "urlopen", answer)
    crowd.send()
    assert [event for body in bodies for event in json.loads(body)["batch"]] == events
    assert crowd.waiting == [] and not crowd.last_failure


@pytest.mark.django_db
def test_they_wait_until_the_shop_is_open(crowd: shoppers.Crowd) -> None:
    events = live(crowd, 1)
    crowd.send()
    assert crowd.waiting == events and crowd.last_failure == "LookupError"


@pytest.mark.django_db
def test_they_read_new_mail_only_and_follow_its_first_link() -> None:
    def mail(cart: str) -> None:
        message = make_message(customer=1)
        message.context = {"cart_id": cart}
        message.save()
        html = '<a href="http://shop.example/m/c/abc_-1">back</a> <a href="http://shop.example/m/u/xyz">no more</a>'
        raw = f"Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}".encode()
        Mail.objects.create(message_id=message.pk, sender="a@b", recipient="c@d", subject="x", raw=raw)

    mail("old")
    mailbox = inboxes.Mailbox()
    assert mailbox.news() == []
    mail("new")
    Mail.objects.create(sender="a@b", recipient="c@d", subject="Sign in", raw=b"Subject: x\r\n\r\nhello")
    assert mailbox.news() == [inboxes.Reminder("new", "http://shop.example/m/c/abc_-1")]
    assert mailbox.news() == []


@pytest.mark.django_db
def test_who_comes_back_carries_the_messages_reference(crowd: shoppers.Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "follow", lambda link, url: "signed-reference")
    who = crowd.known[0]
    crowd.carts["cart-1"] = (who, Cart("cart-1", {"speckled-mug": 1}))
    crowd.come(crowd._come_back(inboxes.Reminder("cart-1", "http://shop.example/m/c/a")))
    while crowd.due:
        crowd.act(now=float("inf"))
    assert crowd.waiting and all(e["context"]["message"] == "signed-reference" for e in crowd.waiting)
    assert {e["userId"] for e in crowd.waiting} == {who.key}
    assert crowd.waiting[0]["properties"]["cart_id"] == "cart-1"
    assert crowd.waiting[0]["timestamp"] <= timezone.now().isoformat()
