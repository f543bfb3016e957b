"""WhatsApp: the 24 hours, templates, statuses, what people write; every payload of the documentation is understood."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from karibu.consents import queries as consents
from karibu.consents.actions import record_consents
from karibu.consents.statement import Statement
from karibu.customers.models import Customer, Identity
from karibu.messages import send
from karibu.messages.channels import replies
from karibu.messages.channels.models import Account, Inbound, Receipt, WhatsAppTemplate
from karibu.messages.channels.whatsapp import inbound, templates
from karibu.messages.channels.whatsapp.account import verify_token
from karibu.messages.channels.whatsapp.window import laws
from karibu.messages.models import Message, Template
from karibu.messages.tests.cast import a_person, fate, the_shop, wants
from karibu.messages.tests.servers_http import Server
from karibu.messages.tests.servers_whatsapp import NOT_THERE, call_us, status, template, value, whatsapp, written
from karibu.web.models import User

pytestmark = pytest.mark.django_db
PHONE = "+250788123456"
SHIPPED = "Hello {{ customer.first_name }}, your order {{ order_id }} is on its way."


@pytest.fixture
def line() -> Iterator[tuple[Server, Account]]:
    with whatsapp() as (server, account):
        templates.sync(account)
        server.asked.clear()
        yield server, account


def buyer(phone: str = PHONE) -> Customer:
    person = a_person("amina", agreed=False, phone=phone)
    now = timezone.now()
    known = {"source": "shop", "evidence": "", "first_seen": now}
    Identity.objects.create(kind="phone", value=phone, customer_id=person.pk, **known)
    said = {"channel": "whatsapp", "status": "given", "method": "form", "source": "shop", "at": now}
    record_consents([Statement(customer_id=person.pk, **said)])
    return person


def wanted(person: Customer, key: str = "one", body: str = SHIPPED) -> Message:
    the_shop()
    known = {"channel": "whatsapp", "subject": "", "body": body, "name": "Text", "is_marketing": False}
    Template.objects.update_or_create(key=f"text-{key}", defaults=known)
    return wants(person, key, template_key=f"text-{key}", channel="whatsapp", context={"order_id": "1042"})


def they_write(client: Client, account: Account, text: str = "Hi", ago: timedelta = timedelta(0), n: int = 1) -> None:
    assert call_us(client, account, written(PHONE, text, f"wamid.in{n}", timezone.now() - ago)).status_code == 200


def test_outside_the_window_the_text_leaves_as_the_template_that_says_it(line: tuple[Server, Account]) -> None:
    server, _ = line
    message = wanted(buyer())
    send.send_due()
    assert fate(message) == ("sent", "")
    [request] = server.asked
    values = [{"type": "text", "text": "Amina"}, {"type": "text", "text": "1042"}]
    assert request.json["template"] == {
        "name": "order_shipped",
        "language": {"code": "en"},
        "components": [{"type": "body", "parameters": values}],
    }
    assert request.json["to"] == PHONE.lstrip("+")


@pytest.mark.parametrize("body", ["Something else", "Dear {{ customer.first_name }}, see what is new."])
def test_outside_the_window_nothing_but_an_approved_template_leaves(line: tuple[Server, Account], body: str) -> None:
    server, _ = line
    message = wanted(buyer(), body=body)
    send.send_due()
    assert fate(message) == ("refused", "outside_window")
    assert "never written" in message.detail
    assert not server.asked


def test_within_a_day_of_their_message_anything_may_be_said(line: tuple[Server, Account], client: Client) -> None:
    server, account = line
    person = buyer()
    they_write(client, account, ago=timedelta(hours=23, minutes=59))
    message = wanted(person, body="Anything {{ customer.first_name }}")
    send.send_due()
    assert fate(message) == ("sent", "")
    assert server.asked[0].json["text"]["body"] == "Anything Amina"


def test_after_a_day_the_window_is_closed_and_says_why(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    person = buyer()
    they_write(client, account, ago=timedelta(hours=24, seconds=1))
    message = wanted(person, body="Anything")
    send.send_due()
    assert fate(message) == ("refused", "outside_window")
    law = laws([PHONE], timezone.now())[PHONE]
    assert not law.is_open and "24 hours" in law.sentence
    assert [one.name for one in law.approved] == ["order_shipped", "hello_all"]


def test_a_template_that_loses_its_approval_is_not_sent(line: tuple[Server, Account], client: Client) -> None:
    server, account = line
    told = {"message_template_name": "order_shipped", "message_template_language": "en", "event": "PAUSED"}
    call_us(client, account, value("message_template_status_update", **told))
    message = wanted(buyer())
    send.send_due()
    assert fate(message) == ("refused", "outside_window")
    assert not server.asked


def test_templates_are_fetched_page_by_page_and_those_that_went_are_gone(line: tuple[Server, Account]) -> None:
    _, account = line
    found = dict(WhatsAppTemplate.objects.values_list("name", "status"))
    assert found == {"order_shipped": "APPROVED", "offers": "REJECTED", "hello_all": "APPROVED"}
    WhatsAppTemplate.objects.create(
        account=account, name="old", language="en", status="APPROVED", remote_id="1", synced_at=timezone.now()
    )
    templates.sync(account)
    assert WhatsAppTemplate.objects.get(name="old").status == "DELETED"


def test_a_template_of_ours_is_begun_with_an_approved_one_and_its_page_says_how_it_leaves(
    line: tuple[Server, Account], client: Client
) -> None:
    the_shop()
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    shipped = WhatsAppTemplate.objects.get(name="order_shipped")
    page = client.get("/settings/channels/whatsapp/").content.decode()
    assert "Write with it" in page and f"hole-{shipped.pk}-1" in page
    address = f"/settings/channels/whatsapp/templates/{shipped.pk}/"
    client.post(address, {"hole0": "{{ customer.first_name }}"})
    assert not Template.objects.exists()  # WhatsApp takes no empty value
    made = client.post(address, {"hole0": "{{ customer.first_name }}", "hole1": "{{ order.id }}"})
    said = Template.objects.get()
    assert made.headers["Location"] == f"/messages/templates/{said.key}/" and said.channel == "whatsapp"
    assert said.text == SHIPPED.replace("order_id", "order.id") and not said.body
    page = client.get(made.headers["Location"]).content.decode()
    assert "template “order_shipped”" in page
    WhatsAppTemplate.objects.filter(pk=shipped.pk).update(status="REJECTED", reason="PROMOTIONAL")
    page = client.get(made.headers["Location"]).content.decode()
    assert "is not approved" in page and "PROMOTIONAL" in page
    Template.objects.update(text="Something else")
    assert "No template that WhatsApp knows says this" in client.get(made.headers["Location"]).content.decode()


def test_a_template_with_a_picture_or_a_changing_link_is_not_taken_for_plain_words() -> None:
    picture = {"type": "HEADER", "format": "IMAGE"}
    link = {"type": "BUTTONS", "buttons": [{"type": "URL", "url": "https://duka.example/{{1}}"}]}
    for part in (picture, link):
        row = template("x", "Hello {{1}}.")
        one = WhatsAppTemplate(name="x", language="en", components=[part, *row["components"]])
        assert templates.fitting("Hello Amina.", [one]) is None


def test_sent_delivered_and_read_are_noted_in_whichever_order(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    message = wanted(buyer())
    send.send_due()
    number, now = Receipt.objects.get(message_id=message.pk).provider_id, timezone.now()
    for word in ("read", "sent", "delivered", "read"):
        call_us(client, account, status(number, word, now))
    assert Receipt.objects.get(message_id=message.pk).state == "read"
    message.refresh_from_db()
    assert message.opened_at


def test_a_failure_told_later_fails_the_message(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    message = wanted(buyer())
    send.send_due()
    number = Receipt.objects.get(message_id=message.pk).provider_id
    errors = [{"code": 131049, "title": "Not delivered to maintain healthy ecosystem engagement"}]
    call_us(client, account, status(number, "failed", timezone.now(), errors=errors))
    assert fate(message) == ("failed", "rejected")
    assert "131049" in message.detail


def test_who_is_not_on_whatsapp_is_not_tried_again(line: tuple[Server, Account]) -> None:
    message = wanted(buyer(f"+{NOT_THERE}"))
    send.send_due()
    assert fate(message) == ("failed", "rejected")
    assert consents.suppressed("whatsapp", [f"+{NOT_THERE}"])


def test_the_address_is_confirmed_only_with_our_word(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    right = client.get(f"/hooks/{account.token}/", {**query, "hub.verify_token": verify_token(account)})
    assert (right.status_code, right.content) == (200, b"1158201444")
    assert client.get(f"/hooks/{account.token}/", {**query, "hub.verify_token": "guess"}).status_code == 403


def test_what_meta_did_not_sign_changes_nothing(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    assert call_us(client, account, written(PHONE, "Hi", "m1", timezone.now()), key="guess").status_code == 403
    assert not Inbound.objects.exists()


def test_stop_and_the_switch_in_whatsapp_itself_withdraw(line: tuple[Server, Account], client: Client) -> None:
    server, account = line
    person = buyer()
    they_write(client, account, "PARAR")
    assert consents.in_force([person.pk], "whatsapp") == {person.pk: "withdrawn"}
    replies.step()
    assert "cancelado" in server.asked[0].json["text"]["body"]
    wish = {
        "wa_id": PHONE.lstrip("+"),
        "category": "marketing_messages",
        "timestamp": int(timezone.now().timestamp()) + 1,
    }
    call_us(client, account, value("user_preferences", user_preferences=[{**wish, "value": "resume"}]))
    assert consents.in_force([person.pk], "whatsapp") == {person.pk: "given"}
    call_us(
        client,
        account,
        value("user_preferences", user_preferences=[{**wish, "value": "stop", "timestamp": wish["timestamp"] + 1}]),
    )
    assert consents.in_force([person.pk], "whatsapp") == {person.pk: "withdrawn"}
    replies.step()
    assert len(server.asked) == 1


def test_what_somebody_takes_back_is_taken_out_here_too(line: tuple[Server, Account], client: Client) -> None:
    _, account = line
    they_write(client, account, "a secret")
    revoked = {"from": PHONE.lstrip("+"), "id": "m2", "timestamp": "1", "type": "revoke"}
    call_us(client, account, value(messages=[{**revoked, "revoke": {"original_message_id": "wamid.in1"}}]))
    assert not Inbound.objects.filter(text__contains="secret").exists()


def _calls(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each update in each file, with where it stands."""
    for file in sorted(folder.glob("*.json")):
        waiting = [(file.stem, json.loads(file.read_text()))]
        while waiting:
            name, said = waiting.pop()
            if "entry" in said:
                yield name, {"entry": said["entry"]}
            waiting += [(f"{name}/{key}", part) for key, part in said.items() if isinstance(part, dict)]


def test_every_update_of_the_documentation_is_understood(
    data: Path, line: tuple[Server, Account], client: Client
) -> None:
    _, account = line
    there = list(_calls(data / "whatsapp"))
    assert len({name.split("/")[0] for name, _ in there}) == 19
    wordless = {"audio", "sticker", "unsupported", "reaction", "revoke", "call", "system", "video", "image", "location"}
    for name, said in there:
        text = json.dumps(said).replace('"<WHATSAPP', '"x<WHATSAPP')
        heard = inbound.understand(account, json.loads(text))
        assert not heard.unknown, name
        for one in heard.received:
            assert one.text or one.type in wordless or one.type not in one.payload, (name, one)
        assert call_us(client, account, json.loads(text)).status_code == 200, name
    assert Inbound.objects.exists() and isinstance(Inbound.objects.latest("pk").at, datetime)
