"""A journey goes into a file and comes back, here or elsewhere; what is missing there is named with its path."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from karibu.journeys import actions, exporting
from karibu.journeys.models import Journey
from karibu.segments import actions as segments
from karibu.segments.models import Segment
from karibu.shop.models import CouponPool
from karibu.web.actions import create_token, create_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Client:
    return Client(headers={"Authorization": f"Bearer {create_token('test')}"})


@pytest.fixture
def marketer() -> Client:
    client = Client()
    user = create_user("m@example.com", role="marketer")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def journey() -> Journey:
    rich = segments.create("Rich", {"trait": "spent", "op": "gte", "value": 100}, by="test")
    other = actions.create("Other", {"entry": {"by_hand": True}, "steps": [{"leave": {}}]}, by="test")
    pool = CouponPool.objects.create(name="Summer", created_at=timezone.now())
    definition = {
        "entry": {"segment": rich.pk, "left": True},
        "steps": [
            {"branch": {"if": {"all": [{"segment": rich.pk}, {"trait": "orders", "op": "gte", "value": 1}]}},
             "ways": {"yes": [{"hand_over": {"journey": other.pk}}], "no": []}},
            {"coupon": {"pool": pool.pk}},
            {"send": {"template": "welcome", "channel": "email"}},
        ],
    }  # fmt: skip
    return actions.create("Rich no more", definition, by="test")


def test_names_stand_in_the_file_and_numbers_in_the_definition(journey):
    paper = exporting.written(journey)
    assert paper["definition"]["entry"]["segment"] == "Rich"
    assert paper["definition"]["steps"][0]["ways"]["yes"] == [{"hand_over": {"journey": "Other"}}]
    assert paper["definition"]["steps"][1] == {"coupon": {"pool": "Summer"}}
    name, definition = exporting.read(json.dumps(paper).encode())
    assert (name, definition) == ("Rich no more", journey.definition)


def test_an_installation_with_other_numbers_finds_the_same_names(api, journey):
    paper = api.get(f"/api/v1/journeys/{journey.pk}/export").json()
    Segment.objects.all().delete()
    again = segments.create("Rich", {"trait": "spent", "op": "gte", "value": 50}, by="test")
    answer = api.post("/api/v1/journeys/import", paper, content_type="application/json")
    assert answer.status_code == 201 and answer.json()["status"] == "draft"
    made = Journey.objects.get(pk=answer.json()["id"])
    assert made.name == "Rich no more" and made.definition["entry"]["segment"] == again.pk
    assert made.definition["steps"][0]["branch"]["if"]["all"][0] == {"segment": again.pk}


def test_everything_that_is_missing_is_named_with_its_path(api, journey):
    paper = exporting.written(journey)
    paper["definition"]["steps"][2]["send"]["template"] = "gone"
    CouponPool.objects.all().delete()
    Segment.objects.all().delete()
    before = Journey.objects.count()
    answer = api.post("/api/v1/journeys/import", paper, content_type="application/json")
    assert answer.status_code == 422
    assert {(one["field"], one["detail"]) for one in answer.json()["errors"]} == {
        ("$.definition.entry.segment", "There is no segment “Rich”."),
        ("$.definition.steps[0].branch.if.all[0].segment", "There is no segment “Rich”."),
        ("$.definition.steps[1].coupon.pool", "There is no coupon pool “Summer”."),
        ("$.definition.steps[2].send.template", "There is no message template “gone”."),
    }
    assert Journey.objects.count() == before


def _with(step: dict) -> dict:
    return {"definition": {"entry": {"event": "A"}, "steps": [step]}}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"karibu": "segment"}, "$.karibu"),
        ({"name": " "}, "$.name"),
        ({"name": None}, "$.name"),
        ({"definition": []}, "$.definition"),
        ({"more": 1}, "$"),
        (_with({"wait": {"hours": "x"}}), "$.definition.steps[0].wait.hours"),
        (_with({"wait": {"hours": 1}, "ways": {"a": []}}), "$.definition.steps[0].ways.a"),
        (_with({"leave": {"because": "a\0b"}}), "$"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where(change, path):
    paper = {"karibu": "journey", "name": "N", "definition": {"entry": {"event": "A"}, "steps": [{"leave": {}}]}}
    assert exporting.read(json.dumps(paper).encode())
    with pytest.raises(exporting.Unreadable) as caught:
        exporting.read(json.dumps({**paper, **change}).encode())
    assert caught.value.faults[0].path == path


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b"\xff", b'{"a":' * 5000, b" " * 1_000_001])
def test_what_is_no_journey_at_all_is_refused(raw):
    with pytest.raises(exporting.Unreadable):
        exporting.read(raw)


def test_two_segments_of_one_name_are_not_guessed_between(journey):
    paper = exporting.written(journey)
    segments.create("Twin", {"trait": "spent", "op": "gte", "value": 7}, by="test")
    Segment.objects.update(name="Rich")  # as older versions let them be called
    with pytest.raises(exporting.Unreadable, match="Several segments are called “Rich”"):
        exporting.read(json.dumps(paper).encode())


def test_a_marketer_takes_the_file_and_brings_it_back(marketer, journey):
    answer = marketer.get(f"/journeys/{journey.pk}/journey.json")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="journey-{journey.pk}.json"'
    file = SimpleUploadedFile("journey.json", answer.content)
    there = marketer.post("/journeys/import/", {"file": file})
    made = Journey.objects.latest("pk")
    assert there.headers["Location"] == f"/journeys/{made.pk}/" and made.definition == journey.definition
    again = marketer.post("/journeys/import/", {"text": answer.content.decode().replace("Rich", "Poor")})
    assert again.status_code == 422 and "There is no segment “Poor”." in again.content.decode()
    assert marketer.post("/journeys/import/", {}).status_code == 422
    assert Journey.objects.latest("pk") == made
