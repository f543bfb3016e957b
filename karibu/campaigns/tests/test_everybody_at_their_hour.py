"""When each person's turn comes: by one clock, by their own, at their best hour, in steps; late and too late."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from karibu.campaigns import actions, best_hour, engine, preview, queries
from karibu.campaigns.models import Campaign, Recipient
from karibu.campaigns.moments import Turns, is_zone, wall
from karibu.campaigns.tests.crowd import BY, HOUR, again, campaign, fates, launched, people, run, segment
from karibu.customers.models import Customer
from karibu.messages import send
from karibu.messages.models import Message
from karibu.web.models import Shop

pytestmark = pytest.mark.django_db

# Forty of them, from UTC+14 to UTC-11, with half and quarter hours.
ZONES = """
Pacific/Kiritimati Pacific/Apia Pacific/Auckland Pacific/Chatham Pacific/Fiji Australia/Sydney
Australia/Adelaide Asia/Tokyo Australia/Darwin Asia/Shanghai Australia/Eucla Asia/Bangkok Asia/Yangon Asia/Dhaka
Asia/Kathmandu Asia/Kolkata Asia/Tashkent Asia/Kabul Asia/Dubai Asia/Tehran Africa/Nairobi Europe/Moscow
Africa/Kigali Europe/Athens Africa/Johannesburg Africa/Lagos Europe/Berlin Africa/Accra Europe/Lisbon
Atlantic/Azores Atlantic/Cape_Verde America/Sao_Paulo America/St_Johns America/Halifax America/New_York
America/Chicago America/Denver America/Los_Angeles Pacific/Marquesas Pacific/Honolulu"""
# (zone, the night, an hour that the clock skips or shows twice)
NIGHTS = [
    ("Europe/Berlin", date(2026, 3, 29), date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8), date(2026, 11, 1)),
    ("Australia/Sydney", date(2026, 10, 4), date(2026, 4, 5)),
    ("Pacific/Auckland", date(2026, 9, 27), date(2026, 4, 5)),
    ("Africa/Casablanca", date(2026, 3, 22), date(2026, 2, 15)),
]


def hourly(begin: datetime, hours: int) -> None:
    """The loops as they run, every quarter of an hour."""
    for n in range(hours * 4 + 1):
        with time_machine.travel(begin + n * timedelta(minutes=15), tick=False):
            while engine.advance(timezone.now()) == 0:
                pass
            while send.send_due():
                pass


def test_nine_o_clock_in_forty_zones() -> None:
    """PAINS 11."""
    assert len(ZONES.split()) == 40
    day = date(2026, 6, 10)
    begin = datetime(2026, 6, 9, 16, tzinfo=UTC)
    with time_machine.travel(begin, tick=False):
        ids = [people(1, timezone=zone)[0] for zone in ZONES.split()]
        one = launched(segment("A", ids), when="local", day=day, hour=time(9))
    hourly(begin, 40)
    assert fates(one) == {"sent": 40}
    zones = dict(Customer.objects.values_list("pk", "timezone"))
    for message in Message.objects.filter(sender=one.sender):
        there = message.sent_at.astimezone(ZoneInfo(zones[message.customer_id]))
        assert (there.date(), there.hour, there.minute) == (day, 9, 0), there
    assert again(one).status == "sent"


def test_a_place_without_a_known_clock_goes_by_the_shops_and_is_counted_before() -> None:
    ids = people(2, timezone="Mars/Olympus") + people(1, timezone="") + people(3, timezone="Asia/Tokyo")
    one = campaign(segment("A", ids), when="local", day=date(2036, 6, 10), hour=time(9))
    Shop.objects.update(timezone="Africa/Kigali")
    notes = preview.preview(one).notes
    assert any(note.startswith("3 people's clock is not known") for note in notes)
    assert any(note.startswith("2 people have a time zone that is none (“Mars/Olympus”)") for note in notes)
    one.begun_at = timezone.now()
    assert Turns(one, "Africa/Kigali").of(ids[0], "Mars/Olympus", 0) == datetime(2036, 6, 10, 7, tzinfo=UTC)
    assert not is_zone("Mars/Olympus") and not is_zone("") and is_zone("Asia/Tokyo")


@pytest.mark.parametrize(("zone", "spring", "autumn"), NIGHTS)
def test_both_nights_on_which_the_clock_changes(zone: str, spring: date, autumn: date) -> None:
    """PAINS 12: no hole, no double; a turn for every quarter of an hour on the wall, never before the one before."""
    for night in (spring, autumn):
        turns = [wall(night, time(n // 4, n % 4 * 15), ZoneInfo(zone)) for n in range(96)]
        shown = [turn.astimezone(ZoneInfo(zone)) for turn in turns]
        assert len(turns) == 96 and all(turn.date() == night for turn in shown)
        off = [n for n, turn in enumerate(shown) if (turn.hour, turn.minute) != (n // 4, n % 4 * 15)]
        # Only an hour that does not exist is shown as another, and that is the next one.
        assert len(off) in (0, 4) and all(shown[n].hour == n // 4 + 1 for n in off)


def test_everybody_has_their_turn_once_on_the_night_of_a_change() -> None:
    begin = datetime(2026, 10, 24, 10, tzinfo=UTC)
    with time_machine.travel(begin, tick=False):
        ids = people(3, timezone="Europe/Berlin") + people(2, timezone="America/New_York")
        one = launched(segment("A", ids), when="local", day=date(2026, 10, 25), hour=time(2, 30))
    hourly(begin, 24)
    assert fates(one) == {"sent": 5}


def test_everybody_at_the_hour_when_they_tend_to_read() -> None:
    begin = datetime(2026, 6, 9, 8, tzinfo=UTC)
    with time_machine.travel(begin, tick=False):
        early, late, unknown = (people(1, timezone="Africa/Kigali")[0] for _ in range(3))
        before = launched(segment("A", [early, late, unknown]), name="Before")
        run()
        # Kigali is two hours ahead of UTC.
        mine = Message.objects.filter(sender=before.sender)
        mine.filter(customer_id=early).update(clicked_at=datetime(2026, 5, 1, 5, 10, tzinfo=UTC))
        mine.filter(customer_id=late).update(opened_at=datetime(2026, 5, 1, 19, 50, tzinfo=UTC))
        assert best_hour.hours([early, late, unknown]) == {early: 7, late: 21}
        one = launched(segment("B", [early, late, unknown]), when="best", day=date(2026, 6, 11))
    hourly(datetime(2026, 6, 10, 6, tzinfo=UTC), 48)
    hours = dict(Message.objects.filter(sender=one.sender).values_list("customer_id", "sent_at"))
    assert {who: at.hour + 2 for who, at in hours.items()} == {early: 7, late: 21, unknown: 12}


def test_no_more_leave_in_an_hour_than_was_said_and_a_pause_moves_the_rest() -> None:
    begin = datetime(2026, 6, 9, 8, tzinfo=UTC)
    with time_machine.travel(begin, tick=False):
        one = launched(segment("A", people(130)), per_hour=60)
    hourly(begin, 1)
    first = fates(one)["sent"]
    assert 60 <= first <= 65
    with time_machine.travel(begin + HOUR, tick=False):
        actions.pause(one, by=BY)
    with time_machine.travel(begin + 10 * HOUR, tick=False):
        actions.resume(one, by=BY)
        while engine.advance(timezone.now()) == 0:
            pass
        send.send_due()
    assert fates(one)["sent"] - first <= 5, "what fell due during the pause does not come at once"
    hourly(begin + 10 * HOUR, 2)
    assert fates(one) == {"sent": 130}


def test_after_a_pause_of_three_days_everybody_still_gets_it() -> None:
    begin = datetime(2026, 6, 10, 8, tzinfo=UTC)
    with time_machine.travel(begin, tick=False):
        one = launched(segment("A", people(30)), late_hours=24)
        engine.advance(timezone.now())  # its people are found
        actions.pause(one, by=BY)
    with time_machine.travel(begin + 72 * HOUR, tick=False):
        actions.resume(one, by=BY)
        run()
    assert fates(one) == {"sent": 30}


def test_the_hour_passed_while_the_system_was_down() -> None:
    """PAINS 5: a little late it leaves, too late it does not, and says so."""
    at = datetime(2026, 6, 10, 7, tzinfo=UTC)
    with time_machine.travel(at - 10 * HOUR, tick=False):
        group = segment("A", people(3))
        plan = {"when": "at", "day": date(2026, 6, 10), "hour": time(7), "late_hours": 4}
        soon, late = launched(group, **plan), None
    with time_machine.travel(at + 3 * HOUR, tick=False):
        run()
        assert fates(soon) == {"sent": 3}
    with time_machine.travel(at - 10 * HOUR, tick=False):
        late = launched(group, **plan)
    with time_machine.travel(at + 5 * HOUR, tick=False):
        run()
    assert fates(late) == {} and again(late).status == "missed" and not Recipient.objects.exists()


def test_the_watchdog_names_each_campaign_that_is_more_than_two_minutes_late() -> None:
    """PAINS 6."""
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        waits, fine = launched(segment("A", people(1)), name="Waits"), campaign(name="Fine")
    assert queries.late(now + timedelta(minutes=1)) == []
    [late] = queries.late(now + timedelta(minutes=3))
    assert late.campaign == waits and late.since == now
    with time_machine.travel(now, tick=False):
        engine.advance(now)  # begun, its people found; then the worker dies
    [late] = queries.late(now + timedelta(minutes=3))
    assert late.campaign == waits and late.campaign.status == "sending"
    with time_machine.travel(now + timedelta(minutes=4), tick=False):
        run()
    assert queries.late(now + timedelta(minutes=9)) == []
    assert fine.status == "draft"


def test_what_waits_for_a_later_hour_is_not_late() -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        one = launched(segment("A", people(20)), per_hour=2)
        run()
    assert again(one).status == Campaign.Status.SENDING
    assert queries.late(now + timedelta(minutes=20)) == []
