"""What is likely: `{"prediction": "churn", "op": "gte", "value": 0.7}`. Upper apps register the columns `p_<name>`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from karibu.segments.conditions import operators, words
from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.faults import DefinitionError
from karibu.segments.operand import compared, negated
from karibu.segments.scope import unknown

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope

OPS = (*operators.NUMBERS, "between", "is", "is_not", *operators.PRESENCE)


class Prediction(Condition, frozen=True):
    """A prediction that nobody registered is unknown: neither this nor its denial holds for anybody."""

    KIND: ClassVar[str] = "prediction"

    prediction: str
    op: str
    value: Any = None

    @property
    def column(self) -> str:
        return f"p_{self.prediction}"

    def check(self, path: str) -> None:
        if not re.fullmatch("[a-z][a-z0-9_]{0,49}", self.prediction):
            raise DefinitionError(f"{path}.prediction", _("Expected the name of a prediction."))
        operators.check(self.op, self.value, path, OPS)
        ends = self.value if isinstance(self.value, list) else [self.value]
        if self.op not in operators.PRESENCE and not all(map(operators.is_number, ends)):
            raise DefinitionError(f"{path}.value", _("Expected a number."))

    def said(self, denied: bool, names: Names) -> str:
        is_ = operators.said(self.op, self.value, denied)
        return _("whose predicted %(what)s %(is)s") % {"what": words.label(self.prediction), "is": is_}

    def needs(self) -> Needs:
        return Needs(columns=frozenset([self.column]))

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        if self.column not in scope.columns:
            return unknown()
        condition = compared(scope, scope.customers[self.column], self.op, self.value)
        return negated(condition) if denied else condition
