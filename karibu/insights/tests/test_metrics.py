"""Each number has one definition, right in every zone and whichever way it is split."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from karibu.events.event import Event
from karibu.events.tests.making import append, event
from karibu.insights.metrics import METRICS, Measurement, Point, UnknownDimension, measure
from karibu.insights.models import VisitorDay
from karibu.insights.periods import BadPeriod, Period, parse, zone_named
from karibu.insights.tests.shop import UTC_ZONE, make_message, make_order

pytestmark = pytest.mark.django_db
KIGALI, KATHMANDU, BERLIN = ZoneInfo("Africa/Kigali"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("Europe/Berlin")
EVER = parse("", "", UTC_ZONE)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_revenue_is_net_of_refunds_and_without_cancelled_orders() -> None:
    make_order("1", customer=1, at=at("2026-03-01T10:00"), total="30.10")
    make_order("2", customer=1, at=at("2026-03-01T11:00"), total="20.20", refunded="5.05")
    make_order("3", customer=2, at=at("2026-03-02T10:00"), total="99.00", status="cancelled")
    assert measure("orders", EVER).total == 2
    assert measure("revenue", EVER).total == Decimal("45.25")


def test_an_order_belongs_to_the_day_of_the_zone_one_looks_from() -> None:
    make_order("late", customer=1, at=at("2026-03-01T22:30"), total="10.00")  # 00:30 on the 2nd in Kigali
    for zone, day in ((UTC_ZONE, "2026-03-01"), (KIGALI, "2026-03-02")):
        series = measure("revenue", parse("2026-03-01", "2026-03-02", zone), "day").series
        assert {p.key: p.value for p in series}[day] == Decimal("10.00")
        assert sum(p.value for p in series) == Decimal("10.00")


def test_days_and_hours_without_anything_are_zero() -> None:
    make_order("1", customer=1, at=at("2026-03-02T10:15"))
    assert measure("orders", parse("2026-03-01", "2026-03-03", UTC_ZONE), "day").series == [
        Point("2026-03-01", 0),
        Point("2026-03-02", 1),
        Point("2026-03-03", 0),
    ]
    hours = measure("orders", parse("2026-03-02T09:00Z", "2026-03-02T12:00Z", KIGALI), "hour").series
    assert hours == [
        Point("2026-03-02T11:00:00+02:00", 0),
        Point("2026-03-02T12:00:00+02:00", 1),
        Point("2026-03-02T13:00:00+02:00", 0),
    ]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-28", 24)])
def test_the_nights_the_clock_changes_lose_and_double_nothing(day: str, hours: int) -> None:
    start = datetime.combine(date.fromisoformat(day), datetime.min.time(), BERLIN).astimezone(UTC)
    for hour in range(hours):
        make_order(f"{hour}", customer=1, at=start + timedelta(hours=hour, minutes=30))
    measured = measure("orders", parse(day, day, BERLIN), "hour")
    assert [p.value for p in measured.series] == [1] * hours
    assert measured.total == hours
    assert measure("orders", parse(day, day, BERLIN), "day").series == [Point(day, hours)]


def test_other_splits_come_largest_first_and_add_up() -> None:
    for number, channel in enumerate(["web", "web", "pos"]):
        make_order(str(number), customer=1, at=at("2026-03-01T10:00"), total="1.01", channel=channel)
    measured = measure("revenue", EVER, "channel")
    assert measured.series == [Point("web", Decimal("2.02")), Point("pos", Decimal("1.01"))]
    assert measured.total == measure("revenue", EVER).total == Decimal("3.03")


def test_messages_are_those_that_left() -> None:
    make_message(customer=1, at=at("2026-03-01T10:00"))
    make_message(customer=2, status="refused")
    assert measure("messages", EVER).total == 1
    assert measure("intents", EVER, "status").series == [Point("refused", 1), Point("sent", 1)]


def test_every_split_of_every_metric_answers_on_an_empty_installation(lake: object) -> None:
    for metric in METRICS.values():
        for by in ("", *metric.dimensions):
            measured = measure(metric.name, parse("2026-03-01", "2026-03-02", KIGALI), by)
            assert measured.total == 0
            assert all(point.value == 0 for point in measured.series)
            assert measure(metric.name, EVER, by).series == []


def test_a_split_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownDimension, match="orders can be split by day, hour, channel"):
        measure("orders", EVER, "weather")


def some_events() -> list[Event]:
    times = ["2026-02-28T18:10", "2026-02-28T18:20", "2026-03-01T18:10", "2026-03-01T18:20"]  # 18:15 UTC: midnight
    return [event(time=at(text), received_at=at(text), customer_id=1 + i % 3) for i, text in enumerate(times)]


@pytest.mark.parametrize("zone", [UTC_ZONE, KIGALI, KATHMANDU])
def test_events_are_counted_by_the_days_of_any_zone(zone: ZoneInfo, lake: object) -> None:
    events = some_events()
    append(*events)
    expected: dict[str, int] = {"2026-02-28": 0, "2026-03-01": 0, "2026-03-02": 0}
    for one in events:
        expected[one.time.astimezone(zone).date().isoformat()] += 1
    measured = measure("events", parse("2026-02-28", "2026-03-02", zone), "day")
    assert {p.key: p.value for p in measured.series} == expected
    assert measured.total == 4
    for day, number in expected.items():
        assert measure("events", parse(day, day, zone)).total == number


def test_a_visitor_who_comes_every_day_is_one_visitor(lake: object) -> None:
    noon = at("2026-03-01T12:00")
    append(
        *[event(time=noon + timedelta(days=d), received_at=noon, customer_id=c) for d, c in ((0, 1), (1, 1), (1, 2))]
    )
    measured = measure("visitors", parse("2026-03-01", "2026-03-02", KIGALI), "day")
    assert measured.series == [Point("2026-03-01", 1), Point("2026-03-02", 2)]
    assert measured.total == 2


def test_visitors_of_a_part_of_a_day_are_those_of_that_part(lake: object) -> None:
    for hour, customer in ((9, 1), (15, 2), (16, 2)):
        append(event(time=at(f"2026-03-01T{hour:02}:00"), customer_id=customer))
    afternoon = parse("2026-03-01T12:00Z", "2026-03-01T18:00Z", UTC_ZONE)
    assert measure("visitors", afternoon, "day") == Measurement(1, [Point("2026-03-01", 1)])
    assert measure("visitors", parse("2026-03-01", "2026-03-01", UTC_ZONE), "day").total == 2


def test_a_closed_day_is_counted_again_when_history_is_brought_in(lake: object) -> None:
    noon = at("2026-03-01T12:00")
    day = parse("2026-03-01", "2026-03-01", UTC_ZONE)
    append(event(time=noon, received_at=noon, customer_id=1))
    assert measure("visitors", day, "day").series == [Point("2026-03-01", 1)]
    append(event(time=noon, received_at=noon, customer_id=2))
    VisitorDay.objects.update(counted_at=noon)  # the few seconds for which a day is kept anyhow are over
    assert measure("visitors", day, "day").series == [Point("2026-03-01", 2)]


def test_a_period_is_written_as_whole_days_or_exact_moments() -> None:
    assert parse("2026-03-01", "2026-03-01", KIGALI) == Period(at("2026-02-28T22:00"), at("2026-03-01T22:00"), KIGALI)
    assert parse("2026-03-01T08:00:00Z", "", KIGALI) == Period(at("2026-03-01T08:00"), None, KIGALI)
    for start, end, field in (("yesterday", "", "from"), ("", "2026-13-01", "to"), ("2026-03-02", "2026-02-01", "to")):
        with pytest.raises(BadPeriod) as error:
            parse(start, end, KIGALI)
        assert error.value.field == field
    with pytest.raises(BadPeriod, match="no time zone"):
        zone_named("Mars/Olympus")
