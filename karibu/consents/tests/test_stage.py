"""Consents that events state, and events of erased people."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from karibu.consents import blocked
from karibu.consents.models import Consent
from karibu.consents.queries import in_force
from karibu.consents.stage import keep_consents
from karibu.events.batch import Batch
from karibu.events.event import Event, as_json

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def an_event(number: int = 0, **fields: object) -> Event:
    known = {"type": "track", "name": "X", "source_id": 1, "source": "shop", "customer_id": 1}
    at = NOW + timedelta(minutes=number)
    known |= {f"{name}_json": as_json(fields.pop(name)) for name in ("properties", "context") if name in fields}
    return Event(**{"message_id": f"m{number}", "time": at, "received_at": at, **known, **fields})


def run(stage: Callable[[Batch], None], *events: Event) -> Batch:
    with connection.cursor() as cursor:
        batch = Batch(events=list(events), now=NOW, cursor=cursor.cursor)
        stage(batch)
    return batch


@pytest.mark.parametrize("trait", ["marketing_consent", "email_consent", "accepts_marketing"])
@pytest.mark.parametrize(
    ("value", "status"),
    [
        (True, "given"),
        (False, "withdrawn"),
        ("yes", "given"),
        ("opted_out", "withdrawn"),
        ("maybe", None),
        (None, None),
    ],
)
def test_a_trait_states_consent(trait, value, status):
    run(keep_consents, an_event(type="identify", name="Identified", traits={trait: value}))
    assert in_force([1], "email").get(1) == status


def test_subscribe_and_unsubscribe_events_are_acts():
    run(keep_consents, an_event(1, name="Email Subscribed"))
    assert in_force([1], "email") == {1: "given"}
    run(keep_consents, an_event(2, name="Email Unsubscribed"))
    assert in_force([1], "email") == {1: "withdrawn"}
    run(keep_consents, an_event(3, name="Newsletter Subscribed"))
    assert in_force([1], "email") == {1: "given"} and in_force([1], "email", "news") == {1: "withdrawn"}


def test_the_context_names_channels_and_topics():
    consent = {"email": {"offers": True, "news": False}, "sms": True, "fax": "perhaps"}
    run(keep_consents, an_event(context={"consent": consent}))
    assert in_force([1], "email", "offers") == {1: "given"}
    assert in_force([1], "email", "news") == {1: "withdrawn"}
    assert in_force([1], "sms") == {1: "given"}
    assert in_force([1], "fax") == {}


def test_an_imported_event_has_only_the_strength_of_a_file():
    run(keep_consents, an_event(1, name="Email Unsubscribed"))
    run(keep_consents, an_event(2, name="Email Subscribed", historical=True, import_id=4))
    assert in_force([1], "email") == {1: "withdrawn"}
    assert Consent.objects.get(import_id=4).strength == 10


def test_other_behaviour_is_no_consent_and_costs_no_query(django_assert_num_queries):
    events = [an_event(n, name="Order Completed", properties={"email": "a@example.com"}) for n in range(5)]
    with django_assert_num_queries(0):
        run(keep_consents, *events)
    assert not Consent.objects.exists()


def test_an_event_of_nobody_states_nothing():
    run(keep_consents, an_event(name="Email Subscribed", customer_id=0))
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"user_id": "u-17"},
        {"anonymous_id": "browser-9"},
        {"previous_id": "U-17"},
        {"traits": {"email": "Amina@Example.com "}},
        {"properties": {"order": {"billing": [{"mail": "amina@example.com"}]}}},
        {"context": {"traits": {"phone": "+250 788-123-456"}}},
    ],
)
def test_an_event_with_an_erased_identifier_is_dropped_whole(fields):
    blocked.block(["u-17", "browser-9", "amina@example.com", "+250788123456"], NOW)
    other = an_event(2, user_id="u-18", traits={"email": "ben@example.com", "phone": "+250788123457"})
    assert run(blocked.drop_erased, an_event(1, **fields), other).events == [other]


def test_only_hashes_are_kept_of_the_erased():
    blocked.block(["amina@example.com"], NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT digest FROM consents_erasedidentity")
        [(digest,)] = cursor.fetchall()
    assert len(digest) == 64 and "amina" not in digest
