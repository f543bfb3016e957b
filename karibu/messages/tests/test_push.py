"""Web push: browsers that subscribe, notifications that only they can read, browsers that are no more."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from karibu.consents import erasure
from karibu.consents import queries as consents
from karibu.customers.models import Customer
from karibu.events import log
from karibu.messages import send as sending
from karibu.messages.channels import accounts
from karibu.messages.channels.models import Account, Subscription
from karibu.messages.channels.push.account import PROVIDERS
from karibu.messages.models import Message, Template
from karibu.messages.tests.cast import fate, the_shop, wants
from karibu.messages.tests.servers_http import Server
from karibu.messages.tests.servers_push import Browser, push_service

Send = Callable[..., Any]


def connected() -> Account:
    account = accounts.draft("push", "vapid", {"contact": "hello@duka.example"}, {})
    account.name = PROVIDERS[0].check(account)
    return accounts.open_account(account, by="a test")


@pytest.fixture
def service(settings: Any, db: None) -> Iterator[Server]:
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    connected()
    with push_service() as server:
        yield server


def subscribed(send: Send, browser: Browser, user: str = "u1", name: str = "Push Subscribed") -> Customer:
    who = {"userId": user, "anonymousId": f"b-{browser.endpoint[-3:]}"}
    send({**who, "event": name, "properties": {"subscription": browser.subscription, "page": "cart"}})
    return Customer.objects.get(pk=Subscription.objects.latest("pk").customer_id)


def wanted(person: Customer, key: str = "one") -> Message:
    the_shop()
    body = "Your mat is back. https://duka.example/p/mat"
    known = {"channel": "push", "subject": "It is back", "body": body, "name": "Back", "is_marketing": True}
    Template.objects.get_or_create(key="back", defaults=known)
    return wants(person, key, template_key="back", channel="push")


def test_a_browser_that_subscribes_is_shown_what_only_it_can_read(service: Server, send: Send) -> None:
    phone, desk = Browser(f"{service.url}/push/001"), Browser(f"{service.url}/push/002")
    person = subscribed(send, phone)
    assert subscribed(send, desk) == person
    assert consents.in_force([person.pk], "push") == {person.pk: "given"}
    message = wanted(person)
    sending.send_due()
    assert fate(message) == ("sent", "")
    assert {request.path for request in service.asked} == {"/push/001", "/push/002"}
    for request in service.asked:
        browser = phone if request.path == "/push/001" else desk
        shown = browser.read(request.body)
        assert (shown["title"], shown["body"]) == ("It is back", "Your mat is back.")
        assert "/m/c/" in shown["url"]  # the tracked link
        assert b"mat" not in request.body


def test_the_keys_of_a_browser_do_not_enter_the_log(service: Server, send: Send) -> None:
    browser = Browser(f"{service.url}/push/001")
    subscribed(send, browser)
    [event] = log.recent(names=["Push Subscribed"])
    assert event.properties == {"page": "cart"}


def test_a_browser_that_is_no_more_is_not_written_to_again(service: Server, send: Send) -> None:
    gone, there = Browser(f"{service.url}/gone/001"), Browser(f"{service.url}/push/002")
    person = subscribed(send, gone)
    subscribed(send, there)
    first, second = wanted(person, "one"), wanted(person, "two")
    Message.objects.update(is_marketing=False)
    sending.send_due(1)
    assert Subscription.objects.get(endpoint=gone.endpoint).gone_at
    sending.send_due(1)
    assert fate(first)[0] == fate(second)[0] == "sent"
    assert [request.path for request in service.asked].count("/gone/001") == 1


def test_who_has_no_browser_left_is_told_of(service: Server, send: Send) -> None:
    person = subscribed(send, Browser(f"{service.url}/gone/001"))
    first = wanted(person, "one")
    sending.send_due()
    assert fate(first) == ("failed", "rejected")
    second = wanted(person, "two")
    sending.send_due()
    assert fate(second) == ("refused", "no_address")


def test_unsubscribing_in_a_browser_ends_that_browser(service: Server, send: Send) -> None:
    browser = Browser(f"{service.url}/push/001")
    subscribed(send, browser)
    subscribed(send, browser, name="Push Unsubscribed")
    assert Subscription.objects.get().gone_at
    subscribed(send, browser)
    assert Subscription.objects.get().gone_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "https://169.254.169.254/latest"},
        {"endpoint": "ftp://push.example/1"},
        {"keys": {"p256dh": "AAAA", "auth": "BBBB"}},
        {"keys": None},
    ],
)
def test_what_is_no_subscription_is_not_kept(wrong: dict[str, Any], service: Server, send: Send) -> None:
    good = Browser(f"{service.url}/push/001").subscription
    send({"userId": "u1", "event": "Push Subscribed", "properties": {"subscription": {**good, **wrong}}})
    assert not Subscription.objects.exists()


def test_keys_that_are_no_point_of_the_curve_end_the_browser_and_nothing_else(service: Server, send: Send) -> None:
    browser = Browser(f"{service.url}/push/001")
    person = subscribed(send, browser)
    Subscription.objects.update(keys={**browser.subscription["keys"], "p256dh": "BA" + "A" * 85})
    message = wanted(person)
    sending.send_due()
    assert fate(message) == ("failed", "rejected")
    assert not service.asked


def test_an_erased_person_leaves_no_browser(service: Server, send: Send) -> None:
    person = subscribed(send, Browser(f"{service.url}/push/001"))
    erasure.erase(person.pk, by="a test")
    assert not Subscription.objects.exists()
