"""What is known of a customer: `{"trait": "country", "op": "is", "value": "RW"}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from karibu.segments.conditions import operators, words
from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.faults import DefinitionError
from karibu.segments.operand import compared, negated
from karibu.segments.scope import every, some
from karibu.web import choices

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope

LONGEST = 200
_NAMES = {"country": choices.country, "language": choices.language}


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
        about = {"trait": words.label(self.trait), "is": operators.said(self.op, self._spoken(), denied)}
        return _("whose %(trait)s %(is)s") % about

    def _spoken(self) -> Any:
        """The value as people say it: a country or a language by its name, where it is compared as a whole."""
        name = _NAMES.get(self.trait) if self.op in (*operators.LISTS, "is", "is_not") else None
        if name is None:
            return self.value
        return [name(str(each)) for each in self.value] if self.op in operators.LISTS else name(str(self.value))

    def needs(self) -> Needs:
        return Needs(columns=frozenset([self.trait]), dates=self.op in operators.CALENDAR)

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        column = scope.trait(self.trait)
        if column is None:  # nobody has it
            return every([]) if denied != (self.op in operators.NEGATIVE) else some([])
        condition = compared(scope, column, self.op, self.value)
        return negated(condition) if denied else condition
