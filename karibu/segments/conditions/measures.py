"""What is measured of a person's events beside their number: sums, and how many different values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from karibu.segments import operand
from karibu.segments.conditions import where

if TYPE_CHECKING:
    from ibis.expr.types import NumericValue, Table

    from karibu.segments.scope import Scope

AMOUNT = "decimal(18, 4)"  # what can be added up in any order with the same result


def summed(scope: Scope, happened: Table, name: str) -> Table:
    """person and amount: the sum of what these events say of a property; what is no number adds nothing."""
    said = where.said(scope, happened, name)
    number = said if said.type().is_numeric() else _written(said)
    return happened.select("person", what=number).group_by("person").agg(amount=lambda t: t.what.sum().fill_null(0))


def varieties(scope: Scope, happened: Table, name: str, listing: Sequence[str]) -> Table:
    """person and amount: how many different values there are, of items where an event of `listing` itself has none."""
    own = where.said(scope, happened, name)
    if name in where.OF_ITEMS and own.type() != happened["items"].type().value_type[name]:
        own = _written(own)
    values = happened.select("person", what=own).filter(lambda t: t.what.notnull())
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
