"""PAINS 47: through whichever door somebody comes, no store keeps the address of their machine."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from karibu.collect.actions import create_source, take_in
from karibu.collect.drain import drain_all
from karibu.consents import links
from karibu.customers.models import Customer
from karibu.events import flush
from karibu.growth.tests.test_answering import a_form, confirm
from karibu.messages import tokens
from karibu.messages.models import Link, Message
from karibu.messages.tests.cast import the_shop
from karibu.web.models import User
from tests.stores import holding

pytestmark = pytest.mark.django_db(transaction=True)
WHOLE = ["203.0.113.77", "2001:db8:85a3:8d3:1319:8a2e:370:7348"]


@pytest.mark.parametrize("address", WHOLE)
def test_no_store_keeps_a_whole_address_by_whichever_door_somebody_came(lake: Path, address: str) -> None:
    the_shop()
    owner = User.objects.create_user("owner@shop.test", role="owner")
    owner.set_password("a good password")
    owner.save()
    client = Client(REMOTE_ADDR=address, headers={"User-Agent": "Firefox"})
    come(address)
    answer_a_form(client)
    follow_a_mail(client)
    sign_in(client)
    assert holding(WHOLE, lake, Path(settings.KARIBU_HOME)) == []


def come(address: str) -> None:
    seen = {"ip": address, "device": {"ip": address}}
    event = {"type": "track", "event": "Searched", "userId": "u1", "context": seen, "properties": {"$ip": address}}
    take_in([event, {**event, "event": ""}], create_source("Shop"))  # one to be kept and one to be set aside
    drain_all()
    flush.flush()
    take_in([event], create_source("Shop"))  # and one that waits


def answer_a_form(client: Client) -> None:
    a_form(is_confirmed=True)
    said = {"email": "amina@example.com", "agree": "on", "version": "a", "url": "https://duka.example/tea"}
    assert client.post("/forms/letters/answer/", json.dumps(said), content_type="text/plain").status_code == 204
    drain_all()
    confirm(client)


def follow_a_mail(client: Client) -> None:
    message = Message.objects.latest("pk")
    Link.objects.get_or_create(message=message, position=0, defaults={"url": "https://duka.example/"})
    client.get(f"/m/c/{tokens.sign(tokens.CLICK, message.pk, 0)}")
    client.get(f"/m/o/{tokens.sign(tokens.OPEN, message.pk)}.gif")
    client.post(f"/m/u/{tokens.sign(tokens.UNSUBSCRIBE, message.pk)}")
    customer = Customer.objects.get(email="amina@example.com")
    there = f"/preferences/{links.sign(links.PREFERENCES, customer.pk)}/"
    assert client.post(there, {"do": "pause"}).status_code == 302


def sign_in(client: Client) -> None:
    for password in ("wrong", "a good password"):
        client.post("/sign-in/", {"email": "owner@shop.test", "password": password})
    assert "_auth_user_id" in client.session
