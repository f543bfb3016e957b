"""A stretch of time in somebody's zone, as screens, CSV and the API name it: `from`, `to`, `zone`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


class BadPeriod(ValueError):
    """`field` cannot be understood; the message says why and what would be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Period:
    """From `start` (inclusive) to `end` (exclusive), aware; None means without limit. Days are days of `zone`."""

    start: datetime | None
    end: datetime | None
    zone: ZoneInfo

    def days(self) -> Iterator[date]:
        """Every local day the period touches; nothing where it has no limits."""
        if self.start is None or self.end is None:
            return
        day = self.start.astimezone(self.zone).date()
        last = (self.end - timedelta(microseconds=1)).astimezone(self.zone).date()
        while day <= last:
            yield day
            day += timedelta(days=1)

    def hours(self) -> Iterator[datetime]:
        """Every hour of the clock on the wall, as an instant: 23 or 25 of them on the nights the clock changes."""
        if self.start is None or self.end is None:
            return
        hour = self.start.astimezone(self.zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        while hour < self.end:
            yield hour
            hour += timedelta(hours=1)

    def begins_on_the_hour(self, by: str) -> bool:
        """Whether the period, and every day or hour of it when split so, begins with an hour of UTC.

        Not so in Kathmandu (+05:45), nor in half of the year on Lord Howe Island.
        """
        limits = [moment for moment in (self.start, self.end) if moment]
        if by == "day":
            limits += [midnight(day, self.zone) for day in self.days()]
        if by == "hour" or (by == "day" and not (self.start and self.end)):
            limits += [datetime(year, month, 1, tzinfo=self.zone) for year in range(2000, 2101) for month in (1, 7)]
        return not any(moment.astimezone(UTC).timestamp() % 3600 for moment in limits)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When `day` begins in `zone`. Where midnight is skipped by a clock change, the first moment after it."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def last_days(count: int, zone: ZoneInfo, now: datetime | None = None) -> Period:
    """The last `count` local days, today included and whole."""
    today = (now or datetime.now(UTC)).astimezone(zone).date()
    return Period(midnight(today - timedelta(days=count - 1), zone), midnight(today + timedelta(days=1), zone), zone)


def parse(start: str, end: str, zone: ZoneInfo) -> Period:
    """`from` and `to` as written: dates are whole local days, both included; times with an offset are exact instants.

    Empty text is no limit. Raises BadPeriod naming `from` or `to`.
    """
    first, last = _moment("from", start, zone, 0), _moment("to", end, zone, 1)
    if first and last and last < first:
        raise BadPeriod("to", "The period ends before it begins.")
    return Period(first, last, zone)


def _moment(field: str, text: str, zone: ZoneInfo, day_offset: int) -> datetime | None:
    if not text:
        return None
    try:
        if len(text) == 10:
            return midnight(date.fromisoformat(text) + timedelta(days=day_offset), zone)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise BadPeriod(field, f"{text!r} is neither a date (2026-03-01) nor a time (2026-03-01T09:00:00Z).") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def zone_named(name: str) -> ZoneInfo:
    """Raises BadPeriod for a zone that does not exist."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadPeriod("zone", f"{name!r} is no time zone; write it like Africa/Kigali.") from None
