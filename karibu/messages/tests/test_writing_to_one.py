"""A colleague writes to one person: by any channel, through the gate, and by WhatsApp only what its law allows."""

import email
import re
from collections.abc import Iterator
from datetime import timedelta
from email.policy import default
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from karibu.consents.actions import suppress
from karibu.consents.models import Suppression
from karibu.customers.models import Customer, Identity
from karibu.messages import carriers, send
from karibu.messages.channels.models import Account, Inbound
from karibu.messages.channels.whatsapp import templates
from karibu.messages.models import Mail, Message
from karibu.messages.tests.cast import a_person, fate, the_shop
from karibu.messages.tests.servers_http import Server
from karibu.messages.tests.servers_whatsapp import whatsapp
from karibu.messages.wording import free_key
from karibu.web.models import AuditEntry, User

pytestmark = pytest.mark.django_db
PHONE = "+250788123456"


@pytest.fixture
def agent() -> Client:
    the_shop()
    client = Client()
    client.force_login(User.objects.create_user("agent@example.test", name="Ben", role="agent"))
    return client


@pytest.fixture
def line() -> Iterator[tuple[Server, Account]]:
    with whatsapp() as (server, account):
        templates.sync(account)
        server.asked.clear()
        yield server, account


def buyer() -> Customer:
    person = a_person(phone=PHONE, agreed=False)
    known = {"source": "shop", "evidence": "", "first_seen": timezone.now()}
    Identity.objects.create(kind="phone", value=PHONE, customer_id=person.pk, **known)
    return person


def they_wrote(person: Customer, account: Account, hours: float) -> None:
    at = timezone.now() - timedelta(hours=hours)
    known = {"kind": "whatsapp", "address": PHONE, "text": "Where is it?", "provider_id": f"in-{hours}"}
    Inbound.objects.create(account=account, customer_id=person.pk, at=at, **known)


def opened(client: Client, person: Customer, **asked: str) -> tuple[str, str]:
    """The page, and the number that its form carries."""
    page = client.get(f"/customers/{person.pk}/write/", asked).content.decode()
    found = re.search(r'name="number" value="([^"]+)"', page)
    assert found
    return page, found[1]


def sends(client: Client, person: Customer, **said: Any) -> int:
    return client.post(f"/customers/{person.pk}/write/", said).status_code


def the_mail() -> tuple[str, str]:
    """The text and the HTML of the only one that left."""
    parts = email.message_from_bytes(bytes(Mail.objects.get().raw), policy=default).iter_parts()
    text, html = (part.get_content().replace("\r\n", "\n") for part in parts)
    return text, html


def test_a_mail_of_a_colleague_leaves_once_however_often_the_button_is_pressed(agent):
    person = a_person(agreed=False)
    page, number = opened(agent, person)
    assert "Nothing yet, by any channel." in page
    said = {"channel": "email", "heading": "Your order", "text": "It left\ntoday <b>&</b>", "number": number}
    assert [sends(agent, person, **said), sends(agent, person, **said)] == [302, 302]
    send.send_due()
    message = Message.objects.get()
    assert fate(message) == ("sent", "") and message.subject == "Your order" and not message.is_marketing
    text, html = the_mail()
    assert "It left<br />\ntoday &lt;b&gt;&amp;&lt;/b&gt;" in html and "It left\ntoday <b>&</b>" in text
    assert "Unsubscribe" not in html
    assert AuditEntry.objects.get(verb="wrote to customer").actor == "agent@example.test"
    assert "Ben" in agent.get(f"/messages/{message.pk}/").content.decode()
    assert "Your order" in opened(agent, person)[0]


def test_words_are_no_template(agent):
    person = a_person(agreed=False)
    said = {"channel": "email", "heading": "{{ customer.email }}", "text": "{% if x %}{{ shop.name }}"}
    sends(agent, person, **said, number=opened(agent, person)[1])
    send.send_due()
    assert fate(Message.objects.get()) == ("sent", "")
    assert the_mail()[0].startswith("{% if x %}{{ shop.name }}")


def test_within_a_day_of_what_they_wrote_any_words_leave_by_whatsapp(agent, line):
    server, account = line
    person = buyer()
    they_wrote(person, account, hours=2)
    page, number = opened(agent, person)  # by the channel they wrote by
    assert "disabled" not in page and "Where is it?" in page
    assert sends(agent, person, channel="whatsapp", text="It left today", number=number) == 302
    send.send_due()
    assert fate(Message.objects.get()) == ("sent", "")
    assert server.asked[0].json["text"]["body"] == "It left today"


def test_after_a_day_the_words_are_locked_it_says_why_and_offers_the_approved_templates(agent, line):
    server, account = line
    person = buyer()
    they_wrote(person, account, hours=25)
    page, number = opened(agent, person)
    assert "disabled" in page and "more than 24 hours old" in page and 'name="text"' not in page
    assert "order_shipped (en)" in page and "offers" not in page.split("<select")[-1]
    assert sends(agent, person, channel="whatsapp", text="It left today", number=number) == 422
    assert not Message.objects.exists() and not server.asked
    shipped = templates_named("order_shipped")
    said = {"channel": "whatsapp", "approved": shipped, "hole_0": "Amina", "hole_1": "1042", "number": number}
    assert sends(agent, person, **{**said, "hole_1": ""}) == 422
    assert sends(agent, person, **said) == 302
    send.send_due()
    assert fate(Message.objects.get()) == ("sent", "")
    assert server.asked[0].json["template"]["name"] == "order_shipped"


def templates_named(name: str) -> int:
    from karibu.messages.channels.models import WhatsAppTemplate

    return WhatsAppTemplate.objects.get(name=name).pk


def test_what_the_gate_would_refuse_is_said_before_anything_is_written_and_refused_all_the_same(agent):
    person = a_person(agreed=False)
    suppress("email", [person.email], Suppression.Reason.HARD_BOUNCE)
    page, number = opened(agent, person)
    assert "It would not be sent:" in page
    sends(agent, person, channel="email", heading="H", text="T", number=number)
    send.send_due()
    assert fate(Message.objects.get())[0] == "refused" and not Mail.objects.exists()


def test_nobody_can_be_written_to_after_their_erasure_and_who_was_merged_is_found(agent):
    person, other = a_person(agreed=False), a_person("juma", agreed=False)
    Customer.objects.filter(pk=person.pk).update(merged_into=other.pk)
    assert agent.get(f"/customers/{person.pk}/write/").url == f"/customers/{other.pk}/write/"
    Customer.objects.filter(pk=other.pk).update(erased_at=timezone.now())
    assert agent.get(f"/customers/{other.pk}/write/").status_code == 404


def test_a_template_of_the_shop_is_never_taken_for_the_carrier_of_words(agent):
    names = ["_words-email", "Words email", "_test-sms", "Test of a channel"]
    assert not set(carriers.keys()) & {free_key(name) for name in names}
