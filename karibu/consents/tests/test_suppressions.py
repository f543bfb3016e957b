"""Addresses that get nothing: searched, blocked by hand and by file, lifted with a reason, revived by nothing else."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone

from karibu.collect.actions import create_source, take_in
from karibu.collect.drain import drain_all
from karibu.consents.actions import record_consents, suppress
from karibu.consents.models import Suppression
from karibu.consents.queries import suppressed
from karibu.consents.statement import Statement
from karibu.customers.models import Customer
from karibu.web.models import AuditEntry, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]
NEW = "/settings/suppressions/new/"


@pytest.fixture
def marketer(client: Client) -> Client:
    client.force_login(User.objects.create_user("marketer@shop.test", role="marketer"))
    return client


def test_a_list_of_another_system_is_read_whatever_its_columns_are(marketer: Client) -> None:
    file = BytesIO(b'\xef\xbb\xbfid,"e-mail",why\n1,Ann@Example.com,x\n2,"Ben <ben@example.com>",y\n3,no address,z\n')
    file.name = "list.csv"
    marketer.post(NEW, {"channel": "email", "reason": "complaint", "file": file, "addresses": "cid@example.com"})
    known = suppressed("email", ["ann@example.com", "ben@example.com", "cid@example.com", "dan@example.com"])
    assert known == dict.fromkeys(["ann@example.com", "ben@example.com", "cid@example.com"], "complaint")
    assert AuditEntry.objects.get(verb="blocked addresses").detail == {"count": 3, "reason": "complaint"}
    page = marketer.get("/settings/suppressions/?q=ANN@").content.decode()
    assert "ann@example.com" in page and "ben@example.com" not in page


def test_phone_numbers_are_blocked_in_the_form_they_are_dialled_in(marketer: Client) -> None:
    marketer.post(NEW, {"channel": "sms", "reason": "manual", "addresses": "+250 788 123 456\nnot a number 12"})
    assert list(Suppression.objects.values_list("value", flat=True)) == ["+250788123456"]


def test_nothing_is_blocked_by_a_file_without_addresses(marketer: Client) -> None:
    assert marketer.post(NEW, {"channel": "email", "reason": "manual", "addresses": "nobody"}).status_code == 422
    assert not Suppression.objects.exists()


def test_a_block_is_lifted_with_a_reason_alone_and_reading_lifts_nothing(marketer: Client) -> None:
    suppress("email", ["ann@example.com"], "hard_bounce")
    page = f"/settings/suppressions/{Suppression.objects.get().pk}/"
    marketer.get(page, {"because": "reading"})
    assert marketer.post(page, {"because": ""}).status_code == 422
    assert suppressed("email", ["ann@example.com"])
    marketer.post(page, {"because": "their server was broken"})
    assert suppressed("email", ["ann@example.com"]) == {}
    assert AuditEntry.objects.get(verb="lifted suppression").detail == {"because": "their server was broken"}
    assert Suppression.objects.get().lifted_because == "their server was broken"


def test_neither_an_import_nor_an_event_revives_a_blocked_address() -> None:
    """PAINS 18, of addresses."""
    suppress("email", ["ann@example.com"], "hard_bounce")
    suppress("email", ["ben@example.com"], "unsubscribed", at=timezone.now() - timedelta(days=1))
    source = create_source("shop", kind="server")
    people = [
        {"type": "identify", "userId": name, "traits": {"email": f"{name}@example.com", "email_consent": True}}
        for name in ("ann", "ben")
    ]
    take_in(people, source, historical=True, import_id=7)
    take_in(people, source)
    drain_all()
    assert Customer.objects.filter(email__in=["ann@example.com", "ben@example.com"]).count() == 2
    assert suppressed("email", ["ann@example.com", "ben@example.com"]) == {
        "ann@example.com": "hard_bounce",
        "ben@example.com": "unsubscribed",
    }


def test_who_agrees_anew_by_an_own_act_is_unsubscribed_no_more_but_stays_bounced() -> None:
    before = timezone.now() - timedelta(days=1)
    ids = {}
    for name, reason in (("ann", "hard_bounce"), ("ben", "unsubscribed"), ("cid", "unsubscribed")):
        suppress("email", [f"{name}@example.com"], reason, at=before)
        ids[name] = Customer.objects.create(email=f"{name}@example.com", created_at=before).pk
    for name, method in (("ann", "form"), ("ben", "form"), ("cid", "agent")):
        said = {"customer_id": ids[name], "channel": "email", "source": "test", "at": timezone.now()}
        record_consents([Statement(**said, status="given", method=method)])
    assert suppressed("email", [f"{name}@example.com" for name in ids]) == {
        "ann@example.com": "hard_bounce",
        "cid@example.com": "unsubscribed",
    }


def test_of_two_reasons_the_graver_counts() -> None:
    suppress("email", ["ann@example.com"], "unsubscribed")
    assert suppress("email", ["ann@example.com"], "hard_bounce") == 1
    assert suppress("email", ["ann@example.com"], "unsubscribed") == 0
    assert suppressed("email", ["ann@example.com"]) == {"ann@example.com": "hard_bounce"}
