"""Topics are rows that the shop names; what people said of them outlives them."""

import pytest
from django.test import Client
from django.utils import timezone

from karibu.consents import topics
from karibu.consents.models import Topic
from karibu.customers.models import Customer
from karibu.web.models import AuditEntry, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture
def marketer(client: Client) -> Client:
    client.force_login(User.objects.create_user("marketer@shop.test", role="marketer"))
    return client


def test_offers_is_there_before_anybody_made_a_topic() -> None:
    assert [topic.key for topic in topics.offered()] == ["offers"]
    assert not Topic.objects.exists()


def test_a_topic_is_made_named_in_another_language_and_closed(marketer: Client) -> None:
    words = {"name": "News", "key": "news", "description": "Once a month.", "place": 2, "name_sw": "Habari"}
    marketer.post("/settings/topics/", words)
    [_, news] = topics.offered()
    assert topics.said(news, "sw-KE") == {"name": "Habari", "description": "Once a month."}
    assert topics.said(news, "fr") == {"name": "News", "description": "Once a month."}
    assert "Habari" in marketer.get("/settings/topics/news/").content.decode()
    marketer.post("/settings/topics/news/close/")
    assert [topic.key for topic in topics.offered()] == ["offers"] and topics.names()["news"] == "News"
    assert AuditEntry.objects.filter(verb__contains="topic").count() == 2


def test_the_built_in_topic_gets_the_shops_own_words_and_keeps_its_key(marketer: Client) -> None:
    marketer.post("/settings/topics/offers/", {"name": "Deals", "key": "other", "description": "Weekly.", "place": 1})
    assert [(topic.key, topic.name) for topic in topics.offered()] == [("offers", "Deals")]


def test_a_colleague_records_wording_and_basis_for_a_topic_and_the_page_tells_it(marketer: Client) -> None:
    topics.save(Topic(key="news", name="News"), by="test")
    person = Customer.objects.create(
        name="Amina", email="amina@example.com", phone="+250788123456", created_at=timezone.now(), is_anonymous=False
    )
    page = f"/customers/{person.pk}/consents/"
    assert marketer.get(page).content.decode().count("never asked") == 3
    told = {"channel": "email", "topic": "news", "status": "given", "evidence": "called on Monday"}
    marketer.post(page, {**told, "wording": "May we write?", "basis": "legitimate_interests"})
    said = marketer.get(page).content.decode()
    for words in ("May we write?", "legitimate interests", "called on Monday", "From then on in force", "a colleague"):
        assert words in said
    assert said.count("never asked") == 2
    marketer.post(page, {**told, "status": "withdrawn"})
    marketer.post(page, {**told, "evidence": ""})
    assert marketer.get(page).content.decode().count("From then on") == 2
