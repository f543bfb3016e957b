"""From the inbox to the stages: once, in order, and no event holds up another."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from karibu.collect import dedupe, drain
from karibu.collect.actions import create_source, retry, retry_corrected, take_in
from karibu.collect.models import InboxRow, RejectedEvent
from karibu.events.batch import BadEvent, Batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen(settings):
    """The events that reached the last stage, in order."""
    events = []

    def collect(batch: Batch) -> None:
        events.extend(batch.events)

    settings.KARIBU_PIPELINE = [dedupe.dedupe, collect]
    return events


def viewed(user: str, **fields):
    return {"type": "track", "event": "Product Viewed", "userId": user, **fields}


def test_an_event_arrives_with_what_the_wire_said(send, seen):
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    send(
        viewed("u1", messageId="m1", anonymousId="a1", timestamp="2026-03-01T11:59:00Z", properties={"product_id": 7}),
        received_at=now,
        source="Till",
        kind="server",
    )
    (event,) = seen
    assert (event.message_id, event.user_id, event.anonymous_id, event.name) == ("m1", "u1", "a1", "Product Viewed")
    assert event.time == datetime(2026, 3, 1, 11, 59, tzinfo=UTC)
    assert (event.source, event.channel, event.product_id, event.historical) == ("Till", "server", "7", False)
    assert not InboxRow.objects.exists()


def test_a_past_event_that_was_set_aside_is_still_of_the_past_when_it_is_tried_again(seen):
    """Else it would start journeys, and a consent out of a file would count as the person's own act."""
    take_in([{"type": "track", "userId": "u1", "messageId": "m1"}], create_source("Old shop"), historical=True)
    rejected = RejectedEvent.objects.get()
    retry_corrected(rejected, '{"type":"track","userId":"u1","messageId":"m1","event":"Subscribed"}', by="amina")
    drain.drain_all()
    (event,) = seen
    assert event.historical and event.name == "Subscribed"


def test_what_a_stage_sets_aside_of_the_past_stays_of_the_past(send, settings, seen):
    def refuse(batch: Batch) -> None:
        raise BadEvent(batch.events[0], "not today")

    settings.KARIBU_PIPELINE, stages = [refuse], settings.KARIBU_PIPELINE
    take_in([viewed("u1", messageId="m1")], create_source("Old shop"), historical=True)
    drain.drain_all()
    settings.KARIBU_PIPELINE = stages
    retry(RejectedEvent.objects.all())
    drain.drain_all()
    assert [event.historical for event in seen] == [True]


def test_of_a_message_that_is_told_twice_the_first_telling_counts(send, seen):
    send(viewed("u1", messageId="m1", properties={"n": 1}), viewed("u1", messageId="m1", properties={"n": 2}))
    send(viewed("u1", messageId="m1", properties={"n": 3}))
    assert [event.properties for event in seen] == [{"n": 1}]


def test_page_and_identify_calls_get_their_names(send, seen):
    send(
        {"type": "page", "anonymousId": "a", "name": "Home", "category": "Front"},
        {"type": "identify", "userId": "u", "context": {"traits": {"email": "a@b.test"}}},
    )
    page, identify = sorted(seen, key=lambda e: e.type, reverse=True)
    assert (page.name, page.properties) == ("Page Viewed", {"name": "Home", "category": "Front"})
    assert (identify.name, identify.traits) == ("Identified", {"email": "a@b.test"})


def test_a_persons_events_keep_their_order_over_many_takes(send, seen, monkeypatch):
    monkeypatch.setattr(drain, "TAKE", 7)
    source = create_source("Shop")
    for n in range(40):
        take_in([viewed(f"u{n % 5}", properties={"n": n})], source)
    assert drain.drain_all() == 40
    for person in range(5):
        order = [e.properties["n"] for e in seen if e.user_id == f"u{person}"]
        assert order == sorted(order) and len(order) == 8


def test_the_same_message_takes_effect_once_within_a_batch_and_after_it(send, seen):
    send(viewed("u1", messageId="m1"), viewed("u1", messageId="m1"))
    send(viewed("u1", messageId="m1"), viewed("u1", messageId="m2"))
    assert [e.message_id for e in seen] == ["m1", "m2"]


def test_two_sources_may_use_the_same_message_id(send, seen):
    send(viewed("u1", messageId="1"), source="Till")
    send(viewed("u2", messageId="1"), source="Site")
    assert len(seen) == 2


def test_a_message_is_known_for_a_day_and_its_memory_is_thrown_away_later(send, seen):
    start = datetime(2026, 3, 1, 0, 10, tzinfo=UTC)
    for hours, kept in ((0, 1), (12, 1), (24, 1), (47, 1), (50, 2), (73, 2)):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            dedupe.forget(timezone.now())
            send(viewed("u1", messageId="m"))
        assert len(seen) == kept, hours
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM collect_seen0) + (SELECT count(*) FROM collect_seen1)"
            "+ (SELECT count(*) FROM collect_seen2)"
        )
        assert cursor.fetchone() == (1,)


def test_events_without_a_message_id_each_count_and_get_a_lasting_one(send, seen):
    send(viewed("u1"), viewed("u1"))
    assert len({e.message_id for e in seen}) == 2 and all(e.message_id for e in seen)


def test_a_poison_event_is_set_aside_and_all_others_take_effect_once(send, seen, settings):
    attempts = []

    def explode(batch: Batch) -> None:
        attempts.append(len(batch.events))
        if any(e.user_id == "u13" for e in batch.events):
            raise ZeroDivisionError("u13 divides by zero")

    settings.KARIBU_PIPELINE = [explode, *settings.KARIBU_PIPELINE]
    send(*(viewed(f"u{n}", messageId=f"m{n}") for n in range(64)))
    assert {e.user_id for e in seen} == {f"u{n}" for n in range(64)} - {"u13"}
    assert len(seen) == 63 and len(attempts) < 16
    (aside,) = RejectedEvent.objects.all()
    assert aside.reason == "ZeroDivisionError: u13 divides by zero" and '"m13"' in aside.body
    assert not InboxRow.objects.exists()


def test_what_a_stage_calls_bad_is_set_aside_with_its_reason(send, seen, settings):
    def refuse(batch: Batch) -> None:
        for event in batch.events:
            if event.user_id.startswith("bad"):
                raise BadEvent(event, f"{event.user_id} is not welcome")

    settings.KARIBU_PIPELINE = [*settings.KARIBU_PIPELINE[:1], refuse, *settings.KARIBU_PIPELINE[1:]]
    send(*(viewed(f"{'bad' if n % 3 == 0 else 'good'}{n}", messageId=f"m{n}") for n in range(60)))
    assert len(seen) == 40 and {e.user_id[:4] for e in seen} == {"good"}
    assert RejectedEvent.objects.count() == 20
    assert RejectedEvent.objects.filter(reason="bad3 is not welcome").count() == 1


def test_an_event_that_meets_another_whenever_it_is_tried_holds_nobody_up(send, seen, settings):
    attempts = []

    def meet(batch: Batch) -> None:
        attempts.append(len(batch.events))
        if any(e.user_id == "u13" for e in batch.events):
            raise psycopg.errors.SerializationFailure("a cart was begun by another worker meanwhile")

    settings.KARIBU_PIPELINE = [meet, *settings.KARIBU_PIPELINE]
    send(*(viewed(f"u{n}", messageId=f"m{n}") for n in range(64)))
    assert {e.user_id for e in seen} == {f"u{n}" for n in range(64)} - {"u13"}
    assert len(seen) == 63 and len(attempts) < 16 + drain.MEETINGS
    (aside,) = RejectedEvent.objects.all()
    assert "a cart was begun by another worker" in aside.reason and '"m13"' in aside.body
    assert not InboxRow.objects.exists()


def test_a_failing_database_loses_nothing(seen, settings):
    def gone(batch: Batch) -> None:
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    working, settings.KARIBU_PIPELINE = settings.KARIBU_PIPELINE, [*settings.KARIBU_PIPELINE, gone]
    take_in([viewed("u1", messageId="m1")], create_source("Shop"))
    with pytest.raises(psycopg.OperationalError):
        drain.drain_all()
    assert InboxRow.objects.count() == 1 and not RejectedEvent.objects.exists()
    seen.clear()
    settings.KARIBU_PIPELINE = working
    drain.drain_all()
    assert [e.message_id for e in seen] == ["m1"]


def test_a_set_aside_event_takes_effect_when_tried_again_after_the_fix(send, seen, settings):
    def refuse(batch: Batch) -> None:
        raise BadEvent(batch.events[0], "not yet")

    working, settings.KARIBU_PIPELINE = settings.KARIBU_PIPELINE, [refuse]
    send(viewed("u1", messageId="m1"))
    settings.KARIBU_PIPELINE = working
    assert retry(RejectedEvent.objects.all()) == 1
    assert retry(RejectedEvent.objects.all()) == 0  # the second press of the button
    drain.drain_all()
    assert [e.message_id for e in seen] == ["m1"]


def test_a_refused_event_does_not_sink_the_others(send, seen):
    taken = send(viewed("u1"), {"type": "track", "userId": "u2"}, viewed("u3"))
    assert [(r.place, r.field) for r in taken.refusals] == [(1, "event")]
    assert [e.user_id for e in sorted(seen, key=lambda e: e.user_id)] == ["u1", "u3"]
    assert RejectedEvent.objects.get().reason == "the event's name is missing"


def test_a_value_that_exceeds_a_limit_of_the_database_is_the_events_fault(send, seen, settings):
    def index(batch: Batch) -> None:
        for event in batch.events:
            batch.cursor.execute("INSERT INTO long_ones VALUES (%s)", [event.properties.get("long", "")])

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE long_ones (v text); CREATE INDEX ON long_ones (v)")
    settings.KARIBU_PIPELINE = [index, *settings.KARIBU_PIPELINE]
    long = "".join(chr(33 + n * 7919 % 8000) for n in range(9000))
    send(viewed("u1", messageId="m1"), viewed("u2", properties={"long": long}), viewed("u3", messageId="m3"))
    assert {e.user_id for e in seen} == {"u1", "u3"} and RejectedEvent.objects.count() == 1


def test_trouble_of_the_database_that_comes_through_the_orm_is_no_events_fault(seen, settings):
    from django.db import OperationalError

    def gone(batch: Batch) -> None:
        raise OperationalError("the connection is closed") from psycopg.OperationalError("the connection is closed")

    settings.KARIBU_PIPELINE = [gone]
    take_in([viewed("u1")], create_source("Shop"))
    with pytest.raises(OperationalError):
        drain.step()
    assert InboxRow.objects.count() == 1 and not RejectedEvent.objects.exists()
