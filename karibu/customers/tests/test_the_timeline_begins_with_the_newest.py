"""The customer's page shows at once what they did last; what is before that follows, by the address of “Older”."""

import re
from html import unescape

import pytest
from django.test import Client

from karibu.customers import sentences
from karibu.customers.models import Customer
from karibu.events import log
from karibu.web.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]
MONTHS = ("2026-02-03", "2026-08-03", "2026-11-10")


@pytest.fixture(autouse=True)
def owner(client: Client) -> None:
    client.force_login(User.objects.create_user("owner@example.test", name="Owner"))


def visited(send, *days: str) -> Customer:
    said = {"type": "page", "userId": "amina"}
    send(*[{**said, "properties": {"title": f"of {day}"}, "timestamp": f"{day}T08:00:00Z"} for day in days])
    return Customer.objects.get(merged_into=None)


def follows(page: str) -> str | None:
    """What the page fetches by itself."""
    found = re.search(r'hx-get="([^"]+)"[^>]*hx-trigger="load"', page)
    return unescape(found[1]) if found else None


def test_what_is_older_than_the_last_visits_follows_the_page(client: Client, send) -> None:
    amina = visited(send, *MONTHS)
    page = client.get(amina.get_absolute_url()).content.decode()
    assert "of 2026-11-10" in page and "of 2026-08-03" not in page
    address = follows(page)
    assert address
    rest = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert [f"of {day}" in rest for day in MONTHS] == [True, True, False]
    assert follows(rest) is None


def test_who_was_last_seen_long_ago_has_their_last_visits_on_the_page(client: Client, send) -> None:
    page = client.get(visited(send, *MONTHS[:2]).get_absolute_url()).content.decode()
    assert "of 2026-08-03" in page and "of 2026-02-03" not in page


def test_a_page_that_is_full_waits_to_be_asked_for_more(client: Client, send, monkeypatch) -> None:
    monkeypatch.setattr("karibu.customers.views.person.PER_PAGE", 2)
    page = client.get(visited(send, *["2026-11-10"] * 2, "2026-11-11", "2026-11-12").get_absolute_url()).content
    assert b"/timeline/?before=" in page and follows(page.decode()) is None


def test_a_page_of_a_kind_that_is_only_older_shows_it(client: Client, send) -> None:
    amina = visited(send, *MONTHS)
    ordered = {"event": "Order Completed", "userId": "amina", "timestamp": "2026-02-04T08:00:00Z"}
    send({**ordered, "properties": {"order_id": "1042", "total": 9, "currency": "USD"}})
    page = client.get(amina.get_absolute_url(), {"kind": "orders"}).content.decode()
    assert "1042" in page and follows(page) is None


def test_the_timeline_reads_all_that_its_sentences_speak_of(send) -> None:
    """Each event is told as if every column had been read."""
    item = {"product_id": "p1", "name": "Shoe", "price": 9, "quantity": 2}
    properties = {
        "order_id": "1",
        "cart_id": "c",
        "query": "red",
        "total": 18,
        "currency": "USD",
        "coupon": "C",
        "products": [item],
    }
    page = {"url": "https://shop.test/p?utm_campaign=may", "referrer": "https://search.test/", "search": "x"}
    for name in sentences.PHRASES:
        send({"event": name, "userId": "amina", "anonymousId": "b", "properties": {**properties, **page}})
    family = list(Customer.objects.values_list("pk", flat=True))
    told = sentences.entries(family, None, 500)
    assert told == [sentences.entry(event) for event in log.history(family, limit=500, without=sentences.ELSEWHERE)]
    assert len(told) >= len(sentences.PHRASES)
