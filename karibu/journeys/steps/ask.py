"""Ask a colleague: the person stands here until somebody says yes or no, or until it is late."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import msgspec
from django.utils.translation import gettext as _

from karibu.journeys.steps.base import ANSWER, Group, Outcome, Step
from karibu.journeys.steps.branch import NO, YES
from karibu.journeys.steps.wait import Wait, spoken
from karibu.segments.faults import DefinitionError

LATE = "late"


class Ask(Step, forbid_unknown_fields=True):
    """`question` is what the colleague reads on the journey's list of people; actions.answer() writes their word."""

    KIND: ClassVar[str] = "ask"
    ICON: ClassVar[str] = "question"

    question: str
    within: Wait = msgspec.field(default_factory=lambda: Wait(days=30))

    def check(self, path: str) -> None:
        if not self.question.strip() or len(self.question) > 300:
            raise DefinitionError(f"{path}.question", _("Write the question, in at most 300 letters."))
        self.within.check(f"{path}.within")

    def sentence(self) -> str:
        words = {"question": self.question, "time": spoken(self.within)}
        return _("ask a colleague: “%(question)s”, and wait at most %(time)s") % words

    def ways(self) -> Sequence[str]:
        return (YES, NO, LATE)

    def way_names(self) -> Mapping[str, str]:
        return {YES: _("yes"), NO: _("no"), LATE: _("no answer")}

    def due(self, arrived: datetime) -> datetime:
        return self.within.due(arrived)

    def take(self, group: Group) -> Sequence[Outcome]:
        return [Outcome(way, way=way) for way in (t.context.get(ANSWER, LATE) for t in group.travellers)]
