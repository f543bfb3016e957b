"""Two ways: who meets the condition goes one, everybody else the other. Any condition of a segment will do."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from karibu.journeys import among
from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.segments import words

YES, NO = "yes", "no"


class Branch(Step, forbid_unknown_fields=True, rename={"condition": "if"}):
    """`if` is a segment's definition. It is asked when somebody comes by, of what is known then."""

    KIND: ClassVar[str] = "branch"
    ICON: ClassVar[str] = "branch"

    condition: dict[str, Any]

    def check(self, path: str) -> None:
        among.check(self.condition, f"{path}.if")

    def sentence(self) -> str:
        said = words.sentence(self.condition).rstrip(".")
        return _("look whether they are among: %(who)s") % {"who": said}

    def ways(self) -> Sequence[str]:
        return (YES, NO)

    def way_names(self) -> Mapping[str, str]:
        return {YES: _("yes"), NO: _("no")}

    def take(self, group: Group) -> Sequence[Outcome]:
        inside = among.inside(self.condition, group)
        return [Outcome(way, way=way) for way in (YES if t.id in inside else NO for t in group.travellers)]
