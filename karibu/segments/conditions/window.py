"""`within`: the span of time that a condition looks at."""

from datetime import timedelta

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.segments.conditions import operators
from karibu.segments.faults import DefinitionError

MOST_DAYS = 36_500


class Within(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """The last days and hours, to the microsecond; or whole days of the shop's zone, first and last included.

    `until_days` and `until_hours` say how long ago it ended: {"days": 60, "until_days": 30} is what is in {"days": 60}
    and not in {"days": 30}.
    """

    days: int = 0
    hours: int = 0
    until_days: int = 0
    until_hours: int = 0
    first: str = msgspec.field(name="from", default="")
    last: str = msgspec.field(name="to", default="")

    @property
    def length(self) -> timedelta | None:
        """How far a window that moves with the clock reaches back; None for one between days."""
        return timedelta(days=self.days, hours=self.hours) or None

    @property
    def until(self) -> timedelta | None:
        """How long ago such a window ended; None for one that lasts until now."""
        return timedelta(days=self.until_days, hours=self.until_hours) or None

    def check(self, path: str) -> None:
        days, hours = MOST_DAYS, MOST_DAYS * 24
        for unit, most in (("days", days), ("hours", hours), ("until_days", days), ("until_hours", hours)):
            if not 0 <= getattr(self, unit) <= most:
                words = {"n": most}
                raise DefinitionError(f"{path}.{unit}", _("Expected a whole number from 1 to %(n)s.") % words)
        for name, text in (("from", self.first), ("to", self.last)):
            if text and (fault := operators.day_fault(text)):
                raise DefinitionError(f"{path}.{name}", fault)
        if bool(self.length) == bool(self.first or self.last) or (self.until and not self.length):
            raise DefinitionError(path, _("Expected days or hours, or the days “from” and “to”."))
        if self.first and self.last and self.first > self.last:
            raise DefinitionError(path, _("The first of the two must not be above the second."))
        if self.length and self.until and self.until >= self.length:
            unit, begins = "until_days" if self.until_days else "until_hours", _lasting(self.days, self.hours)
            raise DefinitionError(f"{path}.{unit}", _("It begins %(time)s ago and must end later.") % {"time": begins})

    def said(self) -> str:
        if not self.length:
            words = {"first": self.first, "last": self.last}
            if self.first and self.last:
                return _("from %(first)s to %(last)s") % words
            return _("since %(first)s") % words if self.first else _("until %(last)s") % words
        if not self.until:
            return _("in the last %(time)s") % {"time": _lasting(self.days, self.hours)}
        is_in_one_unit = not (self.hours or self.until_hours) or not (self.days or self.until_days)
        near = self.until_days + self.until_hours if is_in_one_unit else _lasting(self.until_days, self.until_hours)
        return _("between %(near)s and %(far)s ago") % {"near": near, "far": _lasting(self.days, self.hours)}


def _lasting(days: int, hours: int) -> str:
    """ "2 days 1 hour"."""
    said = ngettext("%(n)s day", "%(n)s days", days) % {"n": days} if days else ""
    more = ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours} if hours else ""
    return " ".join(filter(None, (said, more)))


def moving(within: Within | None) -> tuple[timedelta, ...]:
    """As Needs.windows wants it: what happened comes into a window that is over at one age, and leaves at another."""
    return tuple(filter(None, (within.until, within.length))) if within else ()
