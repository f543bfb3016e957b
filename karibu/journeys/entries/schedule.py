"""A schedule: on these days at this hour of the shop, everybody in a segment enters."""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from django.utils.translation import gettext as _

from karibu.journeys.moments import clock_time, moment
from karibu.journeys.weekdays import DAYS, days_said
from karibu.segments import queries as segments
from karibu.segments.faults import DefinitionError


class Scheduled(msgspec.Struct, forbid_unknown_fields=True):
    """On `weekdays` (0 is Monday), or on a `day` of the month (a month that has no such day: its last), else daily."""

    segment: int
    at: str = "09:00"
    weekdays: list[int] = []
    day: int | None = None

    def check(self, path: str) -> None:
        if clock_time(self.at) is None:
            raise DefinitionError(f"{path}.at", _("Write the time as 09:00."))
        if any(not 0 <= day < len(DAYS) for day in self.weekdays):
            raise DefinitionError(f"{path}.weekdays", _("Days are 0 (Monday) to 6 (Sunday)."))
        if self.day is not None and (self.weekdays or not 1 <= self.day <= 31):
            raise DefinitionError(f"{path}.day", _("A day of the month from 1 to 31, or weekdays, not both."))

    def sentence(self) -> str:
        name = segments.names([self.segment]).get(self.segment) or f"#{self.segment}"
        words = {"name": name, "time": self.at, "days": days_said(self.weekdays), "day": self.day}
        if self.day:
            return _("is in the segment “%(name)s” on day %(day)s of a month at %(time)s") % words
        if self.weekdays:
            return _("is in the segment “%(name)s” on a %(days)s at %(time)s") % words
        return _("is in the segment “%(name)s”, every day at %(time)s") % words

    def slots(self, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[datetime]:
        """Its moments in since < t ≤ until, in order."""
        day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
        while day <= last:
            slot = moment(day, clock_time(self.at) or time(), zone)
            if self._is_on(day) and since < slot <= until:
                yield slot
            day += timedelta(days=1)

    def _is_on(self, day: date) -> bool:
        if self.day is not None:
            return day.day == min(self.day, calendar.monthrange(day.year, day.month)[1])
        return not self.weekdays or day.weekday() in self.weekdays
