"""Wait for a time, or until nothing more has happened for a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.segments.faults import DefinitionError

LONGEST = timedelta(days=3650)


class Wait(Step, forbid_unknown_fields=True):
    """`quiet`: each further event that would bring the person in under the same key starts the wait anew."""

    KIND: ClassVar[str] = "wait"
    ICON: ClassVar[str] = "clock"

    seconds: int = 0
    minutes: int = 0
    hours: int = 0
    days: int = 0
    quiet: bool = False

    @property
    def length(self) -> timedelta:
        return timedelta(days=self.days, hours=self.hours, minutes=self.minutes, seconds=self.seconds)

    def check(self, path: str) -> None:
        for unit in ("seconds", "minutes", "hours", "days"):
            if not 0 <= getattr(self, unit) <= LONGEST.total_seconds():
                raise DefinitionError(f"{path}.{unit}", _("Expected a whole number that is not negative."))
        if not timedelta(0) < self.length <= LONGEST:
            raise DefinitionError(path, _("A wait takes at least one second and at most 3650 days."))

    def sentence(self) -> str:
        if self.quiet:
            return _("wait until nothing more has happened for %(time)s") % {"time": spoken(self)}
        return _("wait %(time)s") % {"time": spoken(self)}

    def due(self, arrived: datetime) -> datetime:
        return arrived + self.length

    def take(self, group: Group) -> Sequence[Outcome]:
        words = f"waited {spoken(self)}"
        return [Outcome(words)] * len(group.travellers)


def spoken(wait: Wait) -> str:
    """ "1 hour 30 minutes"."""
    parts = [
        ngettext("%(n)s day", "%(n)s days", wait.days) % {"n": wait.days} if wait.days else "",
        ngettext("%(n)s hour", "%(n)s hours", wait.hours) % {"n": wait.hours} if wait.hours else "",
        ngettext("%(n)s minute", "%(n)s minutes", wait.minutes) % {"n": wait.minutes} if wait.minutes else "",
        ngettext("%(n)s second", "%(n)s seconds", wait.seconds) % {"n": wait.seconds} if wait.seconds else "",
    ]
    return " ".join(part for part in parts if part)
