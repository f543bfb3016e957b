"""What is done with ticked rows happens to those rows, where it can, and to no other."""

from pathlib import Path

import pytest
from django.test import Client

from karibu.collect.models import RejectedEvent
from karibu.consents import jobs
from karibu.consents.models import Erasure
from karibu.customers.models import Customer
from karibu.journeys.models import Enrollment
from karibu.messages.models import Message
from karibu.web.models import AuditEntry, User
from tests.world import fill

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture
def marketer(client: Client, tmp_path: Path) -> Client:
    fill(tmp_path, people=6, troubles=3)
    client.force_login(User.objects.create_user("marketer@example.test", role="marketer"))
    return client


def do(client: Client, path: str, ids: list[int], back: str) -> str:
    """Posts the deed; returns what is said on the list it leads back to."""
    answer = client.post(path, {"id": ids, "next": back}, follow=True)
    assert answer.redirect_chain == [(back, 302)]
    return answer.content.decode()


def test_chosen_messages_that_failed_are_tried_again(marketer: Client) -> None:
    one, two, other = Message.objects.filter(status="failed").order_by("pk").values_list("pk", flat=True)
    sent = Message.objects.filter(status="sent").latest("pk")
    said = do(marketer, "/messages/retry/", [one, two, sent.pk], "/messages/?status=failed")
    assert "2 messages are tried again." in said
    assert list(Message.objects.filter(status="failed").values_list("pk", flat=True)) == [other]
    assert Message.objects.get(pk=sent.pk).status == "sent"
    assert "None of the chosen messages has failed." in do(marketer, "/messages/retry/", [sent.pk], "/messages/")


def test_chosen_messages_that_have_not_left_are_cancelled(marketer: Client) -> None:
    one, other = Message.objects.filter(status="failed").values_list("pk", flat=True)[:2]
    Message.objects.filter(pk__in=[one, other]).update(status="held", reason="frequency")
    assert "1 message is cancelled." in do(marketer, "/messages/cancel/", [one], "/messages/")
    assert [Message.objects.get(pk=pk).status for pk in (one, other)] == ["cancelled", "held"]


def test_chosen_set_aside_events_are_tried_again_or_deleted(marketer: Client) -> None:
    one, two, other = RejectedEvent.objects.order_by("pk").values_list("pk", flat=True)
    assert "1 event is on its way" in do(marketer, "/events/rejected/retry/", [one], "/events/rejected/")
    assert RejectedEvent.objects.filter(pk__in=[two, other], retried_at=None).count() == 2
    assert "1 event is deleted." in do(marketer, "/events/rejected/delete/", [two], "/events/rejected/")
    assert sorted(RejectedEvent.objects.values_list("pk", flat=True))[:2] == [one, other]


def test_chosen_people_of_a_journey_are_tried_again(marketer: Client) -> None:
    inside = Enrollment.objects.order_by("pk")
    one, other = inside.values_list("pk", flat=True)[:2]
    inside.filter(pk__in=[one, other]).update(status="failed", step=0, journey=inside.first().journey_id)
    people = f"/journeys/{inside.first().journey_id}/people/"
    assert "1 tried again." in do(marketer, f"{people}retry/", [one], people)
    assert [Enrollment.objects.get(pk=pk).status for pk in (one, other)] == ["active", "failed"]


@pytest.mark.django_db(transaction=True)
def test_chosen_customers_are_erased_by_an_owner_who_says_how_many(client: Client, tmp_path: Path) -> None:
    fill(tmp_path, people=3)
    begun = Erasure.objects.filter(done_at=None)
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    named = Customer.objects.exclude(email="").filter(merged_into=None).order_by("pk")
    one, two, other = named.values_list("pk", flat=True)[:3]
    asked = client.post("/customers/erase/", {"id": [one, two]}).content.decode()
    assert "Erase 2 customers for good" in asked and not begun.exists()
    wrong = client.post("/customers/erase/", {"id": [one, two], "number": "3"})
    assert wrong.status_code == 422 and not begun.exists()
    said = client.post("/customers/erase/", {"id": [one, two], "number": "2"}, follow=True).content.decode()
    assert "2 customers are being erased." in said
    jobs.erase(erasures=list(begun.values_list("pk", flat=True)))
    # Who was merged into one of them is gone as well.
    gone = Customer.objects.exclude(erased_at=None).filter(merged_into=None).values_list("pk", flat=True)
    assert sorted(gone) == sorted([one, two]) and Customer.objects.get(pk=other).email
    assert AuditEntry.objects.filter(verb="erased customer", actor="owner@example.test").count() == 2
    assert "None of the chosen" in client.post("/customers/erase/", {"id": [one]}, follow=True).content.decode()


def test_what_may_be_done_is_what_is_offered(marketer: Client) -> None:
    assert "/messages/retry/" in marketer.get("/messages/").content.decode()
    agent = Client()
    agent.force_login(User.objects.create_user("agent@example.test", role="agent"))
    page = agent.get("/messages/").content.decode()
    assert "/messages/retry/" not in page and "CSV of these" in page
    assert agent.post("/messages/cancel/", {"id": [1]}).status_code == 403
