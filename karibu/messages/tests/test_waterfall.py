"""What became of everything one sender wanted sent, and whether a message would reach somebody now."""

import pytest
from django.test import Client
from django.utils import timezone

from karibu.consents.actions import suppress
from karibu.messages import queries, reach, send, story
from karibu.messages.models import Mail, Message, Template
from karibu.messages.tests.cast import a_person, says, the_shop, wants
from karibu.web.actions import create_token
from karibu.web.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(User.objects.create_user("amina@example.test", role="owner"))
    return client


@pytest.fixture
def api() -> dict[str, str]:
    return {"Authorization": f"Bearer {create_token('test', by='test', role='agent')}"}


def a_send() -> None:
    """Ten people: four get it (one opens, one clicks), two never agreed, one is held out, one waits, two fail."""
    the_shop()
    people = [a_person(f"p{n}", agreed=n not in (4, 5)) for n in range(10)]
    for n, one in enumerate(people):
        wants(one, str(n), sender="campaign:7", is_holdout=n == 6)
    Message.objects.filter(key="7").update(due_at="2100-01-01T00:00Z")
    send.send_due()
    now = timezone.now()
    Message.objects.filter(key="0").update(opened_at=now)
    Message.objects.filter(key="1").update(opened_at=now, clicked_at=now)
    Message.objects.filter(key="8").update(status="failed", reason="rejected", sent_at=None)
    Message.objects.filter(key="9").update(status="failed", reason="gave_up")
    wants(a_person("other"), "other", sender="campaign:8")


def test_a_waterfall_leads_from_everybody_to_the_clicks_and_every_message_is_in_it_once(django_assert_num_queries):
    a_send()
    with django_assert_num_queries(1):
        steps = queries.waterfall("campaign:7")
    assert [(s.key, s.count, s.kind, s.left) for s in steps] == [
        ("audience", 10, "audience", 10),
        ("no_consent", 2, "loss", 8),
        ("holdout", 1, "loss", 7),
        ("rejected", 1, "loss", 6),
        ("intended", 1, "waiting", 5),
        ("sent", 5, "reached", 5),
        ("gave_up", 1, "loss", 4),
        ("delivered", 4, "reached", 4),
        ("opened", 2, "reached", 2),
        ("clicked", 1, "reached", 1),
    ]
    assert queries.waterfall("campaign:nobody") == []


def test_the_waterfall_is_the_same_on_the_page_and_by_api(owner, api):
    assert "Nothing was sent yet" in owner.get("/messages/waterfall/").content.decode()
    a_send()
    page = owner.get("/messages/waterfall/?sender=campaign:7").content.decode()
    assert "<svg" in page and "never agreed" in page and "Clicked by people" in page
    part = owner.get("/messages/waterfall/?sender=campaign:7", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "<svg" in part
    steps = Client().get("/api/v1/messages/waterfall?sender=campaign:7", headers=api).json()
    assert [(s["key"], s["count"]) for s in steps] == [(s.key, s.count) for s in queries.waterfall("campaign:7")]


def test_every_check_is_asked_of_a_message_that_is_only_thought_of_and_nothing_is_written():
    the_shop()
    person = a_person()
    asked = {a.check: a.outcome for a in reach.check(person.pk, "email", "offers", is_marketing=True)}
    assert {name for name, outcome in asked.items() if outcome == "not needed"} == {"cart", "stock", "coupon"}
    assert set(asked.values()) == {"passed", "not needed"}
    says(person, "withdrawn")
    suppress("email", [person.email], "hard_bounce")
    answers = {a.check: a for a in reach.check(person.pk, "email", "offers", is_marketing=True)}
    stopped = {name: answer.reason for name, answer in answers.items() if answer.outcome == "stopped"}
    assert stopped == {"suppression": "suppressed", "consent": "withdrawn"}
    receipt = {a.check: a.outcome for a in reach.check(person.pk, "email", "offers", is_marketing=False)}
    assert receipt["consent"] == "not needed" and receipt["suppression"] == "stopped"
    assert not Message.objects.exists() and not Mail.objects.exists()


def test_the_page_of_a_receipt_does_not_claim_that_somebody_agreed():
    the_shop()
    person = a_person(agreed=False)
    Template.objects.create(key="receipt", name="R", subject="R", body="Thanks", is_marketing=False)
    receipt = wants(person, "receipt", template_key="receipt")
    send.send_due()
    receipt.refresh_from_db()
    answers = {d.words: d.outcome for d in story.decisions(receipt)}
    assert receipt.status == "sent" and answers["The person agreed to this kind of message"] == "not needed"
    assert answers["The address is not blocked"] == "passed"


def test_who_was_written_to_a_short_while_ago_would_have_to_wait():
    the_shop()
    person = a_person()
    wants(person)
    send.send_due()
    answers = reach.check(person.pk, "email", "offers", is_marketing=True)
    [waits] = [a for a in answers if a.outcome not in ("passed", "not needed")]
    assert (waits.check, waits.outcome, waits.reason) == ("frequency", "waits", "frequency") and waits.until
    assert reach.outcome(answers) == "waits"


def test_the_customer_page_asks_and_shows_each_answer(owner, api):
    the_shop()
    person = a_person("zuri", phone="")
    assert f"/messages/reach/{person.pk}/" in owner.get(f"/customers/{person.pk}/").content.decode()
    whole = owner.get(f"/messages/reach/{person.pk}/?channel=email&topic=offers").content.decode()
    assert "It would leave now." in whole and "The person agreed to this kind of message" in whole
    part = owner.get(f"/messages/reach/{person.pk}/?channel=sms", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "It would not be sent." in part and "No address for this channel" in part
    assert owner.get("/messages/reach/0/").status_code == 404
    said = Client().get(f"/api/v1/customers/{person.pk}/reach?channel=email&topic=news", headers=api).json()
    assert said["outcome"] == "stopped"
    assert [c["reason"] for c in said["checks"] if c["outcome"] == "stopped"] == ["no_consent"]
    wrong = Client().get(f"/api/v1/customers/{person.pk}/reach?channel=pigeon", headers=api)
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "channel"
