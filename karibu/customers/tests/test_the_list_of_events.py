"""The list of events, below us, calls people by the names we know."""

import pytest

from karibu.customers.models import Customer
from karibu.events import log
from karibu.events.tests.making import NOON, append, event
from karibu.web.actions import create_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(client):
    client.force_login(create_user("agent@shop.test", role="agent"))
    return client


def test_people_are_called_by_name(colleague, lake) -> None:
    amina = Customer.objects.create(name="Amina <b>", created_at=NOON)
    merged = Customer.objects.create(merged_into=amina.pk, created_at=NOON)
    append(event(customer_id=amina.pk), event(customer_id=merged.pk), event(customer_id=10**9), event(customer_id=0))
    page = colleague.get("/events/").content.decode()
    assert page.count(">Amina &lt;b&gt;</a>") == 2 and f'href="/customers/{amina.pk}/"' in page
    assert ">Customer 1000000000</a>" in page and "/customers/0/" not in page
    [found] = [e for e in log.recent() if e.customer == merged.pk]
    assert ">Amina &lt;b&gt;</a>" in colleague.get(found.get_absolute_url()).content.decode()
    lines = b"".join(colleague.get("/events/?format=csv&cols=customer,customer_number")).decode().splitlines()
    known = [f"Amina <b>,{amina.pk}", f"Amina <b>,{merged.pk}", "Customer 1000000000,1000000000"]
    assert sorted(lines[1:]) == sorted([",", *known])
