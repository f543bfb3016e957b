"""Wait until something happens, or until it is late: two ways."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.journeys.events import EventRule
from karibu.journeys.steps.base import HAPPENED, Group, Outcome, Step
from karibu.journeys.steps.wait import Wait, spoken

CAME, LATE = "happened", "late"


class WaitFor(Step, forbid_unknown_fields=True):
    """The event counts from when the person came here; react.py wakes who waits for it. `within` is a wait's length."""

    KIND: ClassVar[str] = "wait_for"
    ICON: ClassVar[str] = "clock"

    happens: EventRule
    within: Wait

    def check(self, path: str) -> None:
        self.happens.check(f"{path}.happens")
        self.within.check(f"{path}.within")

    def sentence(self) -> str:
        words = {"does": self.happens.sentence(), "time": spoken(self.within)}
        return _("wait until the person %(does)s, at most %(time)s") % words

    def ways(self) -> Sequence[str]:
        return (CAME, LATE)

    def way_names(self) -> Mapping[str, str]:
        return {CAME: _("it happened"), LATE: _("too late")}

    def due(self, arrived: datetime) -> datetime:
        return self.within.due(arrived)

    def take(self, group: Group) -> Sequence[Outcome]:
        return [Outcome(way, way=way) for way in (CAME if t.context.get(HAPPENED) else LATE for t in group.travellers)]
