import datetime
import json

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client, RequestFactory
from ninja import NinjaAPI, Schema
from ninja.testing import TestClient

from karibu.web import paging, problems
from karibu.web.access import allow
from karibu.web.actions import create_token
from karibu.web.api import build
from karibu.web.models import Token, User

pytestmark = pytest.mark.django_db


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_token_says_who_calls(client: Client) -> None:
    answer = client.get("/api/v1/me", headers=bearer(create_token("till", role="agent")))
    assert answer.json() == {"name": "token till", "role": "agent"}


def test_without_a_token_the_problem_says_how_to_call(client: Client) -> None:
    for headers in ({}, bearer("kt_wrong")):
        answer = client.get("/api/v1/me", headers=headers)
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
        assert answer["WWW-Authenticate"].startswith("Bearer")
        body = answer.json()
        assert (body["type"], body["status"], body["title"]) == ("about:blank", 401, "Not signed in")
        assert "Authorization: Bearer" in body["detail"]


def test_a_colleague_may_call_from_our_own_pages(owner: User, client: Client) -> None:
    assert client.get("/api/v1/me").json() == {"name": owner.email, "role": "owner"}


def test_an_address_that_is_not_there_is_a_problem_document(client: Client) -> None:
    answer = client.get("/api/v1/nowhere", headers=bearer(create_token("till")))
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_the_last_use_of_a_token_is_noted_once_a_minute(client: Client) -> None:
    text = create_token("till")
    with time_machine.travel(datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC), tick=False) as clock:
        client.get("/api/v1/me", headers=bearer(text))
        first = Token.objects.get().last_used_at
        clock.shift(30)
        client.get("/api/v1/me", headers=bearer(text))
        assert Token.objects.get().last_used_at == first
        clock.shift(31)
        client.get("/api/v1/me", headers=bearer(text))
        assert Token.objects.get().last_used_at == first + datetime.timedelta(seconds=61)


def test_the_description_of_the_api_is_openapi(client: Client) -> None:
    body = client.get("/api/v1/openapi.json").json()
    assert body["openapi"].startswith("3.") and "/api/v1/me" in body["paths"]
    assert body["components"]["securitySchemes"]["BearerToken"]["scheme"] == "bearer"


class Order(Schema):
    number: str
    lines: list[int]


@pytest.fixture
def api() -> TestClient:
    made = NinjaAPI(urls_namespace="test-problems")
    problems.install(made)

    @made.post("/orders")
    def create(request, order: Order, limit: int = 5) -> None: ...

    @made.get("/conflict")
    def conflict(request) -> None:
        raise problems.Problem(409, "Launched already.", field="status")

    @made.get("/refused")
    def refused(request) -> None:
        raise ValidationError({"name": ["Too long."]})

    @made.get("/too-long")
    def too_long(request) -> None:
        Token.objects.create(name="n" * 5000, digest="x")

    @made.get("/cursor")
    def cursor(request, cursor: str) -> None:
        paging.decode(cursor, 1)

    @made.get("/owners")
    @allow("owner")
    def owners(request, number: int = 0) -> None:
        raise PermissionDenied

    return TestClient(made)


def test_what_is_not_valid_names_the_field(api: TestClient) -> None:
    answer = api.post("/orders?limit=many", json={"number": "1", "lines": [1, "x"]})
    body = json.loads(answer.content)
    assert answer.status_code == 422
    assert {error["field"] for error in body["errors"]} == {"limit", "lines.1"}


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [("/conflict", 409, "status"), ("/refused", 422, "name"), ("/owners", 403, None), ("/too-long", 422, None)],
)
def test_every_refusal_has_the_same_shape(api: TestClient, path: str, status: int, field: str | None) -> None:
    answer = api.get(path, user=User(role="agent"))
    body = json.loads(answer.content)
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert (answer.status_code, body["status"]) == (status, status)
    assert [error["field"] for error in body.get("errors", [])] == ([field] if field else [])


@pytest.mark.parametrize("cursor", ["%%%", "bm90IGpzb24", "e30", "WzEsMl0"])
def test_a_foreign_cursor_is_refused(api: TestClient, cursor: str) -> None:
    assert (
        api.get("/cursor", params={"cursor": cursor}).status_code == 422
        or api.get(f"/cursor?cursor={cursor}").status_code == 422
    )


def test_the_session_writes_only_with_the_csrf_token(owner: User) -> None:
    made = build()
    strict = RequestFactory(enforce_csrf_checks=True).post("/api/v1/x")
    strict.user = owner
    strict._dont_enforce_csrf_checks = False
    schemes = [auth for auth in made.auth if type(auth).__name__ == "SignedIn"]
    with pytest.raises(Exception, match="CSRF"):
        schemes[0](strict)
