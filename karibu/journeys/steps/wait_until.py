"""Wait until an hour of the day where the person is, on some days of the week or on any."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from karibu.customers.models import Customer
from karibu.journeys.moments import clock_time, moment
from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.journeys.weekdays import days_said
from karibu.messages.quiet import zone_of
from karibu.segments.faults import DefinitionError
from karibu.web.queries import shop


class WaitUntil(Step, forbid_unknown_fields=True):
    """`at` is "09:00" on the person's wall; `weekdays` are 0 (Monday) to 6, none for every day.

    Somebody who comes at that very moment goes through. An hour that the clock skips is the same hour by the offset
    before the change (PEP 495); one that comes twice is its first.
    """

    KIND: ClassVar[str] = "wait_until"
    ICON: ClassVar[str] = "clock"

    at: str
    weekdays: list[int] = []

    def check(self, path: str) -> None:
        if clock_time(self.at) is None:
            raise DefinitionError(f"{path}.at", _("Write the time as 09:00."))
        if any(not 0 <= day <= 6 for day in self.weekdays):
            raise DefinitionError(f"{path}.weekdays", _("Days are 0 (Monday) to 6 (Sunday)."))

    def sentence(self) -> str:
        if days := days_said(self.weekdays):
            return _("wait until it is %(time)s where they are on a %(days)s") % {"time": self.at, "days": days}
        return _("wait until it is %(time)s where they are") % {"time": self.at}

    def due(self, arrived: datetime) -> datetime:
        return self.next(arrived, zone_of(shop().timezone, "UTC"))

    def dues(self, customer_ids: Sequence[int], arrived: Sequence[datetime]) -> Sequence[datetime]:
        known = dict(Customer.objects.filter(pk__in=customer_ids).values_list("pk", "timezone"))
        fallback = shop().timezone
        zones = [zone_of(known.get(customer, ""), fallback) for customer in customer_ids]
        return [self.next(came, zone) for came, zone in zip(arrived, zones, strict=True)]

    def next(self, arrived: datetime, zone: ZoneInfo) -> datetime:
        """The first such moment that is not before `arrived`, in UTC."""
        wall = clock_time(self.at) or time()
        day = arrived.astimezone(zone).date() - timedelta(days=1)
        while True:
            met = moment(day, wall, zone)
            if met >= arrived and (not self.weekdays or day.weekday() in self.weekdays):
                return met
            day += timedelta(days=1)

    def take(self, group: Group) -> Sequence[Outcome]:
        return [Outcome(f"waited until {self.at}")] * len(group.travellers)
