"""Each class of data is kept as long as its rule says; a dry run says what would go, and takes nothing (PAINS 46)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from karibu.collect.models import RejectedEvent
from karibu.consents import cli, retention
from karibu.consents.models import Confirmation, Pause, Retention
from karibu.web.models import AuditEntry, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture
def old() -> None:
    """Of each class one that is old and one that is new."""
    now = timezone.now()
    for age in (timedelta(days=500), timedelta(days=1)):
        at = now - age
        about = {"customer_id": 1, "kind": "consent", "address": "a@example.com", "source": "site"}
        Confirmation.objects.create(**about, asked_at=at, expires_at=at)
        Confirmation.objects.create(**about, asked_at=at, expires_at=at, confirmed_at=at)
        Pause.objects.create(customer_id=1, at=at, until=at)
        RejectedEvent.objects.create(source_id=1, received_at=at, field="", reason="no", body="{}")


def counts() -> tuple[int, int, int]:
    return Confirmation.objects.count(), Pause.objects.count(), RejectedEvent.objects.count()


def test_a_dry_run_reports_and_takes_nothing(old: None, capsys: pytest.CaptureFixture[str]) -> None:
    cli.retention(dry_run=True)
    said = capsys.readouterr().out
    assert "Questions that nobody confirmed: 1 of more than 90 days would go" in said
    assert "Rejected events: 1 of more than 30 days would go" in said
    assert counts() == (4, 2, 2)


def test_the_rules_take_what_is_old_and_say_how_much(old: None, capsys: pytest.CaptureFixture[str]) -> None:
    cli.retention(dry_run=False)
    assert "Pauses that are over: 1 of more than 365 days went" in capsys.readouterr().out
    assert counts() == (3, 1, 1)
    assert AuditEntry.objects.filter(verb="let go by retention").count() == 3
    assert {line.gone for line in retention.apply(timezone.now())} == {0}


def test_an_owner_changes_a_rule_and_sees_what_it_would_take(old: None, client: Client) -> None:
    client.force_login(User.objects.create_user("owner@shop.test", role="owner"))
    page = "/settings/retention/"
    assert client.post(page, {"questions": "0"}).status_code == 422
    client.post(page, {"questions": "", "pauses": "7"})
    assert dict(Retention.objects.values_list("key", "days")) == {"questions": None, "pauses": 7, "inactive": None}
    client.get(page)
    assert counts() == (4, 2, 2)
    retention.apply(timezone.now())
    assert counts() == (4, 1, 1)
