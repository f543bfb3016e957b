"""How often and how much, compared with a number: also for those who never did it, whose amount is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karibu.segments import operand

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, NumericValue

    from karibu.segments.scope import Scope

OPPOSITES = {"is": "is_not", "is_not": "is", "gt": "lte", "lte": "gt", "gte": "lt", "lt": "gte", "between": "outside"}


def holds(op: str, value: Any, amount: float) -> bool:
    if op == "between":
        return bool(value[0] <= amount <= value[1])
    if op == "outside":
        return not holds("between", value, amount)
    order = {
        "is": amount == value,
        "is_not": amount != value,
        "gt": amount > value,
        "gte": amount >= value,
        "lt": amount < value,
        "lte": amount <= value,
    }
    return bool(order[op])


def holds_always(op: str, value: Any) -> bool:
    """Whether it holds however often one did it, if at all."""
    if op == "gte":
        return bool(value <= 1)
    if op == "gt":
        return bool(value < 1)
    return op == "is_not" and value == 0


def compared(scope: Scope, amount: NumericValue, op: str, value: Any) -> BooleanValue:
    """The same in an engine; `amount` is known."""
    if op == "outside":
        return ~operand.compared(scope, amount, "between", value)
    return operand.compared(scope, amount, op, value)
