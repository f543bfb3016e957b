"""Telegram: a chat becomes a customer's by a signed link, is written to, and left with /stop."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from karibu.consents import queries as consents
from karibu.customers.models import Customer
from karibu.messages import send
from karibu.messages.channels import replies
from karibu.messages.channels.models import Account, Inbound, Subscription
from karibu.messages.channels.telegram.account import PROVIDERS, link, secret_token
from karibu.messages.models import Message, Template
from karibu.messages.tests.cast import a_person, fate, the_shop, wants
from karibu.messages.tests.servers_http import Server
from karibu.messages.tests.servers_telegram import BLOCKED, telegram, written

pytestmark = pytest.mark.django_db


@pytest.fixture
def line() -> Iterator[tuple[Server, Account]]:
    the_shop()
    with telegram() as connected:
        yield connected


def call_us(client: Client, account: Account, said: dict[str, Any], key: str = "") -> int:
    headers = {"X-Telegram-Bot-Api-Secret-Token": key or secret_token(account)}
    url = f"/hooks/{account.token}/"
    return client.post(url, json.dumps(said), content_type="application/json", headers=headers).status_code


def linked(client: Client, account: Account, chat: int = 42) -> Customer:
    person = a_person("amina", agreed=False)
    word = link(account, person.pk).partition("?start=")[2]
    assert call_us(client, account, written(chat, f"/start {word}", 1)) == 200
    return person


def wanted(person: Customer, key: str = "one") -> Message:
    body = "Hello {{ customer.first_name }}"
    known = {"channel": "telegram", "subject": "", "body": body, "name": "Hello", "is_marketing": True}
    Template.objects.get_or_create(key="hello", defaults=known)
    return wants(person, key, template_key="hello", channel="telegram")


def test_who_follows_our_link_and_presses_start_is_written_to(line: tuple[Server, Account], client: Client) -> None:
    server, account = line
    person = linked(client, account)
    assert consents.in_force([person.pk], "telegram") == {person.pk: "given"}
    message = wanted(person)
    send.send_due()
    assert fate(message) == ("sent", "")
    assert server.asked[-1].json == {"chat_id": 42, "text": "Hello Amina\n\n/stop"}


def test_a_link_that_we_did_not_sign_links_nobody(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    a_person("amina")
    for n, word in enumerate(("1", "AAAAAAAAAAAAAAAAAAAAAA", "")):
        call_us(client, account, written(42, f"/start {word}", n))
    assert not Subscription.objects.exists()


def test_stop_withdraws_and_says_so_once(line: tuple[Server, Account], client: Client) -> None:
    server, account = line
    person = linked(client, account)
    replies.step()
    server.asked.clear()
    for _ in range(2):
        call_us(client, account, written(42, "/stop", 2))
    assert consents.in_force([person.pk], "telegram") == {person.pk: "withdrawn"}
    replies.step()
    assert "unsubscribed" in server.asked[0].json["text"]
    message = wanted(person)
    send.send_due()
    assert fate(message)[0] == "refused"
    assert len(server.asked) == 1


def test_who_blocks_the_bot_is_not_written_to_again(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    person = linked(client, account, BLOCKED)
    first = wanted(person, "one")
    send.send_due()
    assert fate(first) == ("failed", "rejected")
    assert Subscription.objects.get().gone_at
    second = wanted(person, "two")
    send.send_due()
    assert fate(second) == ("refused", "no_address")


def test_telegram_says_itself_that_somebody_blocked_the_bot(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    linked(client, account)
    change = {"chat": {"id": 42, "type": "private"}, "new_chat_member": {"status": "kicked"}}
    call_us(client, account, {"update_id": 5, "my_chat_member": change})
    assert Subscription.objects.get().gone_at


def test_what_telegram_did_not_sign_changes_nothing(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    assert call_us(client, account, written(42, "/stop", 1), key="guess") == 403
    assert not Inbound.objects.exists()


def test_telegram_asks_for_a_pause_in_its_own_way(line: tuple[Server, Account], client: Client) -> None:
    server, account = line
    person = linked(client, account)
    wait = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 90}}
    server.trouble.append((429, wait, {}))
    message = wanted(person)
    send.send_due()
    assert fate(message) == ("held", "unreachable")
    assert 90 <= (message.due_at - message.created_at).total_seconds() < 150


def test_connecting_tells_telegram_where_we_listen(line: tuple[Server, Account]) -> None:
    server, account = line
    assert PROVIDERS[0].check(account) == "@duka_bot"
    assert PROVIDERS[0].opened
    PROVIDERS[0].opened(account)
    said = server.asked[-1].json
    assert said["url"].endswith(f"/hooks/{account.token}/") and said["secret_token"] == secret_token(account)


def test_what_cannot_be_read_or_stored_does_not_make_telegram_call_for_ever(
    line: tuple[Server, Account], client: Client
) -> None:
    _server, account = line
    person = linked(client, account)
    assert call_us(client, account, written(42, "cut in an emoji \ud83d, with a \x00", 2)) == 200
    assert Inbound.objects.filter(customer_id=person.pk).latest("pk").text == "cut in an emoji \ufffd, with a "
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret_token(account)}
    deep = client.post(f"/hooks/{account.token}/", b"[" * 9999, content_type="application/json", headers=headers)
    assert deep.status_code == 202
