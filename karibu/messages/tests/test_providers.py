"""E-mail by providers' own interfaces, and what they say of it afterwards."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.test import Client

from karibu.consents.queries import in_force, suppressed
from karibu.messages import send
from karibu.messages.channels import accounts, receipts
from karibu.messages.channels.email import inbound
from karibu.messages.channels.email.account import PROVIDERS
from karibu.messages.channels.email.models import Report
from karibu.messages.channels.hearing import Asked
from karibu.messages.channels.models import Account, Receipt
from karibu.messages.models import Mail, Message
from karibu.messages.tests.cast import a_person, fate, the_shop, wants
from karibu.messages.tests.servers_http import HangUp, Server
from karibu.messages.tests.servers_mail import ID, KEYS, provider, telling
from karibu.messages.tests.servers_sns import Amazon, amazon

Line = tuple[Server, Account]


@pytest.fixture(params=sorted(KEYS))
def line(request: pytest.FixtureRequest, db: None) -> Iterator[Line]:
    the_shop()
    with provider(request.param) as connected:
        yield connected


@pytest.fixture
def postmark(db: None) -> Iterator[Line]:
    the_shop()
    with provider("postmark") as connected:
        yield connected


def call_us(account: Account, said: Any, **headers: str) -> int:
    kind = "application/json"
    return Client().post(f"/hooks/{account.token}/", json.dumps(said), content_type=kind, headers=headers).status_code


def test_a_mail_leaves_by_the_provider_with_its_parts_and_our_word_and_none_stays_here(line):
    server, _account = line
    message = wants(a_person())
    send.send_due()
    assert fate(message) == ("sent", "") and not Mail.objects.exists()
    [asked] = server.asked
    body = unquote_plus(asked.body.decode())
    assert "amina@example.com" in body and receipts.reference(message.pk) in body
    assert "you left something in your cart" in body and "List-Unsubscribe" in body
    assert Receipt.objects.get().message_id == message.pk


@pytest.mark.parametrize("what", ["delivered", "bounced", "complained"])
def test_what_the_provider_tells_stands_on_the_message_once(line, what):
    _server, account = line
    message = wants(a_person())
    send.send_due()
    said = telling(account.provider, what, receipts.reference(message.pk))
    assert call_us(account, said) == call_us(account, said) == 200
    message.refresh_from_db()
    moments = {"delivered": message.delivered_at, "bounced": message.bounced_at, "complained": message.complained_at}
    assert {name for name, at in moments.items() if at} == {what}
    assert [row.kind for row in Report.objects.all()] == [what]
    reason = {"bounced": "hard_bounce", "complained": "complaint"}.get(what)
    assert suppressed("email", ["amina@example.com"]) == ({"amina@example.com": reason} if reason else {})
    withdrawn = {message.customer_id: "withdrawn" if what == "complained" else "given"}
    assert in_force({message.customer_id}, "email") == withdrawn


@pytest.mark.parametrize("kind", ["mailgun"])
@pytest.mark.django_db
def test_a_call_with_a_wrong_signature_changes_nothing(kind):
    the_shop()
    with provider(kind) as (_, account):
        message = wants(a_person())
        send.send_due()
        said = telling(kind, "bounced", receipts.reference(message.pk))
        said["signature"]["signature"] = "0" * 64
        assert call_us(account, said) == 403 and not Report.objects.exists()


def test_where_the_shop_has_set_a_name_and_password_only_calls_with_them_count(postmark):
    _, old = postmark
    secret = {"server_token": "k", "webhook_secret": "shop:secret"}
    account = accounts.open_account(accounts.draft("email", "postmark", old.settings, secret), by="owner@example.com")
    message = wants(a_person())
    send.send_due()
    said = telling("postmark", "bounced", receipts.reference(message.pk))
    wrong, right = (base64.b64encode(text).decode() for text in (b"shop:guess", b"shop:secret"))
    assert call_us(account, said) == call_us(account, said, authorization=f"Basic {wrong}") == 403
    assert not Report.objects.exists()
    assert call_us(account, said, authorization=f"Basic {right}") == 200 and Report.objects.count() == 1


def test_a_word_that_is_not_ours_names_no_message(postmark):
    _, account = postmark
    message = wants(a_person())
    send.send_due()
    Receipt.objects.all().delete()
    assert call_us(account, telling("postmark", "bounced", "AAAAAAAAAAAAAAAAAAAAAA")) == 200
    assert Report.objects.get().message_id is None
    assert not suppressed("email", ["amina@example.com"]) and fate(message) == ("sent", "")


def test_where_our_word_was_lost_the_providers_own_id_names_the_message(postmark):
    _, account = postmark
    message = wants(a_person())
    send.send_due()
    assert Receipt.objects.get().provider_id == ID
    call_us(account, telling("postmark", "bounced", ""))
    message.refresh_from_db()
    assert message.bounced_at


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        ((401, {"ErrorCode": 10, "Message": "bad token"}, {}), ("held", "unreachable")),
        ((429, {}, {"Retry-After": "60"}), ("held", "unreachable")),
        ((503, {}, {}), ("held", "retry")),
        ((422, {"ErrorCode": 300, "Message": "bad address"}, {}), ("failed", "rejected")),
        ((500, {}, {}), ("failed", "unknown_outcome")),
        (HangUp, ("failed", "unknown_outcome")),
    ],
)
def test_each_trouble_of_a_provider_means_what_it_says(postmark, trouble, expected):
    server, account = postmark
    server.trouble.append(trouble)
    message = wants(a_person())
    send.send_due()
    assert fate(message) == expected
    accounts.end_pause(account)


@pytest.mark.django_db
def test_keys_are_sealed_and_every_provider_says_what_it_needs():
    with provider("sendgrid") as (_, account):
        assert b"api_key" not in bytes(Account.objects.get().sealed) and account.secrets == {"api_key": "k"}
    assert {p.key for p in PROVIDERS} == {*KEYS, "amazon_ses"} and all(p.label and p.fields for p in PROVIDERS)


@pytest.fixture
def sns(settings: Any) -> Iterator[Amazon]:
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    with amazon() as there:
        yield there


@pytest.mark.data
@pytest.mark.django_db
def test_what_real_providers_have_sent_is_understood(data: Path, capsys, sns: Amazon):
    told, silent = 0, []
    for file in sorted((data / "esp").glob("*_webhooks.jsonl")):
        kind = file.name.removesuffix("_webhooks.jsonl")
        known = {"base_url": sns.server.url} if kind == "amazon_ses" else {}
        drafted = accounts.draft("email", kind, known, KEYS.get(kind, {}))
        account = accounts.open_account(drafted, by="owner@example.com")
        for row in map(json.loads, file.read_text().splitlines()):
            heard = inbound.read(account, _asked(kind, row["payload"], sns))
            told += 1
            silent += [f"{row['test']}: {what}" for what in heard.unknown]
            for deed in heard.deeds:
                deed()
    with capsys.disabled():
        kinds = list(Report.objects.values_list("kind", flat=True))
        print(f"\n{told} calls of providers, {len(kinds)} reports; unknown: {silent}")
    assert told > 60 and not silent
    assert {"delivered", "deferred", "bounced", "complained"} <= set(kinds)


def _asked(kind: str, payload: Any, sns: Amazon) -> Asked:
    headers = {"Content-Type": "application/json"}
    if kind == "amazon_ses":
        payload = sns.call(payload, MessageId="n")
        headers |= {"X-Amz-Sns-Message-Type": "Notification", "X-Amz-Sns-Message-Id": "n"}
    return Asked("POST", "https://x.example/", headers, {}, {}, json.dumps(payload).encode())


@pytest.mark.django_db
def test_nothing_of_a_call_that_is_no_json_is_kept(postmark):
    _, account = postmark
    assert call_us(account, ["no", {"such": 1}]) in (200, 202) and not Message.objects.filter(status="failed").exists()
