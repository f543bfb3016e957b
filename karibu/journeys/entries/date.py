"""A date of the person: their birthday, 14 days before a renewal, a year after they came.

Only what begins with a day as 1990-05-17 is a date; whoever has none, or an impossible one, is not met here. The 29th
of February is kept on the 28th in other years, as segments count it.
"""

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.journeys.moments import clock_time, moment
from karibu.segments.faults import DefinitionError

FARTHEST = 365  # days before or after
COLUMNS = ("created_at", "last_order_at")  # of Customer, which are dates of the person as well
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
YEAR = timedelta(days=366)
_WIDEST = timedelta(hours=15)  # that any zone is from UTC


class Dated(msgspec.Struct, forbid_unknown_fields=True):
    """`days` after the date (negative: before), at `at` on the person's wall."""

    trait: str
    days: int = 0
    every: Literal["year", "month", "once"] = "year"
    at: str = "09:00"

    def check(self, path: str) -> None:
        if not self.trait.strip() or len(self.trait) > 200:
            raise DefinitionError(f"{path}.trait", _("Name the trait that holds the date."))
        if abs(self.days) > FARTHEST:
            raise DefinitionError(f"{path}.days", _("At most %(n)s days before or after.") % {"n": FARTHEST})
        if clock_time(self.at) is None:
            raise DefinitionError(f"{path}.at", _("Write the time as 09:00."))

    def sentence(self) -> str:
        words = {"trait": self.trait.replace("_", " "), "time": self.at, "n": abs(self.days)}
        if not self.days:
            said = _("has their %(trait)s")
        elif self.days < 0:
            said = ngettext("is %(n)s day before their %(trait)s", "is %(n)s days before their %(trait)s", -self.days)
        else:
            said = ngettext("is %(n)s day after their %(trait)s", "is %(n)s days after their %(trait)s", self.days)
        often = {"year": _("each year at %(time)s"), "month": _("each month at %(time)s"), "once": _("at %(time)s")}
        return f"{said} ({often[self.every]})" % words

    @property
    def wall(self) -> time:
        return clock_time(self.at) or time()

    def local_days(self, since: datetime, until: datetime) -> Iterator[date]:
        """The days that it may be somewhere in since < t ≤ until."""
        day, last = (since - _WIDEST).astimezone(UTC).date(), (until + _WIDEST).astimezone(UTC).date()
        while day <= last:
            yield day
            day += timedelta(days=1)

    def spellings(self, since: datetime, until: datetime) -> tuple[int, int, list[str]]:
        """Which part of the written day (from, length, as substr() counts) can be which, to be met in that time."""
        start, length = {"year": (6, 5), "month": (9, 2), "once": (1, 10)}[self.every]
        found = set()
        for day in self.local_days(since, until):
            kept = day - timedelta(days=self.days)
            found.add(kept.isoformat()[start - 1 : start - 1 + length])
            if self.every == "year" and (kept.month, kept.day) == (2, 28):
                found.add("02-29")
            if self.every == "month" and kept.day == calendar.monthrange(kept.year, kept.month)[1]:
                found |= {str(later) for later in range(kept.day, 32)}
        return start, length, sorted(found)

    def moments(
        self, written: str, zone: ZoneInfo, since: datetime, until: datetime
    ) -> Iterator[tuple[date, datetime]]:
        """(the day, the moment) of each time that this person is met in since < t ≤ until; none for no date."""
        told = written_day(written)
        for day in self._days(told, since, until) if told else ():
            met = moment(day, self.wall, zone)
            if since < met <= until:
                yield day, met

    def next(self, written: str, zone: ZoneInfo, arrived: datetime) -> datetime | None:
        """The first moment that is not before `arrived`; None where there is none in ten years."""
        told = written_day(written)
        if told is None:
            return None
        for years in (1, 10):
            met = (moment(day, self.wall, zone) for day in self._days(told, arrived, arrived + YEAR * years))
            if found := min((one for one in met if one >= arrived), default=None):
                return found
        return None

    def _days(self, told: date, since: datetime, until: datetime) -> Iterator[date]:
        """The days of this date, `days` before or after it, that may be somewhere in that time."""
        shift = timedelta(days=self.days)
        first, last = (since - _WIDEST).astimezone(UTC).date() - shift, (until + _WIDEST).astimezone(UTC).date() - shift
        if self.every == "once":
            yield from [told + shift] if first <= told <= last else []
            return
        for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
            year, number = month // 12, month % 12 + 1
            if self.every == "month" or number == told.month:
                day = date(year, number, min(told.day, calendar.monthrange(year, number)[1]))
                if max(first, told) <= day <= last:
                    yield day + shift


def written_day(text: str) -> date | None:
    """The day that the text begins with; None where it is none, or there is no such day."""
    if not _DAY.match(text):
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
