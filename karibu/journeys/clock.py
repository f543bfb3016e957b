"""The worker's loop "entries": dates, schedules and changed products bring people in.

Each journey with such a door has a Clock: what lies between its last look and now is looked at once, whichever worker
does it. Nobody enters while a journey is paused, and a system that was off catches up with one day at most: a birthday
greeting three days late is worse than none.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from karibu.customers import raw
from karibu.customers.raw import Cursor
from karibu.journeys import doors, goods, live
from karibu.journeys.doors import TOGETHER, Arrival
from karibu.journeys.entries.date import COLUMNS, Dated
from karibu.journeys.entries.schedule import Scheduled
from karibu.journeys.live import Way
from karibu.journeys.models import Clock
from karibu.messages.quiet import zone_of
from karibu.web.queries import shop

log = logging.getLogger("karibu.journeys")
LATEST = timedelta(days=1)
SLEEP = timedelta(minutes=5)  # at most: a clock that is set, a zone that is changed
QUARTER = timedelta(minutes=15)  # every zone of today is so many of these from UTC


def step() -> float:
    """The worker's loop; returns how long it may sleep."""
    return look(timezone.now())


def look(now: datetime) -> float:
    """Lets in everybody whose moment has come; returns the seconds until it may be somebody's again."""
    with transaction.atomic():
        ways = live.rules(raw.cursor()).timed
    waits = [_look_at(way, now) for way in ways]
    if goods.look(now):
        return 0
    return min([SLEEP.total_seconds(), *waits])


def _look_at(way: Way, now: datetime) -> float:
    """One journey that cannot be looked at keeps no other waiting."""
    try:
        return _look(way, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("journey %s: whom its moment brings in could not be found", way.journey_id)
        return SLEEP.total_seconds()


def _look(way: Way, now: datetime) -> float:
    with transaction.atomic():
        clock = _clock(way, now)
        entry = way.definition.entry
        if clock is None:
            return SLEEP.total_seconds()
        if entry.schedule:
            return _take_slot(way, entry.schedule, clock, now)
        return _meet(way, entry.date, clock, now) if entry.date else SLEEP.total_seconds()


def _clock(way: Way, now: datetime) -> Clock | None:
    """The journey's clock, held until the transaction ends; None where it is not live or another worker looks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT published_at FROM journeys_journey WHERE id = %s AND status = 'live' AND version = %s FOR SHARE",
            [way.journey_id, way.version],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    Clock.objects.get_or_create(journey_id=way.journey_id, defaults={"looked_until": row[0]})
    return Clock.objects.select_for_update(skip_locked=True).filter(journey_id=way.journey_id).first()


def start(journey_id: int, now: datetime) -> None:
    """From now on: what lies before belongs to nobody (the journey is published for the first time, or resumed)."""
    Clock.objects.update_or_create(journey_id=journey_id, defaults={"looked_until": now, "slot": None, "cursor": 0})


# --- dates ----------------------------------------------------------------------------------------------------------


def _meet(way: Way, rule: Dated, clock: Clock, now: datetime) -> float:
    since = max(clock.looked_until, now - LATEST)
    if _quarters(rule, since) <= now:
        for some in doors.parts(arrivals(raw.cursor(), way, rule, since, now)):
            doors.enter(raw.cursor(), some, now)
        clock.looked_until = now
        clock.save(update_fields=["looked_until"])
    return min(SLEEP, _quarters(rule, now) - now).total_seconds()


def _quarters(rule: Dated, since: datetime) -> datetime:
    """The first moment after `since` that can be this hour on somebody's wall."""
    minutes = (rule.wall.minute - since.minute) % 15
    first = since.replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    return first if first > since else first + QUARTER


def arrivals(cursor: Cursor, way: Way, rule: Dated, since: datetime, until: datetime) -> list[Arrival]:
    """Everybody whose moment lies in since < t ≤ until, in order of it."""
    fallback, found = shop().timezone, []
    for customer, zone, written in _written(cursor, rule, since, until):
        for day, moment in rule.moments(written, zone_of(zone, fallback), since, until):
            context = {rule.trait: written[:10], "day": day.isoformat()}
            found.append(Arrival(way, customer, day.isoformat(), moment, context))
    return sorted(found, key=lambda arrival: (arrival.at, arrival.customer_id))


def _written(cursor: Cursor, rule: Dated, since: datetime, until: datetime) -> Sequence[tuple[int, str, str]]:
    """(customer, zone, day as it is written) of those who may be met in that time: one walk over all customers."""
    start, length, days = rule.spellings(since, until)
    if rule.trait in COLUMNS:
        day = f"to_char({rule.trait} AT TIME ZONE %(zone)s, 'YYYY-MM-DD')"
    else:
        day = "left(traits ->> %(trait)s, 11)"
    cursor.execute(
        f"SELECT id, timezone, {day} FROM customers_customer WHERE merged_into IS NULL AND erased_at IS NULL "  # noqa: S608
        f"AND substr({day}, %(start)s, %(length)s) = ANY(%(days)s)",
        {"trait": rule.trait, "zone": shop().timezone, "start": start, "length": length, "days": days},
    )
    return cursor.fetchall()


# --- schedules ------------------------------------------------------------------------------------------------------


def _take_slot(way: Way, rule: Scheduled, clock: Clock, now: datetime) -> float:
    """Lets in some of the segment's members, where it is time; returns 0 while there are more."""
    zone = zone_of(shop().timezone, "UTC")
    if clock.slot is None:
        slots = list(rule.slots(zone, max(clock.looked_until, now - LATEST), now))
        if not slots:
            ahead = next(rule.slots(zone, now, now + timedelta(days=1)), now + SLEEP)
            return min(SLEEP, ahead - now).total_seconds()
        clock.slot, clock.cursor = slots[-1], 0
    members = _members(rule.segment, clock.cursor)
    key = clock.slot.astimezone(zone).date().isoformat()
    doors.enter(raw.cursor(), [Arrival(way, one, key, clock.slot, {"day": key}) for one in members], now)
    if len(members) < TOGETHER:
        clock.looked_until, clock.slot, clock.cursor = clock.slot, None, 0
    else:
        clock.cursor = members[-1]
    clock.save()
    return 0


def _members(segment_id: int, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id FROM segments_member WHERE segment_id = %s AND customer_id > %s "
            "ORDER BY customer_id LIMIT %s",
            [segment_id, after, TOGETHER],
        )
        return [row[0] for row in cursor.fetchall()]
