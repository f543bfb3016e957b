"""Sources and set-aside events on the screen."""

import pytest

from karibu.collect.actions import create_source, take_in
from karibu.collect.drain import drain_all
from karibu.collect.models import InboxRow, RejectedEvent, Source
from karibu.web.models import AuditEntry, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    client.force_login(User.objects.create_user("amina@example.test", role="owner"))
    return client


@pytest.fixture
def set_aside(settings):
    settings.KARIBU_PIPELINE = []
    take_in([{"type": "track", "userId": "u1", "messageId": "m1"}], create_source("Site"))
    return RejectedEvent.objects.get()


def test_an_empty_installation_says_what_to_do(owner):
    assert "No sources yet" in owner.get("/settings/sources/").content.decode()
    assert "No rejected events" in owner.get("/events/rejected/").content.decode()


def test_a_source_is_made_once_and_shows_how_to_use_it(owner):
    answer = owner.post("/settings/sources/create/", {"name": "Till <1>", "kind": "server"}, follow=True)
    text = answer.content.decode()
    source = Source.objects.get()
    assert text.count(source.write_key) >= 5 and "http://testserver/k.js" in text and "Till &lt;1&gt;" in text
    owner.post("/settings/sources/create/", {"name": "Till <1>", "kind": "server"})
    assert Source.objects.count() == 1
    assert AuditEntry.objects.get(verb="created source").actor == "amina@example.test"


def test_a_source_without_a_name_is_not_made(owner):
    answer = owner.post("/settings/sources/create/", {"name": "", "kind": "web"})
    assert answer.status_code == 422 and not Source.objects.exists()


def test_the_page_of_a_source_tells_when_its_first_event_has_come(owner, send, settings):
    settings.KARIBU_PIPELINE = []
    source = create_source("Site")
    address = f"/settings/sources/{source.pk}/pulse/"
    assert "No event yet" in owner.get(address).content.decode()
    send({"userId": "u1", "event": "X"}, source="Site")
    assert "Last event received" in owner.get(address).content.decode()


def test_closing_a_source_takes_a_post(owner):
    source = create_source("Site")
    assert owner.get(f"/settings/sources/{source.pk}/close/").status_code == 405
    owner.post(f"/settings/sources/{source.pk}/close/")
    source.refresh_from_db()
    assert source.closed_at and AuditEntry.objects.filter(verb="closed source").count() == 1
    assert "refused" in owner.get(f"/settings/sources/{source.pk}/").content.decode()


def test_a_set_aside_event_shows_its_reason_and_is_found_by_it(owner, set_aside):
    text = owner.get("/events/rejected/?q=name+is+missing").content.decode()
    assert "the event&#x27;s name is missing" in text and "Site" in text
    assert "Nothing fits" in owner.get("/events/rejected/?q=nonsense").content.decode()
    assert "name is missing" in b"".join(owner.get("/events/rejected/?format=csv").streaming_content).decode()


def test_a_corrected_event_goes_back_through_the_inbox(owner, set_aside):
    body = '{"type":"track","userId":"u1","event":"Product Viewed","messageId":"m1"}'
    owner.post(f"/events/rejected/{set_aside.pk}/retry/", {"body": body})
    assert InboxRow.objects.get().events == 1
    assert drain_all() == 1 and RejectedEvent.objects.get().retried_at
    assert "tried again" in owner.get("/events/rejected/").content.decode()


def test_a_correction_that_is_still_wrong_says_why_and_changes_nothing(owner, set_aside):
    answer = owner.post(f"/events/rejected/{set_aside.pk}/retry/", {"body": '{"type":"track","event":"X"}'})
    assert answer.status_code == 422 and "userId or anonymousId" in answer.content.decode()
    set_aside.refresh_from_db()
    assert set_aside.retried_at is None and "messageId" in set_aside.body and not InboxRow.objects.exists()


def test_an_event_is_deleted_for_good(owner, set_aside):
    owner.post(f"/events/rejected/{set_aside.pk}/delete/")
    assert not RejectedEvent.objects.exists()
    assert AuditEntry.objects.get(verb="deleted event").detail == {}


def test_all_that_wait_are_tried_again_at_once(owner, set_aside):
    RejectedEvent.objects.update(body='{"type":"track","userId":"u1","event":"X"}')
    owner.post("/events/rejected/retry/")
    assert drain_all() == 1
    assert "Try all again" not in owner.get("/events/rejected/").content.decode()


@pytest.mark.parametrize(
    ("role", "address", "status"),
    [
        ("marketer", "/settings/sources/", 403),
        ("agent", "/settings/sources/", 403),
        ("marketer", "/events/rejected/", 200),
        ("agent", "/events/rejected/", 403),
        (None, "/settings/sources/", 302),
        (None, "/events/rejected/", 302),
    ],
)
def test_who_may_see_what(client, role, address, status):
    if role:
        client.force_login(User.objects.create_user(f"{role}@example.test", role=role))
    assert client.get(address).status_code == status
