"""What is measured of a person's events beside their number: sums, and how many different values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from karibu.segments import operand
from karibu.segments.conditions import where

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, NumericValue, Table, TimestampValue

    from karibu.segments.scope import Scope

AMOUNT = "decimal(18, 4)"  # what can be added up in any order with the same result


def times(happened: Any, counts: BooleanValue | None) -> NumericValue:
    """How many there are."""
    return happened.count(where=counts)


def first(happened: Any, counts: BooleanValue | None) -> TimestampValue:
    return happened.time.min(where=counts)


def last(happened: Any, counts: BooleanValue | None) -> TimestampValue:
    return happened.time.max(where=counts)


def summed(scope: Scope, name: str) -> Callable[[Any, BooleanValue | None], NumericValue]:
    """The sum of what events say of a property; what is no number adds nothing."""

    def total(happened: Any, counts: BooleanValue | None) -> NumericValue:
        said: Any = where.said(scope, happened, name)
        number = said if said.type().is_numeric() else _written(said)
        return number.sum(where=counts).fill_null(0)

    return total


def varieties(scope: Scope, happened: Table, name: str, listing: Sequence[str]) -> Table:
    """person and amount: how many different values there are, of items where an event of `listing` itself has none."""
    own: Any = where.said(scope, happened, name)
    is_text_of_another = name in where.OF_ITEMS and own.type() != happened["items"].type().value_type[name]
    # What an event says and nobody can read is none of its items' all the same.
    values = happened.select("person", what=_written(own) if is_text_of_another else own).filter(
        lambda t: t.what.notnull()
    )
    if listing:
        items = happened.filter([where.named(happened, listing), own.isnull(), happened["items"].notnull()])
        each = items.select("person", item=items["items"].unnest())
        values = values.union(each.select("person", what=each.item[name]).filter(lambda t: t.what.notnull()))
    # Engines count the rows of two plain groupings faster than what is different within one.
    return values.distinct().group_by("person").agg(amount=lambda t: t.count())


def _written(text: NumericValue) -> NumericValue:
    """The amount that a text writes."""
    import ibis

    number: NumericValue = ibis.cases((text.re_search(operand.NUMBER), text.try_cast(AMOUNT)))
    return number
