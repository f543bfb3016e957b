"""What came of a journey: against the holdout, by version and step; screen = CSV = API."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from karibu.customers.models import Customer
from karibu.insights import compared, journeys
from karibu.insights.models import Attribution
from karibu.insights.tests.shop import make_order
from karibu.journeys import actions
from karibu.journeys.models import Contest, Enrollment, Journey, Passage
from karibu.journeys.story import Story, does, sends, story, waits
from karibu.messages.models import Message
from karibu.web.actions import create_token, create_user
from karibu.web.formats import money

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPLIT = {"id": "chance", "split": {"shares": {"written to": 50, "held out": 50}, "salt": "s"}}
SEND = {"id": "mail", "send": {"template": "cart-reminder"}}
DEFINITION = {
    "entry": {"event": "Signed Up"},
    "exit": [{"event": "Order Completed"}],
    "steps": [{**SPLIT, "ways": {"written to": [SEND, {"id": "rest", "wait": {"days": 5}}]}}],
}


@pytest.fixture
def journey() -> Journey:
    return actions.publish(actions.create("Welcome", DEFINITION, by="test"), by="test")


def whole(journey: Journey, days: int = 30) -> dict[str, Any]:
    return compared.of(journey, days).whole


def order(told: Story, name: str, total: str, after: timedelta, *, message: Message | None = None) -> None:
    at, number = told.now + after, f"o-{name}"
    make_order(number, customer=told.person(name), at=at, total=total)
    if message is not None:
        Attribution.objects.create(
            order_id=number, message_id=message.pk, sender=message.sender, channel="email",
            customer_id=message.customer_id, clicked_at=at, ordered_at=at, revenue=Decimal(total), currency="USD",
        )  # fmt: skip


@pytest.fixture
def crowd(journey: Journey) -> Story:
    """120 people signed up: who was written to orders for 50, who was held out for 30; one in three not at all."""
    told = story(*[sends("Signed Up", by=f"p{n}") for n in range(120)], told=Story(now=NOW))
    for n in range(120):
        message = Message.objects.filter(customer_id=told.person(f"p{n}")).first()
        if n % 3:
            total, after = ("50.00", timedelta(hours=n)) if message else ("30.00", timedelta(hours=1))
            order(told, f"p{n}", total, after, message=message)
    return told


def test_the_first_number_is_what_would_not_have_come_anyway(journey, crowd):
    found = whole(journey)
    written_to = Message.objects.count()
    assert (found["people"], found["held_out"]) == (written_to, 120 - written_to)
    each = found["buyers"] * 50 / written_to - found["held_out_buyers"] * 30 / found["held_out"]
    assert found["revenue"] == Decimal(each * written_to).quantize(Decimal("0.01"))
    assert found["low"] < found["revenue"] < found["high"]


def test_orders_before_chance_parted_them_and_after_the_days_count_for_nobody(journey, crowd):
    before = whole(journey, 7)
    order(crowd, "p0", "1000.00", timedelta(seconds=-1))
    order(crowd, "p3", "1000.00", timedelta(days=7))
    assert whole(journey, 7) == before
    assert whole(journey, 8) != before


def test_a_step_keeps_its_numbers_when_another_is_put_before_it(journey):
    told = story(sends("Signed Up", by="a"), told=Story(now=NOW))
    later = {**DEFINITION, "steps": [{"id": "first", "wait": {"hours": 1}}, *DEFINITION["steps"]]}
    story(
        does(lambda: actions.publish(actions.edit(journey, definition=later, by="test"), by="test")),
        sends("Signed Up", by="b"),
        waits(hours=2),
        told=told,
    )
    journey.refresh_from_db()
    rows = {(row["version"], row["id"]): row for row in journeys.figures(journey)["steps"]}
    assert [key for key in rows if key[1] == "chance"] == [(2, "chance"), (1, "chance")]
    assert rows[1, "chance"]["passed"] == rows[2, "chance"]["passed"] == 1
    assert (rows[1, "chance"]["position"], rows[2, "chance"]["position"]) == (0, 1)
    assert rows[2, "first"]["passed"] == 1


def test_why_people_left_is_told_without_the_number_of_their_order(journey):
    named = [name for name in (f"p{n}" for n in range(40))]
    told = story(*[sends("Signed Up", by=name) for name in named], told=Story(now=NOW))
    staying = Enrollment.objects.filter(status="active").count()
    story(*[sends("Order Completed", by=name, order_id=f"o-{name}") for name in named], told=told)
    [row] = [row for row in journeys.figures(journey)["steps"] if row["id"] == "rest"]
    assert row["why"] == [{"reason": "Order Completed", "people": staying}] and row["left"] == staying > 0


def test_time_to_convert_is_from_entering_to_the_first_order(journey, crowd):
    Message.objects.update(sent_at=NOW)
    figures = journeys.figures(journey)
    took = figures["time_to_convert"]
    converted = Message.objects.filter(pk__in=Attribution.objects.values("message_id")).order_by("customer_id")
    names = {pk: int(name[1:]) for pk, name in Customer.objects.values_list("pk", "name")}
    hours = sorted(names[message.customer_id] for message in converted)
    middle = (hours[(len(hours) - 1) // 2] + hours[len(hours) // 2]) / 2
    assert took["median"] == middle * 3600 < took["p90"]
    assert sum(bar["people"] for bar in took["bars"]) == len(hours)
    assert [row["time_to_convert"] for row in figures["versions"]] == [middle * 3600]
    steps = {row["id"]: row for row in figures["steps"]}
    assert {name: row["time_to_convert"] for name, row in steps.items()} == {
        **dict.fromkeys(("chance", "mail"), middle * 3600),
        "rest": None,
    }
    assert [steps[name]["conversions"] for name in ("chance", "mail", "rest")] == [len(hours), len(hours), 0]
    assert took["bars"][0] == {"hours": 1, "people": sum(hour <= 1 for hour in hours)}


def test_screen_csv_and_api_say_the_same(journey, crowd):
    client, api = Client(), Client(headers={"Authorization": f"Bearer {create_token('program')}"})
    user = create_user("m@example.com", role="marketer")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    said = journeys.figures(journey, 14)
    program = api.get(f"/api/v1/journeys/{journey.pk}/report?days=14").json()
    page = client.get(f"/insights/journeys/{journey.pk}/report/?days=14").content.decode()
    answer = client.get(f"/insights/journeys/{journey.pk}/report.csv?days=14")
    rows = dict(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert Decimal(str(program["incremental"]["revenue"])) == said["incremental"]["revenue"]
    assert Decimal(rows["incremental.revenue"]) == said["incremental"]["revenue"]
    assert money(said["incremental"]["revenue"], "USD") in page and money(said["revenue"], "USD") in page
    assert program["conversions"] == int(rows["conversions"]) == said["conversions"] > 0
    assert program["entries"] == int(rows["entries"]) == 120
    assert "From everybody" in page and "Delivered" in page, "what became of its messages"
    assert f'?status=active&amp;step=rest&amp;version=1">{said["steps"][2]["waiting"]}</a>' in page
    assert api.get(f"/api/v1/journeys/{journey.pk}/report?days=0").status_code == 422


def test_an_empty_journey_has_an_empty_report(journey):
    draft = actions.create("Draft", DEFINITION, by="test")
    for one in (journey, draft):
        found = journeys.figures(one)
        assert (found["entries"], found["revenue"], found["incremental"]["revenue"]) == (0, Decimal("0.00"), None)
        assert found["time_to_convert"]["median"] is None
    assert journeys.figures(draft)["steps"] == []


def test_an_experiment_is_compared_with_its_holdout_until_it_is_decided():
    shares = {"shares": {"A": 40, "B": 40, "nothing": 20}, "holdout": "nothing"}
    wait = {"wait": {"days": 1}}
    ways = {"A": [SEND], "B": [wait], "nothing": [{"wait": {"days": 2}}]}
    tried = {"entry": {"event": "Signed Up"}, "goal": {"event": "Order Completed"}}
    tried["steps"] = [{"experiment": shares, "ways": ways}]
    made = actions.publish(actions.create("Tried", tried, by="test"), by="test")
    story(*[sends("Signed Up", by=f"p{n}") for n in range(30)], told=Story(now=NOW))
    held = Passage.objects.filter(kind="experiment", outcome="nothing").count()
    found = whole(made)
    assert (found["people"], found["held_out"]) == (30 - held, held)
    Contest.objects.create(journey=made, version=1, step=0, winner="A", at=NOW + timedelta(hours=1))
    story(*[sends("Signed Up", by=f"late{n}") for n in range(5)], told=Story(now=NOW + timedelta(hours=2)))
    assert Passage.objects.filter(kind="experiment").count() == 35
    again = whole(made)
    assert (again["people"], again["held_out"]) == (30 - held, held)
