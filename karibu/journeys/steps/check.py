"""Two ways by what the run knows: a property of the event that brought the person in, or what a step has learnt."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from karibu.journeys.events import Condition, compared
from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.journeys.steps.branch import NO, YES
from karibu.segments.faults import DefinitionError


class Check(Step, forbid_unknown_fields=True):
    """Unknown and incomparable values go the way “no” (except for the operators that ask for just that)."""

    KIND: ClassVar[str] = "check"
    ICON: ClassVar[str] = "branch"

    entry: Condition

    def check(self, path: str) -> None:
        if not self.entry.property:
            raise DefinitionError(f"{path}.entry.property", _("Name what to look at."))

    def sentence(self) -> str:
        return _("look at what brought them in: %(condition)s") % {"condition": self.entry.sentence()}

    def ways(self) -> Sequence[str]:
        return (YES, NO)

    def way_names(self) -> Mapping[str, str]:
        return {YES: _("yes"), NO: _("no")}

    def take(self, group: Group) -> Sequence[Outcome]:
        held = (compared(self.entry, known(t.context, self.entry.property)) for t in group.travellers)
        yes, no = Outcome(YES, way=YES), Outcome(NO, way=NO)
        return [yes if holds else no for holds in held]


def known(context: Mapping[str, Any], name: str) -> Any:
    """What the run knows under that name; `reply.tier` is a part of what a program answered."""
    if name in context:
        return context[name]
    whole, _dot, part = name.partition(".")
    inside = context.get(whole)
    return inside.get(part) if isinstance(inside, Mapping) else None
