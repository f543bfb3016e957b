"""Dates of a person and schedules bring people in: each at their moment, once."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from karibu.customers.models import Customer
from karibu.journeys import actions, clock
from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.entries.date import Dated
from karibu.journeys.entries.schedule import Scheduled
from karibu.journeys.models import Clock, Enrollment, Journey
from karibu.segments import actions as segments
from karibu.segments import membership

pytestmark = pytest.mark.django_db
STAY: dict[str, Any] = {"wait": {"days": 3000}}
FIVE = ("Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe")


def born(day: Any, zone: str = "Africa/Kigali", **more: Any) -> int:
    traits = {"birthday": day} if day is not None else {}
    known = {"created_at": datetime(2020, 1, 1, tzinfo=UTC), "is_anonymous": False, "timezone": zone, "traits": traits}
    return Customer.objects.create(name="A", **{**known, **more}).pk


def live(entry: dict[str, Any], at: datetime, **more: Any) -> Journey:
    made = actions.create("A journey", {"entry": entry, "steps": [STAY], **more}, by="test")
    return actions.publish(made, by="test", now=at)


def entered() -> list[tuple[int, str, datetime]]:
    rows = Enrollment.objects.order_by("entered_at", "customer_id")
    return list(rows.values_list("customer_id", "key", "entered_at"))


def test_everybody_is_met_at_the_hour_of_their_own_wall_and_once_only():
    kigali, tokyo, nobody = born("1990-05-17"), born("1985-05-17T08:00:00Z", "Asia/Tokyo"), born("1990-05-18")
    live({"date": {"trait": "birthday"}}, datetime(2026, 5, 16, 12, tzinfo=UTC))
    for minutes in range(0, 24 * 60, 7):
        clock.look(datetime(2026, 5, 16, 12, tzinfo=UTC) + timedelta(minutes=minutes))
    assert entered() == [
        (tokyo, "2026-05-17", datetime(2026, 5, 17, tzinfo=UTC)),
        (kigali, "2026-05-17", datetime(2026, 5, 17, 7, tzinfo=UTC)),
    ]
    clock.look(datetime(2026, 5, 17, 12, tzinfo=UTC))
    assert len(entered()) == 2 and nobody not in {who for who, _key, _at in entered()}


def test_next_year_they_are_met_again():
    person = born("1990-05-17")
    live({"date": {"trait": "birthday"}}, datetime(2026, 5, 17, tzinfo=UTC))
    for year in (2026, 2027):
        clock.look(datetime(year, 5, 17, 12, tzinfo=UTC))
    assert [(who, key) for who, key, _at in entered()] == [(person, "2026-05-17"), (person, "2027-05-17")]


@pytest.mark.parametrize(
    "rubbish",
    [None, "", "1990-02-30", "1990-13-01", "0000-05-17", "17.05.1990", "05-17", 19900517, True, ["1990-05-17"],
     {"day": 17}, "1990-05-177", "٢٠٢٠-05-17", "x" * 5000],
)  # fmt: skip
def test_who_has_no_date_or_an_impossible_one_is_nobodys_trouble(rubbish):
    born(rubbish)
    fine = born("1990-05-17")
    live({"date": {"trait": "birthday"}}, datetime(2026, 5, 17, tzinfo=UTC))
    clock.look(datetime(2026, 5, 17, 12, tzinfo=UTC))
    assert [who for who, _key, _at in entered()] == [fine]


@pytest.mark.parametrize(
    ("rule", "written", "days"),
    [
        ({}, "2000-02-29", ["2027-02-28", "2028-02-29"]),
        ({"days": 1}, "2000-02-29", ["2027-03-01", "2028-03-01"]),
        ({"days": -14}, "1990-01-05", ["2026-12-22", "2027-12-22"]),
        ({"days": 30}, "1990-12-31", ["2027-01-30", "2028-01-30"]),
        ({"every": "once", "days": -7}, "2027-06-01", ["2027-05-25"]),
        ({"every": "year"}, "2028-06-01", ["2028-06-01"]),
        ({"every": "month"}, "2028-09-30", ["2028-09-30", "2028-10-30", "2028-11-30"]),
        ({"every": "month"}, "2027-12-31", ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30",
                                            "2028-05-31", "2028-06-30", "2028-07-31", "2028-08-31", "2028-09-30",
                                            "2028-10-31", "2028-11-30"]),
    ],
)  # fmt: skip
def test_the_days_that_somebody_is_met_on(rule, written, days):
    since, until = datetime(2026, 12, 1, tzinfo=UTC), datetime(2028, 12, 1, tzinfo=UTC)
    dated = Dated(trait="birthday", **rule)
    met = [day.isoformat() for day, _at in dated.moments(written, ZoneInfo("Africa/Kigali"), since, until)]
    assert met == days
    start, length, spellings = dated.spellings(since, until)
    assert written[start - 1 : start - 1 + length] in spellings


@pytest.mark.parametrize("zone", FIVE)
def test_both_clock_changes_meet_everybody_once_whenever_one_looks(zone):
    """PAINS 12."""
    dated = Dated(trait="x", every="month", at="02:30")
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    looks = [begun + timedelta(minutes=37 * n) for n in range(14_500)]
    met: list[date] = []
    for since, until in zip(looks[::40], looks[40::40], strict=False):
        for told in ("2020-01-08", "2020-01-29", "2020-01-25", "2020-01-06", "2020-01-04", "2020-01-05"):
            met += [day for day, _at in dated.moments(told, ZoneInfo(zone), since, until)]
    met = [day for day in met if day.year == 2026]
    assert len(met) == len(set(met)) == 6 * 12


def test_a_birthday_before_the_birth_is_none_and_merged_or_erased_people_are_not_met():
    born("2027-05-17")
    other = born("1990-05-17")
    born("1990-05-17", merged_into=other)
    born("1990-05-17", erased_at=datetime(2026, 1, 1, tzinfo=UTC))
    live({"date": {"trait": "birthday"}}, datetime(2026, 5, 17, tzinfo=UTC))
    clock.look(datetime(2026, 5, 17, 12, tzinfo=UTC))
    assert [who for who, _key, _at in entered()] == [other]


def test_a_year_after_they_came_is_a_date_too():
    person = born(None, created_at=datetime(2025, 3, 1, 22, 30, tzinfo=UTC))
    live({"date": {"trait": "created_at"}}, datetime(2026, 3, 1, tzinfo=UTC))
    clock.look(datetime(2026, 3, 1, 12, tzinfo=UTC))
    [(who, _key, _at)] = entered()
    assert who == person


def test_a_system_that_was_off_catches_up_with_a_day_and_a_pause_with_nothing():
    late, early = born("1990-05-17"), born("1990-05-14")
    journey = live({"date": {"trait": "birthday"}}, datetime(2026, 5, 13, tzinfo=UTC))
    clock.look(datetime(2026, 5, 18, 6, tzinfo=UTC))
    assert [who for who, _key, _at in entered()] == [late]
    actions.pause(journey, by="test")
    assert clock.look(datetime(2026, 5, 18, 12, tzinfo=UTC)) == 300
    actions.resume(journey, by="test")
    assert Clock.objects.get(journey=journey).looked_until > datetime(2026, 5, 18, 12, tzinfo=UTC)
    assert early not in {who for who, _key, _at in entered()}


def test_the_loop_sleeps_until_the_next_quarter_that_can_be_somebodys_hour():
    live({"date": {"trait": "birthday", "at": "09:10"}}, datetime(2026, 5, 17, tzinfo=UTC))
    assert clock.look(datetime(2026, 5, 17, 8, 9, 30, tzinfo=UTC)) == 30
    assert clock.look(datetime(2026, 5, 17, 8, 10, tzinfo=UTC)) == 300
    assert clock.look(datetime(2026, 5, 17, 8, 21, tzinfo=UTC)) == 240


def segment(*people: int) -> int:
    made = segments.create("Everybody", {"trait": "country", "op": "is", "value": "RW"}, by="test")
    membership.rebuild(made.pk, pa.array(sorted(people), pa.int64()), datetime(2026, 1, 1, tzinfo=UTC))
    return int(made.pk)


def test_a_schedule_lets_the_whole_segment_in_at_each_of_its_hours(monkeypatch):
    people = [born(None) for _ in range(5)]
    monkeypatch.setattr(clock, "TOGETHER", 2)
    rule = {"schedule": {"segment": segment(*people), "weekdays": [0], "at": "09:00"}}
    live(rule, datetime(2026, 3, 1, 12, tzinfo=UTC))  # a Sunday; the shop is in UTC
    for day in range(1, 17):
        for hour in (8, 9, 10):
            while clock.look(datetime(2026, 3, day, hour, tzinfo=UTC)) == 0:
                pass
    keys = ["2026-03-02", "2026-03-09", "2026-03-16"]
    assert [(who, key) for who, key, _at in entered()] == [(who, key) for key in keys for who in people]


def test_a_schedule_for_once_meets_nobody_twice():
    person = born(None)
    live({"schedule": {"segment": segment(person)}}, datetime(2026, 3, 1, tzinfo=UTC), reentry="never")
    for day in range(1, 5):
        clock.look(datetime(2026, 3, day, 12, tzinfo=UTC))
        clock.look(datetime(2026, 3, day, 12, tzinfo=UTC))
    assert [(who, key) for who, key, _at in entered()] == [(person, "2026-03-01")]


@pytest.mark.parametrize(
    ("rule", "slots"),
    [
        ({"day": 31}, ["2026-03-31", "2026-04-30", "2026-05-31"]),
        ({"day": 1}, ["2026-04-01", "2026-05-01", "2026-06-01"]),
        ({"weekdays": [5, 6], "at": "02:30"}, ["2026-03-28", "2026-03-29", "2026-04-04"]),
    ],
)
def test_the_days_of_a_schedule(rule, slots):
    berlin = ZoneInfo("Europe/Berlin")
    begun = datetime(2026, 3, 27, 12, tzinfo=UTC)
    found = list(Scheduled(segment=1, **rule).slots(berlin, begun, begun + timedelta(days=80)))
    assert [slot.astimezone(berlin).date().isoformat() for slot in found][:3] == slots


@pytest.mark.parametrize("zone", FIVE)
def test_a_daily_schedule_has_one_moment_for_each_day_of_the_year(zone):
    """PAINS 12: both nights of the clock change included."""
    daily = Scheduled(segment=1, at="02:30")
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    looks = [begun + timedelta(hours=5 * n) for n in range(365 * 24 // 5 + 1)]
    slots = [s for a, b in itertools.pairwise(looks) for s in daily.slots(ZoneInfo(zone), a, b)]
    assert 364 <= len(slots) <= 366 and slots == sorted(set(slots))
    assert all(timedelta(hours=22) <= later - slot <= timedelta(hours=26) for slot, later in itertools.pairwise(slots))


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ({"date": {"trait": " "}}, "$.entry.date.trait"),
        ({"date": {"trait": "birthday", "days": 400}}, "$.entry.date.days"),
        ({"date": {"trait": "birthday", "at": "9"}}, "$.entry.date.at"),
        ({"date": {"trait": "birthday", "every": "week"}}, "$.entry.date.every"),
        ({"date": {"trait": "birthday"}, "event": "X"}, "$.entry"),
        ({"date": {"trait": "birthday"}, "key": "cart_id"}, "$.entry"),
        ({"schedule": {"segment": 1, "weekdays": [7]}}, "$.entry.schedule.weekdays"),
        ({"schedule": {"segment": 1, "weekdays": [1], "day": 3}}, "$.entry.schedule.day"),
        ({"schedule": {"segment": 1, "day": 32}}, "$.entry.schedule.day"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(entry, path):
    with pytest.raises(DefinitionError) as caught:
        parse({"entry": entry, "steps": [STAY]})
    assert caught.value.path == path


def test_a_segment_that_is_not_there_is_refused_at_publishing():
    with pytest.raises(DefinitionError, match="no such segment"):
        live({"schedule": {"segment": 10_000}}, datetime(2026, 3, 1, tzinfo=UTC))


def test_the_sentences():
    said = parse({"entry": {"date": {"trait": "renewal_date", "days": -14}}, "steps": [STAY]}).sentence()
    assert said.startswith(
        "When someone is 14 days before their renewal date (each year at 09:00) (once for each day):"
    )
    rule = {"schedule": {"segment": segment(), "weekdays": [0, 3]}}
    said = parse({"entry": rule, "steps": [STAY]}).sentence()
    assert "is in the segment “Everybody” on a Monday, Thursday at 09:00 (as often as it happens)" in said
