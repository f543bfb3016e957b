"""`/api/v1/customers` and `/api/v1/merges`."""

import pytest
from django.test import Client

from karibu.customers.models import Customer, Merge
from karibu.web.actions import create_token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture
def api() -> Client:
    return Client(headers={"Authorization": f"Bearer {create_token('test')}"})


@pytest.fixture
def amina(send) -> Customer:
    send(
        {"type": "page", "anonymousId": "laptop", "timestamp": "2026-11-20T08:00:00Z"},
        {
            "type": "identify",
            "anonymousId": "laptop",
            "userId": "amina",
            "traits": {"name": "Amina", "email": "amina@example.com", "plan": "gold"},
            "timestamp": "2026-11-20T08:01:00Z",
        },
    )
    return Customer.objects.get(name="Amina")


@pytest.mark.parametrize("query", ["amina", "amina@example.com", "laptop", "ami"])
def test_a_customer_is_found(api: Client, amina: Customer, query: str) -> None:
    answer = api.get("/api/v1/customers", {"query": query}).json()
    assert [(found["id"], found["name"], found["traits"]) for found in answer["items"]] == [
        (amina.pk, "Amina", {"plan": "gold"})
    ]
    assert api.get("/api/v1/customers", {"query": "nobody"}).json() == {"items": [], "next": None}


def test_the_list_and_the_customer_say_the_same(api: Client, amina: Customer) -> None:
    [listed] = api.get("/api/v1/customers", {"query": "amina"}).json()["items"]
    alone = api.get(f"/api/v1/customers/{amina.pk}").json()
    assert {name: alone[name] for name in listed} == listed
    assert listed["first_seen"] == "2026-11-20T08:00:00Z"


def test_an_old_id_answers_with_whom_it_is_today(api: Client, amina: Customer) -> None:
    nameless = Merge.objects.get().loser
    answer = api.get(f"/api/v1/customers/{nameless}").json()
    assert (answer["id"], answer["ids"]) == (amina.pk, [nameless, amina.pk])
    assert {(known["kind"], known["value"], known["evidence"]) for known in answer["identities"]} == {
        ("anonymous", "laptop", "Page Viewed"),
        ("external", "amina", "identify"),
        ("email", "amina@example.com", "identify"),
    }
    assert [found["id"] for found in api.get("/api/v1/customers", {"query": str(nameless)}).json()["items"]] == [
        amina.pk
    ]


def test_the_timeline_pages_by_cursor(api: Client, amina: Customer) -> None:
    first = api.get(f"/api/v1/customers/{amina.pk}/timeline", {"limit": 1}).json()
    assert first["items"][0]["sentence"] == "Was identified with email, name, plan"
    second = api.get(f"/api/v1/customers/{amina.pk}/timeline", {"limit": 1, "cursor": first["next"]}).json()
    assert [entry["sentence"] for entry in second["items"]] == ["Visited a page"]
    assert second["next"] is None


def test_customers_merge_and_come_apart(api: Client, amina: Customer, send) -> None:
    send({"type": "identify", "userId": "ben", "traits": {"name": "Ben"}})
    ben = Customer.objects.get(name="Ben")
    merge = api.post(f"/api/v1/customers/{amina.pk}/merge", {"with": ben.pk}, content_type="application/json").json()
    assert (merge["winner"], merge["loser"]) == (amina.pk, ben.pk)
    assert api.get(f"/api/v1/customers/{ben.pk}").json()["id"] == amina.pk
    undone = api.post(f"/api/v1/merges/{merge['id']}/undo").json()
    assert undone["undone_at"]
    assert api.get(f"/api/v1/customers/{ben.pk}").json()["name"] == "Ben"
    assert api.post(f"/api/v1/merges/{merge['id']}/undo").status_code == 409


def test_errors_are_problem_documents_that_name_the_field(api: Client, amina: Customer) -> None:
    self_merge = api.post(f"/api/v1/customers/{amina.pk}/merge", {"with": amina.pk}, content_type="application/json")
    assert (self_merge.status_code, self_merge.json()["errors"][0]["field"]) == (409, "with")
    unknown = api.post(f"/api/v1/customers/{amina.pk}/merge", {"with": 10**9}, content_type="application/json")
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (404, "with")
    assert api.get("/api/v1/customers/999999").status_code == 404
    foreign = api.get("/api/v1/customers", {"cursor": "nonsense"})
    assert (foreign.status_code, foreign.json()["errors"][0]["field"]) == (422, "cursor")
    refused = api.delete("/api/v1/customers")
    assert (refused.status_code, refused["Content-Type"]) == (405, "application/problem+json")
    assert (refused["Allow"], refused.json()["detail"]) == ("GET, POST", "This address answers GET, POST, not DELETE.")
    assert Client().get("/api/v1/customers").status_code == 401
    assert Merge.objects.filter(by__startswith="token").count() == 0


def test_a_customer_is_added(api: Client, amina: Customer) -> None:
    made = api.post("/api/v1/customers", {"name": "Ben", "email": "Ben@example.com"}, content_type="application/json")
    assert (made.status_code, made.json()["email"]) == (201, "ben@example.com")
    taken = api.post("/api/v1/customers", {"email": "amina@example.com"}, content_type="application/json")
    assert (taken.status_code, taken.json()["customer"]) == (409, amina.pk)
    wrong = api.post("/api/v1/customers", {"email": "amina"}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "email")
    assert Customer.objects.filter(merged_into=None).count() == 2


def test_customers_page_by_cursor(api: Client, amina: Customer, send) -> None:
    send(*({"type": "identify", "userId": f"user {n}"} for n in range(5)))
    seen, cursor = [], None
    while True:
        page = api.get("/api/v1/customers", {"limit": 4, **({"cursor": cursor} if cursor else {})}).json()
        seen += [found["id"] for found in page["items"]]
        if not (cursor := page["next"]):
            break
    assert seen == sorted(set(seen), reverse=True) and len(seen) == 6
