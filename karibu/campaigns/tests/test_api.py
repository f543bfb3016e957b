"""Campaigns over HTTP: plan, launch, pause, report; errors name the field."""

import csv
import json
from typing import Any

import pytest
from django.test import Client

from karibu.campaigns import flat
from karibu.campaigns.models import Campaign
from karibu.campaigns.tests.crowd import fates, people, run, segment, template
from karibu.web.actions import create_token
from karibu.web.models import User

pytestmark = pytest.mark.django_db


class Api:
    def __init__(self) -> None:
        self.client, self.token = Client(), create_token("till", role="marketer")

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = self.client.generic(
            method, f"/api/v1{path}", json.dumps(body or {}), "application/json",
            headers={"Authorization": f"Bearer {self.token}"},
        )  # fmt: skip
        return answer.status_code, answer.json()


def test_a_campaign_is_made_launched_and_reported() -> None:
    api = Api()
    template()
    group = segment("Buyers", people(4) + people(1, agreed=False))
    plan = {"name": "Spring", "include": [group.pk], "templates": ["spring"], "holdout": 0}
    status, made = api("POST", "/campaigns", plan)
    assert (status, made["status"]) == (201, "draft")
    path = f"/campaigns/{made['id']}"
    assert made["sentence"] == "Everybody in “Buyers”, at once."
    assert api("GET", f"{path}/preview")[1]["audience"] == 5
    assert api("PATCH", path, {"per_hour": 100_000})[1]["per_hour"] == 100_000
    assert api("POST", f"{path}/launch")[1]["status"] == "scheduled"
    assert api("POST", f"{path}/launch")[0] == 409
    run()
    status, report = api("GET", f"{path}/report")
    assert (status, report["status"], report["funnel"]["sent"]) == (200, "sent", 4)
    assert api("GET", "/campaigns")[1]["items"][0]["id"] == made["id"]


def test_pause_and_resume() -> None:
    api = Api()
    template()
    made = api("POST", "/campaigns", {"name": "S", "templates": ["spring"], "include": [segment("A", people(9)).pk]})[1]
    path = f"/campaigns/{made['id']}"
    api("PATCH", path, {"per_hour": 1})
    api("POST", f"{path}/launch")
    run()
    assert api("POST", f"{path}/pause")[1]["status"] == "paused"
    assert api("POST", f"{path}/pause")[0] == 409
    assert api("POST", f"{path}/resume")[1]["status"] == "sending"
    assert api("POST", f"{path}/cancel")[1]["status"] == "cancelled"
    assert sum(fates(Campaign.objects.get()).values()) == 1


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"templates": ["none"]}, "templates"),
        ({"include": [999]}, "include"),
        ({"when": "at"}, "day"),
        ({"holdout": 95}, "holdout"),
        ({"when": "never"}, "when"),
        ({"coupon_pool": 5}, "coupon_pool"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(plan: dict[str, Any], field: str) -> None:
    api = Api()
    template()
    status, made = api("POST", "/campaigns", {"name": "S", "templates": ["spring"], **plan})
    if status == 201:
        status, made = api("POST", f"/campaigns/{made['id']}/launch")
    assert status == 422 and field in [error["field"] for error in made["errors"]]


def test_page_csv_and_api_say_the_same() -> None:
    """PAINS 15."""
    api = Api()
    template()
    body = {"name": "S", "templates": ["spring"], "holdout": 30, "include": [segment("A", people(30)).pk]}
    made = api("POST", "/campaigns", body)[1]
    api("POST", f"/campaigns/{made['id']}/launch")
    run()
    report = api("GET", f"/campaigns/{made['id']}/report")[1]
    for name in ("id", "name", "status"):
        del report[name]
    client = Client()
    client.force_login(User.objects.create_user("meg@shop.test", role="marketer"))
    written = b"".join(client.get(f"/campaigns/{made['id']}/report.csv")).decode().removeprefix("\ufeff")  # type: ignore
    assert list(csv.reader(written.splitlines())) == list(flat.rows(report))
    page = client.get(f"/campaigns/{made['id']}/").content.decode()
    assert f">{report['funnel']['delivered']}<" in page
