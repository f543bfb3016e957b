"""What another release wrote and this one cannot read: it stands still, is seen, and holds up nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from karibu.customers.models import Customer
from karibu.customers.timeline import read as timeline
from karibu.journeys import actions, contests, engine, live
from karibu.journeys.explain import why_not
from karibu.journeys.models import Enrollment, Journey, Version

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
READABLE = {
    "entry": {"by_hand": True},
    "steps": [
        {"check": {"entry": {"property": "value", "op": "exists"}}, "ways": {"no": [{"wait": {"days": 1}}]}},
        {"wait": {"days": 2}},
    ],
}
UNKNOWN = {**READABLE, "steps": [READABLE["steps"][0], {"teleport": {"to": "Kigali"}}]}


@pytest.fixture
def person() -> Customer:
    return Customer.objects.create(name="Amina", is_anonymous=False, created_at=NOW, email="amina@example.com")


def as_another_release_wrote_it(journey: Journey, definition: Any, *, published: bool = True) -> None:
    Journey.objects.filter(pk=journey.pk).update(definition=definition)
    if published:
        Version.objects.filter(journey=journey).update(definition=definition)
        live.definition.cache_clear()
        live._kept.clear()


@pytest.fixture
def journey(person: Customer) -> Journey:
    """Somebody stands in it before the wait in its way "no"."""
    made = actions.publish(actions.create("Any", READABLE, by="test"), by="test", now=NOW)
    assert actions.put_in(made, [person.pk], by="test", now=NOW) == 1
    while engine.advance(NOW) == 0:
        pass
    assert Enrollment.objects.get().step == 1
    return made


def test_every_page_and_call_says_so_and_answers(marketer, journey, person):
    as_another_release_wrote_it(journey, UNKNOWN)
    page = marketer.get(f"/journeys/{journey.pk}/").content.decode()
    assert "Version 1 cannot be read by this release" in page and "There is no step “teleport”" in page
    for path in ("people/", f"why/?q={person.pk}", "rehearsals/", "journey.json"):
        assert marketer.get(f"/journeys/{journey.pk}/{path}").status_code == 200, path
    for path in (f"/insights/journeys/{journey.pk}/report/", "/journeys/", f"/customers/{person.pk}/"):
        assert marketer.get(path).status_code == 200, path
    told = marketer.get("/api/v1/journeys").json()["items"][0]
    assert (told["sentence"], told["fault"]["field"]) == ("", "definition.steps[1]")
    where = marketer.get(f"/api/v1/journeys/{journey.pk}/enrollments").json()["items"][0]["explanation"]
    assert where == why_not(journey, person.pk)[0] == explained(1)
    assert marketer.get(f"/api/v1/journeys/{journey.pk}/report").status_code == 200
    body = {"customers": [person.pk]}
    refused = marketer.post(f"/api/v1/journeys/{journey.pk}/enrollments", body, "application/json")
    assert (refused.status_code, refused.json()["detail"]) == (409, explained(1))
    assert contests.choose(NOW) == 0 and timeline([person.pk], None, 10)


def explained(version: int) -> str:
    return f"Stands still: version {version} of the journey cannot be read by this release of Karibu"


def test_its_deeds_lead_to_the_page_that_says_so(marketer, journey):
    as_another_release_wrote_it(journey, UNKNOWN)
    for deed in ("steps/0/", "steps/", "door/", "entry/", "rules/", "remove/"):
        answer = marketer.post(f"/journeys/{journey.pk}/{deed}", {"address": "[0]", "kind": "wait"})
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/journeys/{journey.pk}/"), deed
    assert Journey.objects.get().definition == UNKNOWN


def test_whoever_was_set_aside_goes_on_in_the_next_version_from_where_they_were(marketer, journey):
    as_another_release_wrote_it(journey, UNKNOWN)
    later = NOW + timedelta(days=1)
    engine.advance(later)
    aside = Enrollment.objects.get()
    assert (aside.status, aside.step) == ("failed", 1) and "teleport" in aside.reason
    actions.retry([aside.pk], by="test", now=later)
    engine.advance(later)
    assert Enrollment.objects.get().status == "failed"  # nothing has changed yet

    as_another_release_wrote_it(journey, {**READABLE, "steps": [{"leave": {}}, *READABLE["steps"]]}, published=False)
    changed = {**READABLE, "steps": [{"wait": {"days": 9}, "id": "new"}, {**READABLE["steps"][0], "id": "1"}]}
    changed["steps"][1]["ways"] = {"no": [{"wait": {"days": 1}, "id": "1.no.1"}]}
    actions.edit(journey, definition=changed, by="test")
    page = marketer.get(f"/journeys/{journey.pk}/").content.decode()
    assert "Version 1 cannot be read by this release" in page and "Publish change" in page
    actions.publish(journey, by="test", inside="before", now=later)
    actions.retry([aside.pk], by="test", now=later)
    on = Enrollment.objects.get()
    assert (on.status, on.version, on.step) == ("active", 2, 2)
    engine.advance(later)
    assert Enrollment.objects.get().status == "finished"
    assert "cannot be read" not in marketer.get(f"/journeys/{journey.pk}/").content.decode()


def test_a_draft_goes_back_to_what_is_published(marketer, journey):
    as_another_release_wrote_it(journey, UNKNOWN, published=False)
    page = marketer.get(f"/journeys/{journey.pk}/").content.decode()
    assert "The draft cannot be read" in page and "Version 1 cannot be read" not in page
    marketer.post(f"/journeys/{journey.pk}/published/")
    assert Journey.objects.get().definition == READABLE
    assert "Pause journey" in marketer.get(f"/journeys/{journey.pk}/").content.decode()
