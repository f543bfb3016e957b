"""Wait until a date of the person: their birthday, three days before a renewal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal

from django.utils.translation import gettext as _

from karibu.customers.models import Customer
from karibu.journeys.entries.date import COLUMNS, Dated
from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.messages.quiet import zone_of
from karibu.web.queries import shop

CAME, UNKNOWN = "came", "unknown"


class WaitDate(Step, forbid_unknown_fields=True):
    """The rule is that of an entry (entries/date.py). Who has no such date, or one that is over, goes on at once by the
    way “unknown”; a date that is moved while somebody waits is looked at again when the old one comes."""

    KIND: ClassVar[str] = "wait_date"
    ICON: ClassVar[str] = "calendar"

    trait: str
    days: int = 0
    every: Literal["year", "month", "once"] = "year"
    at: str = "09:00"

    @property
    def rule(self) -> Dated:
        return Dated(self.trait, self.days, self.every, self.at)

    def check(self, path: str) -> None:
        self.rule.check(path)

    def sentence(self) -> str:
        return _("wait until the person %(is)s") % {"is": self.rule.sentence()}

    def ways(self) -> Sequence[str]:
        return (CAME, UNKNOWN)

    def way_names(self) -> Mapping[str, str]:
        return {CAME: _("the day has come"), UNKNOWN: _("there is no such day")}

    def must_branch(self) -> bool:
        return False

    def dues(self, customer_ids: Sequence[int], arrived: Sequence[datetime]) -> Sequence[datetime]:
        met = self.next(customer_ids, arrived)
        return [one or came for one, came in zip(met, arrived, strict=True)]

    def next(self, customer_ids: Sequence[int], arrived: Sequence[datetime]) -> list[datetime | None]:
        """The first such moment of each that is not before they came; None for who has none."""
        own = (self.trait,) if self.trait in COLUMNS else ("traits",)
        rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "timezone", *own)
        known = {number: (zone, value) for number, zone, value in rows}
        fallback = zone_of(shop().timezone, "UTC")
        found = []
        for customer, came in zip(customer_ids, arrived, strict=True):
            zone, value = known.get(customer, ("", None))
            written = value.get(self.trait) if isinstance(value, dict) else value
            if isinstance(written, datetime):
                written = written.astimezone(fallback).date().isoformat()
            found.append(self.rule.next(str(written), zone_of(zone, shop().timezone), came) if written else None)
        return found

    def take(self, group: Group) -> Sequence[Outcome]:
        met = self.next([t.customer_id for t in group.travellers], [t.arrived_at for t in group.travellers])
        return [self._outcome(moment, group.now) for moment in met]

    @staticmethod
    def _outcome(moment: datetime | None, now: datetime) -> Outcome:
        if moment is None:
            return Outcome("there is no such day", way=UNKNOWN)
        return Outcome("the day has come", way=CAME) if moment <= now else Outcome("", again=moment)
