"""The end of a way: whoever comes here leaves the journey."""

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.journeys.steps.base import Group, Outcome, Step


class Leave(Step, forbid_unknown_fields=True):
    KIND: ClassVar[str] = "leave"
    ICON: ClassVar[str] = "check"

    because: str = ""

    def sentence(self) -> str:
        return _("leave the journey (%(why)s)") % {"why": self.because} if self.because else _("leave the journey")

    def take(self, group: Group) -> Sequence[Outcome]:
        return [Outcome(self.because or "the journey says so", leaves=True)] * len(group.travellers)
