"""The `visitors` metric: different people in the log. Counting them reads the log, so each day's answer is kept.

A kept day holds for as long as the number of events of that day stays what it was: an import or an erasure makes
it be counted again. A day that is still filling up is counted again after a few seconds.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from karibu.customers.models import Activity
from karibu.events import log
from karibu.insights.event_log import limits
from karibu.insights.metrics import Measurement, in_time
from karibu.insights.models import VisitorDay
from karibu.insights.periods import Period, midnight

FRESH = timedelta(seconds=10)
NOW = timedelta(minutes=5)
PEOPLE = "count(DISTINCT coalesce(CAST(customer AS VARCHAR), anonymous_id))"
ON_PAGES = "channel IN ('web', 'app')"


def read(period: Period, by: str) -> Measurement:
    """The total counts a person once however many days they came, so it is less than the days' sum."""
    if not by:
        return Measurement(_together(period), [])
    days = list(period.days()) or _days_with_events(period)
    counts = daily(days, period.zone) if _is_whole_days(period) else _count(period)
    # One day is its own total: the home page asks for today with every visit.
    total = counts[days[0]] if len(days) == 1 and days[0] in counts else _together(period)
    return Measurement(total, in_time(dict(counts), period, by))


def now(_period: Period, _by: str) -> Measurement:
    """The `visitors_now` metric: whoever was seen in the last five minutes."""
    return Measurement(Activity.objects.filter(last_seen__gt=datetime.now(UTC) - NOW).count(), [])


def daily(days: Iterable[date], zone: ZoneInfo) -> dict[date, int]:
    """How many people came on each of `days`, from midnight to midnight in `zone`."""
    stamps = _stamps(days, zone)
    kept = {row.day: row for row in VisitorDay.objects.filter(zone=str(zone), day__in=stamps)}
    stale = [day for day, events in stamps.items() if events and not _holds(kept.get(day), events)]
    fresh = dict.fromkeys(stale, 0)
    if stale:
        span = Period(midnight(min(stale), zone), midnight(max(stale) + timedelta(days=1), zone), zone)
        fresh |= {day: people for day, people in _count(span).items() if day in fresh}
        _keep(fresh, stamps, zone)
    counts = {day: row.visitors for day, row in kept.items() if stamps[day]} | fresh
    return {day: counts.get(day, 0) for day in stamps}


def _is_whole_days(period: Period) -> bool:
    return all(
        edge is None or edge == midnight(edge.astimezone(period.zone).date(), period.zone)
        for edge in (period.start, period.end)
    )


def _holds(row: VisitorDay | None, events: int) -> bool:
    return row is not None and (row.events == events or row.counted_at > datetime.now(UTC) - FRESH)


def _together(period: Period) -> int:
    conditions, parameters = limits(period)
    query = f"SELECT {PEOPLE} AS people FROM events WHERE {ON_PAGES} AND {conditions}"  # noqa: S608
    return int(log.query(query, parameters, since=period.start, until=period.end)["people"][0].as_py())


def _count(period: Period) -> dict[date, int]:
    """How many people came on each day of the period, in one reading of the log."""
    conditions, parameters = limits(period)
    query = (
        f"SELECT CAST(timezone($zone, time) AS DATE) AS day, {PEOPLE} AS people "  # noqa: S608
        f"FROM events WHERE {ON_PAGES} AND {conditions} GROUP BY 1"
    )
    table = log.query(query, {**parameters, "zone": str(period.zone)}, since=period.start, until=period.end)
    return dict(zip(table["day"].to_pylist(), table["people"].to_pylist(), strict=True))


def _stamps(days: Iterable[date], zone: ZoneInfo) -> dict[date, int]:
    """How many events each day has, to the hour: enough to notice that something changed."""
    wanted = dict.fromkeys(days, 0)
    if not wanted:
        return wanted
    start, end = midnight(min(wanted), zone), midnight(max(wanted) + timedelta(days=1), zone)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (hour AT TIME ZONE %s)::date AS day, sum(count) FROM events_eventcount"
            " WHERE hour > %s - interval '1 hour' AND hour < %s GROUP BY 1",
            [str(zone), start, end],
        )
        return wanted | {day: int(events) for day, events in cursor.fetchall() if day in wanted}


def _days_with_events(period: Period) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT (hour AT TIME ZONE %s)::date FROM events_eventcount"
            " WHERE hour >= coalesce(%s, '-infinity'::timestamptz) AND hour < coalesce(%s, 'infinity'::timestamptz)",
            [str(period.zone), period.start, period.end],
        )
        return sorted(day for (day,) in cursor.fetchall())


def _keep(counts: dict[date, int], stamps: dict[date, int], zone: ZoneInfo) -> None:
    now = datetime.now(UTC)
    VisitorDay.objects.bulk_create(
        [
            VisitorDay(zone=str(zone), day=day, events=stamps[day], visitors=people, counted_at=now)
            for day, people in sorted(counts.items())
        ],
        update_conflicts=True,
        unique_fields=["zone", "day"],
        update_fields=["events", "visitors", "counted_at"],
    )
