"""A journey told over the past: what would have happened, and that nothing does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import InternalError, connection, transaction

from karibu.consents.actions import record_consents
from karibu.consents.statement import Statement
from karibu.customers.merging import merge_customers
from karibu.customers.models import Customer
from karibu.customers.raw import cursor
from karibu.events import tail
from karibu.journeys import actions
from karibu.journeys.models import Journey, Rehearsal
from karibu.journeys.react import react
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.rehearsal import actions as rehearsals
from karibu.journeys.rehearsal import past as past_
from karibu.journeys.rehearsal.apart import apart, unwritable
from karibu.journeys.rehearsal.run import run
from karibu.journeys.story import Story, sends, story, waits
from karibu.messages import starters
from karibu.messages.models import ChannelRules, Message, Template

pytestmark = pytest.mark.django_db
BEGUN = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
OWN = {"journeys_rehearsal", "journeys_rehearsed", "web_auditentry"}  # what a rehearsal may write


def past(*steps: Any, told: Story | None = None) -> Story:
    """What people did, in the log alone."""
    return story(*steps, told=told or Story(now=BEGUN, stages=(tail.append,)))


def draft(**changes: Any) -> Journey:
    return actions.create("Abandoned cart", {**abandoned_cart(), **changes}, by="test")


def rehearsed(journey: Journey, told: Story, days: int = 90) -> Rehearsal:
    done = run(rehearsals.plan(journey, by="test", days=days, now=told.now))
    assert (done.status, done.reason) == ("done", "")
    return done


def agree(told: Story, *names: str) -> None:
    """They have an address and agreed to offers."""
    for name in names:
        Customer.objects.filter(pk=told.person(name)).update(email=f"{name}@example.com", timezone="Africa/Kigali")
    said = {"channel": "email", "topic": "offers", "status": "given", "method": "form", "source": "test", "at": BEGUN}
    record_consents([Statement(customer_id=told.person(name), evidence="", **said) for name in names])


def rows() -> dict[str, int]:
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM "{table}" t')
            found[table] = cursor.fetchone()
    return found


def test_a_draft_is_told_over_the_past():
    told = past(
        sends("Product Added", cart_id="c-1", by="amina"),
        waits(minutes=30),
        sends("Product Added", cart_id="c-1", by="amina"),
        sends("Product Added", cart_id="c-2", by="joao"),
        waits(minutes=20),
        sends("Order Completed", cart_id="c-2", order_id="1042", by="joao"),
        waits(hours=5),
    )
    done = rehearsed(draft(), told)
    result = done.result
    assert (result["people"], result["entered"]) == (2, 2)
    assert (result["ended"], result["left"]) == ({"finished": 1, "left": 1}, {"Order Completed": 1})
    assert result["steps"]["0"] == {"passed": 1, "left": 1, "ways": {"waited 1 hour": 1}}
    assert result["days"] == [["2026-03-02", 2, 0]]
    amina = done.people.get(customer_id=told.person("amina"))
    assert (amina.entered_at, amina.status, [step for step, _way in amina.ways]) == (BEGUN, "finished", [0, 1])


def test_nothing_is_sent_and_nothing_changes():
    told = past(sends("Product Added", cart_id="c-1"), waits(hours=5))
    agree(told, "amina")
    everything = [
        {"update": {"trait": "stage", "value": "reminded"}},
        {"send": {"template": "cart-reminder"}},
        {"unsubscribe": {"channel": "email"}},
    ]
    planned = rehearsals.plan(draft(steps=everything), by="test", now=told.now)
    before = rows()
    done = run(planned)
    assert done.result["messages"] == 1, "it did something that could have been written"
    after = rows()
    assert {table for table in after if after[table] != before.get(table)} <= OWN
    assert not Message.objects.exists() and apps.get_model("shop.Cart").objects.count() == 0


def test_what_a_step_forgets_the_database_refuses():
    with pytest.raises(InternalError), unwritable():
        Template.objects.update(name="changed")
    with transaction.atomic():
        Template.objects.update(name="changed")


def test_a_rehearsal_that_fails_says_so_and_leaves_no_tables_behind(monkeypatch):
    told = past(sends("Product Added", cart_id="c-1"))
    monkeypatch.setattr("karibu.journeys.rehearsal.tally.Tally.add", lambda *_: 1 / 0)
    done = run(rehearsals.plan(draft(), by="test", now=told.now + timedelta(hours=3)))
    assert (done.status, done.reason) == ("failed", "ZeroDivisionError: division by zero")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relname LIKE 'journeys%'")
        assert cursor.fetchone() == (0,)


def test_it_can_be_stopped_and_what_it_had_come_to_is_kept(monkeypatch):
    told = past(
        *[sends("Product Added", cart_id=f"c-{n}", by=f"person{n}") for n in range(6)],
        waits(hours=3),
    )
    planned = rehearsals.plan(draft(), by="test", now=told.now)
    monkeypatch.setattr(past_, "CHUNK", 2)
    monkeypatch.setattr("karibu.journeys.rehearsal.run.BEAT", timedelta(0))

    def stop_at(row: Rehearsal) -> None:
        if row.done >= 4:
            assert rehearsals.stop(row, by="test")

    done = run(planned, stop_at)
    assert (done.status, done.done, done.total) == ("stopped", 4, 6)
    assert done.result["entered"] == 4, "the chunk that was under way is not counted"
    assert not rehearsals.stop(done, by="test")


def test_people_in_another_order_of_chunks_make_the_same_numbers(monkeypatch):
    told = past(
        *[sends("Product Added", cart_id=f"c-{n % 3}", by=f"person{n}") for n in range(7)],
        waits(minutes=50),
        *[sends("Cart Viewed", cart_id=f"c-{n}", by=f"person{n}") for n in range(2)],
        waits(hours=3),
    )
    journey = draft()
    whole = rehearsed(journey, told).result
    monkeypatch.setattr(past_, "CHUNK", 1)
    monkeypatch.setattr("karibu.journeys.rehearsal.rounds.WIDE", 1)
    assert rehearsed(journey, told).result == whole
    assert whole["entered"] == 3, "three carts, whoever had them"


def test_where_very_much_happened_some_people_stand_for_all():
    told = past(*[sends("Product Added", cart_id=f"c-{n}", by=f"person{n}") for n in range(40)], waits(hours=3))
    done = run(rehearsals.plan(draft(), by="test", now=told.now), most=10)
    examples = done.people.count()
    assert (done.status, done.result["one_in"]) == ("done", 4) and 0 < examples < 40
    assert done.result["entered"] == 4 * examples == sum(n for _day, n, _sent in done.result["days"])
    assert done.result["ended"] == {"finished": 4 * examples} and "some" in done.result["blind"]


def test_messages_keep_the_distance_and_the_hours_of_the_shop():
    ChannelRules.objects.create(channel="email", gap_hours=24, hours="09:00-18:00", by_country=False)
    told = past(
        sends("Product Added", cart_id="c-1"),  # reminded at 13:00 UTC, 15:00 in Kigali
        waits(hours=2),
        sends("Product Added", cart_id="c-2"),  # due at 15:00 UTC: a day after the first, at 15:00 in Kigali
        waits(days=3, hours=6),
        sends("Product Added", cart_id="c-3"),  # due at 21:00 UTC: the next morning in Kigali
        waits(days=3),
    )
    agree(told, "amina")
    result = rehearsed(draft(), told).result
    assert (result["messages"], result["written"], result["most"]) == (3, 1, 1)
    assert result["held"] == {"frequency": 1, "quiet_hours": 1}
    assert [day for day, _entered, sent in result["days"] if sent] == ["2026-03-02", "2026-03-03", "2026-03-06"]


def test_who_cannot_be_written_to_is_counted_with_the_reason():
    told = past(
        sends("Product Added", cart_id="c-1", by="amina"),
        sends("Product Added", cart_id="c-2", by="joao"),
        waits(hours=5),
    )
    agree(told, "amina")
    result = rehearsed(draft(), told).result
    assert (result["messages"], result["refused"]) == (1, {"no_address": 1})


def test_what_was_really_sent_takes_its_place_and_is_a_collision():
    starters.plant("newsletter")
    told = past(sends("Product Added", cart_id="c-1"), waits(days=3))
    agree(told, "amina")
    about = {"channel": "email", "template": Template.objects.get(), "topic": "offers", "is_marketing": True}
    at = BEGUN - timedelta(hours=3)
    Message.objects.create(
        key="n-1", customer_id=told.person("amina"), sender="campaign:7", status="sent", due_at=at, created_at=at,
        sent_at=at, **about,
    )  # fmt: skip
    result = rehearsed(draft(), told).result
    assert (result["held"], result["near"], result["messages"]) == ({"frequency": 1}, {"campaign:7": 1}, 1)


def test_who_was_in_another_journey_meanwhile_is_a_collision():
    other = actions.publish(draft(), by="test")
    told = past(
        sends("Product Added", cart_id="c-1", by="amina"),
        waits(minutes=30),
        told=Story(now=BEGUN, stages=(react, tail.append)),
    )
    told.stages = (tail.append,)
    told = past(sends("Product Added", cart_id="c-2", by="joao"), waits(hours=3), told=told)
    result = rehearsed(draft(), told).result
    assert (result["people"], result["others"]) == (2, {str(other.pk): 1})


def test_conditions_are_asked_as_of_then():
    """Whoever ordered before came by goes one way; who orders later, the other."""
    ask = {"branch": {"if": {"event": "Order Completed"}}, "ways": {"yes": [{"leave": {"because": "a buyer"}}]}}
    told = past(
        sends("Order Completed", order_id="1", by="amina"),
        waits(days=2),
        sends("Signed Up", by="amina"),
        sends("Signed Up", by="joao"),
        waits(days=2),
        sends("Order Completed", order_id="2", by="joao"),
        waits(days=2),
    )
    journey = actions.create(
        "Welcome", {"entry": {"event": "Signed Up"}, "steps": [ask, {"wait": {"days": 1}}]}, by="test"
    )
    result = rehearsed(journey, told).result
    assert result["steps"]["0"]["ways"] == {"yes": 1, "no": 1}
    assert result["left"] == {"a buyer": 1}


def test_people_are_who_they_are_known_to_be_today():
    told = past(
        sends("Product Added", cart_id="c-1", by="somebody"),
        waits(minutes=10),
        sends("Product Added", cart_id="c-1", by="amina"),
        waits(hours=5),
    )
    merge_customers(told.person("amina"), told.person("somebody"), by="test", reason="identify")
    done = rehearsed(draft(), told)
    assert (done.result["people"], done.result["entered"]) == (1, 1)
    assert done.people.get().customer_id == told.person("amina")


def test_imported_history_counts_as_if_it_had_been_live():
    told = past(sends("Product Added", cart_id="c-1", ago=timedelta(days=20), historical=True), waits(hours=1))
    result = rehearsed(draft(), told).result
    assert result["entered"] == 1 and "imported" in result["blind"]


def test_nothing_in_the_period_is_an_answer_too():
    told = past(sends("Product Added", cart_id="c-1"), waits(days=40))
    done = rehearsed(draft(), told, days=30)
    assert (done.result["people"], done.total) == (0, 0)


def test_one_rehearsal_of_a_journey_at_a_time_and_the_last_ten_are_kept():
    journey = draft()
    first = rehearsals.plan(journey, by="test", now=BEGUN)
    assert rehearsals.plan(journey, by="test", now=BEGUN).pk == first.pk
    for _ in range(12):
        run(rehearsals.plan(journey, by="test", now=BEGUN))
    assert journey.rehearsals.count() == rehearsals.KEPT


def test_a_statement_that_was_prepared_before_means_the_tables_of_the_rehearsal():
    """Found by the property test: a plan of this connection still meant the real table, which cannot be written."""
    statement = "UPDATE journeys_enrollment SET step = step WHERE id = %s"
    planned = rehearsals.plan(draft(), by="test", now=BEGUN)
    with apart(planned):  # from now on this connection has a place for temporary tables
        pass
    own = cursor()
    own.connection.prepare_threshold = 1  # as the pipeline's connections prepare what they say again and again
    for _ in range(3):
        own.execute(statement, [1])
    with apart(planned), unwritable():
        own.execute(statement, [1])
    own.execute(statement, [1])
    own.connection.prepare_threshold = None
