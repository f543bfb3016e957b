"""`/api/v1/messages`, the customer's timeline and panel."""

import json

import pytest
from django.test import Client

from karibu.customers import timeline
from karibu.messages import send
from karibu.messages.models import Mail, Message, Template
from karibu.messages.tests.cast import a_cart, a_person, the_shop, wants
from karibu.web.actions import create_token
from karibu.web.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db) -> Client:
    the_shop()
    return Client(headers={"Authorization": f"Bearer {create_token('test')}"})


@pytest.fixture
def service() -> Template:
    return Template.objects.create(
        key="order-shipped", name="Shipped", is_marketing=False, subject="On its way", body="Order {{ order_id }}"
    )


def post(api: Client, body: dict[str, object], key: str = "k1"):
    headers = {"Idempotency-Key": key} if key else {}
    return api.post("/api/v1/messages", json.dumps(body), content_type="application/json", headers=headers)


def test_each_message_is_listed_with_its_reason_and_filters_narrow(api):
    sent, refused = wants(a_person()), wants(a_person("ben", agreed=False), sender="campaign:4")
    send.send_due()
    items = api.get("/api/v1/messages").json()["items"]
    assert [(m["id"], m["status"], m["reason"]) for m in items] == [
        (refused.pk, "refused", "no_consent"),
        (sent.pk, "sent", ""),
    ]
    assert "never agreed" in items[0]["explanation"] and items[1]["template"] == "cart-reminder"
    for query, expected in (
        (f"customer={sent.customer_id}", [sent.pk]),
        ("campaign=4", [refused.pk]),
        ("journey=1", [sent.pk]),
        ("status=refused", [refused.pk]),
        ("customer=999999", []),
    ):
        assert [m["id"] for m in api.get(f"/api/v1/messages?{query}").json()["items"]] == expected
    assert api.get("/api/v1/messages?status=nonsense").status_code == 422
    assert Client().get("/api/v1/messages").status_code == 401


def test_the_list_pages_by_cursor(api):
    for n in range(5):
        wants(a_person(f"p{n}"))
    first = api.get("/api/v1/messages?limit=3").json()
    second = api.get(f"/api/v1/messages?limit=3&cursor={first['next']}").json()
    assert len(first["items"]) == 3 and len(second["items"]) == 2 and second["next"] is None


def test_a_transactional_message_is_sent_once_per_idempotency_key(api, service):
    person = a_person(agreed=False)
    body = {"customer": person.pk, "template": "order-shipped", "context": {"order_id": "1042"}}
    first, again = post(api, body), post(api, body)
    assert first.status_code == 202 and first.json()["id"] == again.json()["id"]
    send.send_due()
    assert Message.objects.count() == Mail.objects.count() == 1
    assert b"Order 1042" in bytes(Mail.objects.get().raw)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"customer": 999999}, "customer"), ({"template": "no-such"}, "template"), ({"template": "cart"}, "template")],
)
def test_what_is_wrong_is_named_and_nothing_is_sent(api, service, change, field):
    Template.objects.create(key="cart", name="Cart", subject="x", body="x")
    answer = post(api, {"customer": a_person().pk, "template": "order-shipped", **change})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field
    assert not Message.objects.exists()


def test_without_an_idempotency_key_nothing_is_sent(api, service):
    answer = post(api, {"customer": a_person().pk, "template": "order-shipped"}, key="")
    assert answer.status_code == 422 and "Idempotency-Key" in answer.json()["detail"]
    assert not Message.objects.exists()


def test_the_timeline_tells_the_way_of_a_message_in_one_row(api):
    person = a_person()
    wants(person, cart=a_cart(person))
    send.send_due()
    rows = timeline.read([person.pk], kind="messages")
    assert len(rows) == 1 and "you left something in your cart" in rows[0].sentence and "sent" in rows[0].sentence
    consents = timeline.read([person.pk], kind="consents")
    assert [row.sentence for row in consents] == ["Agreed to offers by email"]


def test_the_customers_page_shows_consents_and_messages_and_takes_what_a_colleague_heard(client):
    the_shop()
    person = a_person(agreed=False)
    client.force_login(User.objects.create_user("juma@example.test", role="agent"))
    assert "said nothing yet" in client.get(f"/customers/{person.pk}/").content.decode()
    told = {"channel": "email", "topic": "offers", "status": "given", "evidence": "by phone today"}
    client.post(f"/customers/{person.pk}/consents/", told)
    wants(person)
    send.send_due()
    text = client.get(f"/customers/{person.pk}/").content.decode()
    assert "given" in text and 'id="messages-panel"' in text and Mail.objects.count() == 1
    assert f"/customers/{person.pk}/erase/" not in text  # owners only
