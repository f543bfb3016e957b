"""`within`: the span of time that a condition looks at."""

from datetime import timedelta

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.segments.conditions import operators
from karibu.segments.faults import DefinitionError

MOST_DAYS = 36_500


class Within(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """The last days and hours, to the microsecond; or whole days of the shop's zone, first and last included."""

    days: int = 0
    hours: int = 0
    first: str = msgspec.field(name="from", default="")
    last: str = msgspec.field(name="to", default="")

    @property
    def length(self) -> timedelta | None:
        """How far a window that moves with the clock reaches back; None for one between days."""
        return timedelta(days=self.days, hours=self.hours) or None

    def check(self, path: str) -> None:
        for unit, most in (("days", MOST_DAYS), ("hours", MOST_DAYS * 24)):
            if not 0 <= getattr(self, unit) <= most:
                words = {"n": most}
                raise DefinitionError(f"{path}.{unit}", _("Expected a whole number from 1 to %(n)s.") % words)
        for name, text in (("from", self.first), ("to", self.last)):
            if text and (fault := operators.day_fault(text)):
                raise DefinitionError(f"{path}.{name}", fault)
        if bool(self.length) == bool(self.first or self.last):
            raise DefinitionError(path, _("Expected days or hours, or the days “from” and “to”."))
        if self.first and self.last and self.first > self.last:
            raise DefinitionError(path, _("The first of the two must not be above the second."))

    def said(self) -> str:
        if not self.length:
            words = {"first": self.first, "last": self.last}
            if self.first and self.last:
                return _("from %(first)s to %(last)s") % words
            return _("since %(first)s") % words if self.first else _("until %(last)s") % words
        days = ngettext("%(n)s day", "%(n)s days", self.days) % {"n": self.days} if self.days else ""
        hours = ngettext("%(n)s hour", "%(n)s hours", self.hours) % {"n": self.hours} if self.hours else ""
        return _("in the last %(time)s") % {"time": " ".join(filter(None, (days, hours)))}


def moving(within: Within | None) -> tuple[timedelta, ...]:
    """As Needs.windows wants it."""
    return (within.length,) if within and within.length else ()
