"""An address that was blocked is written to again because a colleague says so, and only then."""

import pytest
from django.test import Client
from django.utils import timezone

from karibu.consents.actions import suppress
from karibu.consents.models import Suppression
from karibu.consents.queries import suppressed
from karibu.customers.models import Customer
from karibu.web.models import AuditEntry, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture
def amina() -> Customer:
    suppress("email", ["Amina@example.com"], Suppression.Reason.HARD_BOUNCE)
    return Customer.objects.create(name="Amina", email="amina@example.com", created_at=timezone.now())


def test_a_marketer_lifts_it_from_the_customers_page(amina: Customer, client: Client) -> None:
    client.force_login(User.objects.create_user("marketer@shop.test", role="marketer"))
    page = client.get(f"/customers/{amina.pk}/").content.decode()
    assert "nobody can be reached there" in page and "Lift block" in page
    client.get(f"/customers/{amina.pk}/unblock/")
    assert suppressed("email", ["amina@example.com"])
    said = client.post(f"/customers/{amina.pk}/unblock/", follow=True).content.decode()
    assert "The address is written to again." in said and "Lift block" not in said
    assert suppressed("email", ["amina@example.com"]) == {}
    assert AuditEntry.objects.get(verb="lifted suppression").actor == "marketer@shop.test"


def test_an_agent_sees_why_and_cannot(amina: Customer, client: Client) -> None:
    client.force_login(User.objects.create_user("agent@shop.test", role="agent"))
    page = client.get(f"/customers/{amina.pk}/").content.decode()
    assert "nobody can be reached there" in page and "Lift block" not in page
    assert client.post(f"/customers/{amina.pk}/unblock/").status_code == 403
    assert suppressed("email", ["amina@example.com"])
