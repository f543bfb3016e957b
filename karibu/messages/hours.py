"""At which hours people may be written to, by the clock on their wall.

A moment is open when its wall clock says so, in both passes of an hour that the clocks repeat. An hour that they skip
is entered where it ends. So a clock change makes no loop, sends nothing twice and leaves no hole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

Ranges = tuple[tuple[time, time], ...]  # from, until; until 00:00 is the end of the day
ALL_DAY: Ranges = ((time(0), time(0)),)
MOST = 4  # ranges of a day, as they are typed
AHEAD = 16  # days; the longest row of days without one open hour is shorter
_RANGE = re.compile(r"(\d{1,2})(?::(\d\d))?\s*(?:-|–|to)\s*(\d{1,2})(?::(\d\d))?")


@dataclass(frozen=True)
class Week:
    """The open hours of each day. `country` says whose public holidays count where `on_holidays` is not set."""

    weekdays: Ranges = ALL_DAY
    saturday: Ranges = ALL_DAY
    sunday: Ranges = ALL_DAY
    on_holidays: bool = True
    country: str = ""

    def of(self, day: date) -> Ranges:
        if not self.on_holidays and day in days_off(self.country, day.year):
            return ()
        return self.sunday if day.weekday() == 6 else self.saturday if day.weekday() == 5 else self.weekdays

    def is_open(self, wall: datetime) -> bool:
        clock = wall.time()
        return any(start <= clock and (clock < end or end == time(0)) for start, end in self.of(wall.date()))


@lru_cache(maxsize=4096)
def days_off(country: str, year: int) -> frozenset[date]:
    """The public holidays of the whole country; none where the country is unknown."""
    import holidays  # a quarter of a second, which a process that asks for no holidays need not wait

    try:
        return frozenset(holidays.country_holidays(country, years=year)) if country else frozenset()
    except NotImplementedError:
        return frozenset()


def parse(text: str) -> Ranges:
    """`9-12, 14:00-20:30` as ranges in order; past midnight (`20-2`) becomes two. Raises ValueError with a sentence."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MOST:
        raise ValueError(_("At most %(n)d times of the day.") % {"n": MOST})
    found: list[tuple[time, time]] = []
    for part in parts:
        found += _split(*_ends(part))
    found.sort()
    if any(one[1] > other[0] or one[1] == time(0) for one, other in pairwise(found)):
        raise ValueError(_("The hours overlap."))
    return tuple(found)


def _ends(part: str) -> tuple[time, time]:
    match = _RANGE.fullmatch(part)
    if match:
        hours, minutes = (int(match[1]), int(match[3])), (int(match[2] or 0), int(match[4] or 0))
        if hours[0] < 24 and max(minutes) < 60 and (hours[1] < 24 or (hours[1], minutes[1]) == (24, 0)):
            return time(hours[0], minutes[0]), time(hours[1] % 24, minutes[1])
    raise ValueError(
        _("Write hours as 08:00-21:00, several with a comma between; “%(part)s” is none.") % {"part": part}
    )


def _split(start: time, end: time) -> list[tuple[time, time]]:
    """One range as it lies in a day: the part after midnight belongs to the morning of each open day."""
    if start < end or end == time(0):
        return [(start, end)]
    return [(time(0), end), (start, time(0))] if start > end else [(time(0), time(0))]


def written(ranges: Ranges) -> str:
    """As `parse` reads it; what was split at midnight is one again."""
    kept = list(ranges)
    if len(kept) > 1 and kept[0][0] == time(0) == kept[-1][1]:
        kept = [*kept[1:-1], (kept[-1][0], kept[0][1])]
    return ", ".join(f"{start:%H:%M}-{'24:00' if end == time(0) else f'{end:%H:%M}'}" for start, end in kept)


def opens(now: datetime, zone: ZoneInfo, weeks: Sequence[Week]) -> datetime | None:
    """None while all of these weeks are open; else the first later moment (UTC) at which they are.

    A day from now where there is no such moment within AHEAD days, so that it is asked again.
    """
    if _all_open(now, zone, weeks):
        return None
    day = now.astimezone(zone).date()
    for offset in range(AHEAD):
        later = [at for at in _starts(day + timedelta(days=offset), zone, weeks) if at > now]
        if found := min((at for at in later if _all_open(at, zone, weeks)), default=None):
            return found
    return now + timedelta(days=1)


def _all_open(at: datetime, zone: ZoneInfo, weeks: Sequence[Week]) -> bool:
    wall = at.astimezone(zone)
    return all(week.is_open(wall) for week in weeks)


def _starts(day: date, zone: ZoneInfo, weeks: Sequence[Week]) -> Iterator[datetime]:
    """The moments of this day at which a week may open: its hours begin, or the clocks change."""
    for clock in {start for week in weeks for start, _end in week.of(day)}:
        wall = datetime.combine(day, clock, zone)
        yield from {wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)}
    yield from _changes(day, zone)


def _changes(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clocks of this zone change on this day, to the second."""
    low, high = (datetime.combine(day, time(0), UTC) + timedelta(hours=n) for n in (-16, 40))
    before = low.astimezone(zone).utcoffset()
    if before == high.astimezone(zone).utcoffset():
        return
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    if high.astimezone(zone).date() == day:
        yield high.replace(microsecond=0)
