"""Wait until an hour of the day where the person is, on some days of the week or on any."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.customers.models import Customer
from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.messages.quiet import zone_of
from karibu.segments.faults import DefinitionError
from karibu.web.queries import shop

DAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)


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
        if _time(self.at) is None:
            raise DefinitionError(f"{path}.at", _("Write the time as 09:00."))
        if any(not 0 <= day <= 6 for day in self.weekdays):
            raise DefinitionError(f"{path}.weekdays", _("Days are 0 (Monday) to 6 (Sunday)."))

    def sentence(self) -> str:
        days = ", ".join(str(DAYS[day]) for day in sorted(set(self.weekdays)))
        if days:
            return _("wait until it is %(time)s where they are on a %(days)s") % {"time": self.at, "days": days}
        return _("wait until it is %(time)s where they are") % {"time": self.at}

    def due(self, arrived: datetime) -> datetime:
        return self.next(arrived, zone_of(shop().timezone, "UTC"))

    def dues(self, customer_ids: Sequence[int], arrived: Sequence[datetime]) -> Sequence[datetime]:
        known = dict(Customer.objects.filter(pk__in=customer_ids).values_list("pk", "timezone"))
        fallback = shop().timezone
        zones = [zone_of(known.get(customer, ""), fallback) for customer in customer_ids]
        return [self.next(moment, zone) for moment, zone in zip(arrived, zones, strict=True)]

    def next(self, arrived: datetime, zone: ZoneInfo) -> datetime:
        """The first such moment that is not before `arrived`, in UTC."""
        wall = _time(self.at) or time()
        day = arrived.astimezone(zone).date() - timedelta(days=1)
        while True:
            moment = datetime.combine(day, wall, zone).astimezone(UTC)
            if moment >= arrived and (not self.weekdays or day.weekday() in self.weekdays):
                return moment
            day += timedelta(days=1)

    def take(self, group: Group) -> Sequence[Outcome]:
        return [Outcome(f"waited until {self.at}")] * len(group.travellers)


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text) if len(text) == 5 else None
    except ValueError:
        return None
