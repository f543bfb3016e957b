"""Journeys over HTTP, as scripts outside may rely on it."""

import pytest
from django.test import Client
from django.utils import timezone

from karibu.customers.models import Customer
from karibu.journeys import engine
from karibu.journeys.models import Journey, Passage
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.story import sends, story, waits
from karibu.web.actions import create_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Client:
    return Client(headers={"Authorization": f"Bearer {create_token('test')}"})


def post(api: Client, path: str, body: object = None) -> tuple[int, dict]:
    answer = api.post(f"/api/v1/journeys{path}", body or {}, content_type="application/json")
    return answer.status_code, answer.json()


def test_a_journey_is_made_published_paused_and_resumed(api):
    status, made = post(api, "", {"name": "Carts", "definition": abandoned_cart()})
    assert (status, made["status"], made["version"]) == (201, "draft", 0)
    for verb, state in (("publish", "live"), ("pause", "paused"), ("resume", "live")):
        status, after = post(api, f"/{made['id']}/{verb}")
        assert (status, after["status"]) == (200, state)
    assert after["version"] == 1
    assert [item["id"] for item in api.get("/api/v1/journeys").json()["items"]] == [made["id"]]


def test_a_definition_that_cannot_run_is_a_problem_that_names_the_path(api):
    bad = {**abandoned_cart(), "steps": [{"wait": {"hours": "one"}}]}
    status, problem = post(api, "", {"name": "Carts", "definition": bad})
    assert status == 422 and problem["errors"][0]["field"] == "definition.steps[0].wait.hours"
    assert not Journey.objects.exists()


def test_a_change_is_published_for_whom_it_was_asked(api):
    _status, made = post(api, "", {"name": "Carts", "definition": abandoned_cart()})
    post(api, f"/{made['id']}/publish")
    changed = api.patch(
        f"/api/v1/journeys/{made['id']}",
        {"definition": abandoned_cart(minutes=10)},
        content_type="application/json",
    )
    assert changed.json()["version"] == 1
    assert post(api, f"/{made['id']}/publish", {"inside": "nobody"})[1]["version"] == 1
    assert post(api, f"/{made['id']}/publish", {"inside": "before"})[1]["version"] == 2
    assert post(api, f"/{made['id']}/publish", {"inside": "somebody"})[0] == 422


def test_enrollments_and_report_tell_where_everyone_is(api):
    _status, made = post(api, "", {"name": "Carts", "definition": abandoned_cart()})
    post(api, f"/{made['id']}/publish")
    told = story(
        sends("Product Added", cart_id="c-1", by="amina"),
        waits(hours=1),
        sends("Product Added", cart_id="c-2", by="brian"),
    )
    page = api.get(f"/api/v1/journeys/{made['id']}/enrollments?limit=1").json()
    assert [item["key"] for item in page["items"]] == ["c-2"]
    rest = api.get(f"/api/v1/journeys/{made['id']}/enrollments", {"cursor": page["next"]}).json()
    [first] = rest["items"]
    assert (first["customer"], first["status"]) == (told.person("amina"), "finished")
    assert first["explanation"] == "Went through to the end" and rest["next"] is None
    only = api.get(f"/api/v1/journeys/{made['id']}/enrollments?status=active").json()["items"]
    assert [item["key"] for item in only] == ["c-2"]
    report = api.get(f"/api/v1/journeys/{made['id']}/report").json()
    assert (report["entered"], report["inside"], report["finished"]) == (2, 1, 1)
    assert report["messages"] == {"intended": 1}
    assert report["last_30_days"] == {"revenue": 0, "orders": 0, "sent": 0}
    assert [(s["waiting"], s["passed"]) for s in report["steps"]] == [(1, 1), (0, 1)]


def test_nobody_calls_without_a_token(client):
    assert client.get("/api/v1/journeys").status_code == 401
    assert client.post("/api/v1/journeys", {}, content_type="application/json").status_code == 401


def test_people_are_put_in_by_hand(api):
    definition = {"entry": {"by_hand": True}, "steps": [{"ask": {"question": "Call her?"}}]}
    _status, made = post(api, "", {"name": "By hand", "definition": definition})
    path, amina = f"/{made['id']}/enrollments", Customer.objects.create(name="Amina", created_at=timezone.now()).pk
    assert post(api, path, {"customers": [amina]})[0] == 409
    post(api, f"/{made['id']}/publish")
    assert post(api, path, {"customers": [amina]}) == (200, {"entered": 1})
    assert post(api, path, {"customers": [amina]}) == (200, {"entered": 0})
    status, problem = post(api, path, {"customers": [amina, amina + 1]})
    assert (status, problem["errors"][0]["field"]) == (422, "customers")
    _status, carts = post(api, "", {"name": "Carts", "definition": abandoned_cart()})
    post(api, f"/{carts['id']}/publish")
    assert post(api, f"/{carts['id']}/enrollments", {"customers": [amina]})[0] == 409


def test_a_question_is_answered(api):
    definition = {"entry": {"by_hand": True}, "steps": [{"ask": {"question": "Call her?"}}, {"wait": {"days": 1}}]}
    _status, made = post(api, "", {"name": "By hand", "definition": definition})
    post(api, f"/{made['id']}/publish")
    amina = Customer.objects.create(name="Amina", created_at=timezone.now()).pk
    post(api, f"/{made['id']}/enrollments", {"customers": [amina]})
    [run] = api.get(f"/api/v1/journeys/{made['id']}/enrollments").json()["items"]
    answer = f"/{made['id']}/enrollments/{run['id']}/answer"
    assert post(api, answer, {"answer": "maybe"})[0] == 422
    assert post(api, answer, {"answer": "yes"})[0] == 200
    engine.advance(timezone.now())
    assert Passage.objects.get().outcome == "yes"
    assert post(api, answer, {"answer": "no"})[0] == 409
    assert post(api, f"/{made['id'] + 1}/enrollments/{run['id']}/answer", {"answer": "no"})[0] == 404
