"""What is known of a customer: `{"trait": "country", "op": "is", "value": "RW"}`."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _

from karibu.segments.conditions import operators, words
from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.faults import DefinitionError

LONGEST = 200


class Trait(Condition, frozen=True):
    KIND: ClassVar[str] = "trait"

    trait: str
    op: str
    value: Any = None

    def check(self, path: str) -> None:
        if not self.trait.strip() or len(self.trait) > LONGEST:
            raise DefinitionError(f"{path}.trait", _("Name the trait, in at most %(n)s characters.") % {"n": LONGEST})
        operators.check(self.op, self.value, path)

    def said(self, denied: bool, names: Names) -> str:
        about = {"trait": words.label(self.trait), "is": operators.said(self.op, self.value, denied)}
        return _("whose %(trait)s %(is)s") % about

    def needs(self) -> Needs:
        return Needs(columns=frozenset([self.trait]), dates=self.op in operators.CALENDAR)
