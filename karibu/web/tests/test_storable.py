"""What PostgreSQL cannot store never breaks a page or a call of the API."""

import pytest
from django.db import DataError
from django.test import Client, RequestFactory

from karibu.web.actions import create_token
from karibu.web.models import User
from karibu.web.storable import Storable

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address", ["/orders/?q=a%00b", "/messages/?status=%00", "/search/?q=%00", "/events/?name=%00"]
)
def test_a_nul_in_an_address_finds_nothing_and_breaks_nothing(owner: User, client: Client, address: str) -> None:
    client.force_login(owner)
    assert client.get(address).status_code == 200


def test_programs_are_told_as_well() -> None:
    api = Client(headers={"Authorization": f"Bearer {create_token('test', role='owner')}"})
    asked = api.get("/api/v1/customers?query=a%00b")
    assert (asked.status_code, asked.json()) == (200, {"items": [], "next": None})
    long = api.post("/api/v1/journeys", {"name": "n" * 201, "definition": {}}, content_type="application/json")
    assert (long.status_code, long.json()["errors"][0]["field"]) == (422, "name")


def test_what_a_page_was_sent_and_cannot_store_is_no_fault_of_ours(rf: RequestFactory, caplog) -> None:
    request = rf.post("/customers/")
    request.user = User(role="owner")
    answer = Storable(lambda _: None).process_exception(request, DataError('value "amina" is too long'))
    assert answer is not None and answer.status_code == 400
    assert Storable(lambda _: None).process_exception(request, ZeroDivisionError()) is None
    assert "amina" not in caplog.text
