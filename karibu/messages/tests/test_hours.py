"""At which hours marketing leaves: by the person's clock, the shop's rules and the country's table."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from karibu.customers.models import Customer
from karibu.messages import hours, laws, quiet, send, zones
from karibu.messages.hours import Week, parse, written
from karibu.messages.models import ChannelRules, Mail, Message
from karibu.messages.tests.cast import a_person, fate, the_shop, wants

# The two nights of 2026 on which the clocks change, local date of the change.
CHANGES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Santiago": (date(2026, 4, 4), date(2026, 9, 6)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Africa/Casablanca": (date(2026, 2, 15), date(2026, 3, 22)),
}
DAYS = ["08:00-21:00", "09:00-12:00, 14:00-20:00", "20:00-02:00", "00:00-02:30", "02:15-02:45", "23:30-24:00"]


def week(text: str, **fields: object) -> Week:
    ranges = parse(text)
    return Week(ranges, ranges, ranges, **fields)


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("text", DAYS)
def test_through_both_clock_change_nights_there_is_no_loop_no_double_and_no_hole(name, text):
    """Minute by minute: a closed moment opens at the very next open one, as a wall clock shows them."""
    zone, ours = ZoneInfo(name), week(text)
    for night in CHANGES[name]:
        start = datetime.combine(night - timedelta(days=1), time(12), zone).astimezone(UTC)
        minutes = [start + timedelta(minutes=n) for n in range(36 * 60)]
        following = None
        for now in reversed(minutes):
            found = hours.opens(now, zone, [ours])
            if ours.is_open(now.astimezone(zone)):
                assert found is None
                following = now
            elif following:
                assert found == following
            else:
                assert found is not None and found > now and hours.opens(found, zone, [ours]) is None


@settings(max_examples=200, deadline=None)
@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    name=st.sampled_from([*CHANGES, "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo"]),
    text=st.sampled_from(DAYS),
    country=st.sampled_from(["FR", "US", "ZA", "IN", "RW", ""]),
)
def test_what_waits_always_waits_for_a_moment_that_is_open(now, name, text, country):
    zone, weeks = ZoneInfo(name), [week(text), laws.of(country)]
    found = hours.opens(now, zone, weeks)
    if found and found != now + timedelta(days=1):
        assert now < found and hours.opens(found, zone, weeks) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("9-12,14-20:30", "09:00-12:00, 14:00-20:30"),
        ("14:00 - 20:00, 9:00–12:00", "09:00-12:00, 14:00-20:00"),
        ("20-2", "20:00-02:00"),
        ("0-24", "00:00-24:00"),
        ("8-24", "08:00-24:00"),
        ("22-3, 9-12", "09:00-12:00, 22:00-03:00"),
        ("", ""),
    ],
)
def test_hours_that_are_edited_saved_and_opened_again_are_the_same(typed, kept):
    assert written(parse(typed)) == kept == written(parse(kept)) and parse(kept) == parse(typed)


@pytest.mark.parametrize("wrong", ["25-26", "9", "9-12, 11-14", "20-2, 1-3", "nine to five", "1-2,3-4,5-6,7-8,9-10"])
def test_hours_that_cannot_be_meant_are_refused_with_a_sentence(wrong):
    with pytest.raises(ValueError, match=r"\w+ "):
        parse(wrong)


def test_hours_past_midnight_and_two_ranges_a_day():
    zone, night = ZoneInfo("UTC"), week("20:00-02:00, 09:00-12:00")
    at = lambda h, m=0: datetime(2026, 5, 6, h, m, tzinfo=UTC)  # noqa: E731
    assert hours.opens(at(1, 59), zone, [night]) is None and hours.opens(at(23, 30), zone, [night]) is None
    assert hours.opens(at(2), zone, [night]) == at(9) and hours.opens(at(12), zone, [night]) == at(20)


def test_sundays_and_public_holidays_are_left_out_where_the_rules_say_so():
    zone = ZoneInfo("Europe/Paris")
    workdays = Week(parse("8-20"), parse("8-20"), (), on_holidays=False, country="FR")
    saturday_night = datetime(2026, 7, 11, 21, tzinfo=UTC)
    assert hours.opens(saturday_night, zone, [workdays]) == datetime(2026, 7, 13, 6, tzinfo=UTC)
    eve_of_the_fourteenth = datetime(2026, 7, 13, 21, tzinfo=UTC)
    assert hours.opens(eve_of_the_fourteenth, zone, [workdays]) == datetime(2026, 7, 15, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("country", "zone", "now", "opens"),
    [
        ("US", "America/New_York", (2026, 5, 6, 1, 30), (2026, 5, 6, 12)),  # 21:30 on Tuesday → 08:00 on Wednesday
        ("US", "America/New_York", (2026, 5, 3, 15), None),  # a Sunday morning
        ("ZA", "Africa/Johannesburg", (2026, 5, 9, 11, 30), (2026, 5, 11, 6)),  # Saturday 13:30 → Monday 08:00
        ("FR", "Europe/Paris", (2026, 5, 1, 9), (2026, 5, 2, 6, 30)),  # Labour Day → Saturday 08:30
        ("RW", "Africa/Kigali", (2026, 5, 6, 20), (2026, 5, 7, 6)),  # the usual: 22:00 → 08:00
    ],
)
def test_the_country_table_says_when_a_phone_may_ring(country, zone, now, opens):
    found = quiet.ends(datetime(*now, tzinfo=UTC), ZoneInfo(zone), ChannelRules.usual("sms"), country)
    assert found == (datetime(*opens, tzinfo=UTC) if opens else None)


def test_every_row_of_the_table_is_a_country_with_hours_and_a_source():
    for law in laws.table().values():
        assert law.source and law.kind in ("law", "code", "habit") and law.week.weekdays
        assert law.country == "*" or zones.zones_of(law.country)


FORTY = sorted(name for country in sorted(zones._table()) for name in zones.zones_of(country)[:1])[::6][:40]


@pytest.mark.django_db
def test_nine_o_clock_in_each_persons_zone_in_forty_zones_and_an_invalid_one_falls_back():
    the_shop()
    ChannelRules.objects.create(channel="email", gap_hours=0, hours="09:00-10:00", by_country=False)
    now = datetime(2026, 3, 28, 0, tzinfo=UTC)  # Berlin's clocks change in the night after
    with time_machine.travel(now, tick=False):
        messages = {name: wants(a_person(f"p{n}", timezone=name)) for n, name in enumerate(FORTY)}
        messages["Mars/Olympus"] = wants(a_person("martian", timezone="Mars/Olympus"))
    left = {}
    for hour in range(27):
        at = now + timedelta(hours=hour)
        with time_machine.travel(at, tick=False):
            send.send_due()
        sent = set(Message.objects.filter(status="sent").values_list("pk", flat=True))
        left |= {name: at for name, message in messages.items() if name not in left and message.pk in sent}
    assert len(FORTY) == 40 and set(left) == set(messages) and Mail.objects.count() == 41
    for name, at in left.items():
        assert at.astimezone(ZoneInfo(name if name in FORTY else "Africa/Kigali")).hour == 9
    assert zones.survey(Customer.objects.all()) == {"own": 40, "derived": 0, "shop": 1, "invalid": 1}


@pytest.mark.parametrize(
    ("fields", "zone", "country", "known_by", "is_invalid"),
    [
        ({"timezone": "Asia/Tokyo"}, "Asia/Tokyo", "JP", "own", False),
        ({"timezone": "Mars/Olympus", "country": "JP"}, "Asia/Tokyo", "JP", "country", True),
        ({"timezone": "../../etc/passwd"}, "Africa/Kigali", "RW", "shop", True),
        ({"phone": "+5511987654321"}, "America/Sao_Paulo", "BR", "phone", False),
        ({"phone": "+12125550123", "country": "US"}, "America/New_York", "US", "phone", False),
        ({"country": "BR"}, "America/Sao_Paulo", "BR", "country", False),
        ({"country": "XX"}, "Africa/Kigali", "XX", "shop", False),
        ({}, "Africa/Kigali", "RW", "shop", False),
    ],
)
def test_a_persons_clock_is_known_by_the_best_there_is(fields, zone, country, known_by, is_invalid):
    place = zones.of(Customer(**fields), "Africa/Kigali", "RW")
    assert (place.zone.key, place.country, place.known_by, place.is_invalid) == (zone, country, known_by, is_invalid)


@pytest.mark.django_db
def test_at_night_marketing_waits_for_the_persons_own_morning_and_a_receipt_does_not():
    the_shop()
    ChannelRules.objects.create(channel="email", gap_hours=0, hours="08:00-21:00", by_country=False)
    with time_machine.travel(datetime(2026, 3, 1, 1, tzinfo=UTC), tick=False):  # 22:00 the day before in São Paulo
        night = wants(a_person("rio", timezone="America/Sao_Paulo"))
        day = wants(a_person("tokyo", timezone="Asia/Tokyo"))
        receipt = wants(a_person("other", timezone="America/Sao_Paulo"))
        receipt.is_marketing = False
        receipt.save()
        send.send_due()
        assert fate(night) == ("held", "quiet_hours") and night.due_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
        assert night.detail == "America/Sao_Paulo" and fate(day) == fate(receipt) == ("sent", "")
