"""The group that recency, frequency and monetary value make: `{"rfm": "champions"}`, or a list of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.segments.conditions import words
from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.faults import DefinitionError
from karibu.segments.operand import negated

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope

GROUPS = {
    "champions": gettext_lazy("champions"),
    "loyal": gettext_lazy("loyal"),
    "potential": gettext_lazy("potential loyalists"),
    "new": gettext_lazy("new"),
    "promising": gettext_lazy("promising"),
    "needs_attention": gettext_lazy("in need of attention"),
    "about_to_sleep": gettext_lazy("about to sleep"),
    "at_risk": gettext_lazy("at risk"),
    "cant_lose": gettext_lazy("not to be lost"),
    "hibernating": gettext_lazy("hibernating"),
    "lost": gettext_lazy("lost"),
}


class Rfm(Condition, frozen=True):
    KIND: ClassVar[str] = "rfm"

    rfm: str | list[str]

    @property
    def groups(self) -> list[str]:
        return [self.rfm] if isinstance(self.rfm, str) else self.rfm

    def check(self, path: str) -> None:
        unknown = [group for group in self.groups if group not in GROUPS]
        if unknown or not self.groups:
            words_ = {"groups": ", ".join(GROUPS)}
            raise DefinitionError(f"{path}.rfm", _("There are these groups: %(groups)s.") % words_)

    def said(self, denied: bool, names: Names) -> str:
        groups = words.either([str(GROUPS[group]) for group in self.groups])
        return (_("who are not %(groups)s") if denied else _("who are %(groups)s")) % {"groups": groups}

    def needs(self) -> Needs:
        return Needs(columns=frozenset(["rfm"]))

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        found = scope.customers.rfm.isin(self.groups)
        return negated(found) if denied else found
