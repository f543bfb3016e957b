"""A definition that asks the log very often: its conditions on what happened are asked some at a time.

Of hundreds of questions in one statement the engine plans for half a minute, and keeps megabytes of room for each. So a
statement answers SOME of them, and writes the answers down as the bits of one more column of a table of the session's:
(id, g0, g1, …), a row for each customer. The definition is an expression over a row of the customers with these bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from karibu.segments import together
from karibu.segments.definition import Definition
from karibu.segments.scope import Fits, Happened, Measures, Scope

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

SOME = 8


@dataclass(frozen=True)
class Marked:
    """`sql` selects `id` once `statements` have written the columns of the table `name` (Session.keep), each of them
    from those before. `customers` and `events` are the columns that all of this reads."""

    name: str
    statements: tuple[str, ...]
    sql: str
    customers: frozenset[str]
    events: frozenset[str]


def marked(definition: Definition, scope: Scope) -> Marked:
    first = _Marking.of(scope)
    definition.tree.holds(first, denied=False)  # tells which questions there are
    name = f"marked_{definition.digest[:16]}"
    bits = [together.Column(f"f{i}", _bit(i), "boolean") for i in range(len(first.people))]
    second = _Marking.of(scope, [], bits)
    found = second.customers.select(found=definition.tree.holds(second, denied=False))
    [holds] = together.written(found)
    columns = "".join(f", {bit.sql} AS {bit.name}" for bit in bits)
    rows = f"SELECT c.*{columns} FROM customers c JOIN {name} m ON m.id = c.id"  # noqa: S608 - written by ibis
    return Marked(
        name,
        tuple(_statements(name, first.people)),
        f'SELECT "t0".id FROM ({rows}) AS "t0" WHERE {holds}',  # noqa: S608
        together.read(found, scope.customers),
        frozenset().union(*(together.read(people, scope.events) for people in first.people)),
    )


def _bit(number: int) -> str:
    return f"(m.g{number // SOME} >> {number % SOME}) & 1 = 1"


def _statements(name: str, people: Sequence[Table]) -> list[str]:
    import ibis

    statements = []
    for start in range(0, len(people), SOME):
        before = [f"g{i}" for i in range(start // SOME)]
        table = ibis.table({"id": "int64"} | dict.fromkeys(before, "uint8"), name=name)
        bits = [
            table.id.isin(some[0]).fill_null(False).cast("uint8") * 2**place
            for place, some in enumerate(people[start : start + SOME])
        ]
        column = sum(bits[1:], bits[0]).cast("uint8").name(f"g{start // SOME}")
        statements.append(together.printed(table.select("id", *before, column)))
    return statements


@dataclass(frozen=True)
class _Marking(together.Gathering):
    """Every condition on what happened is a question whom it is true of."""

    def measured(self, happened: Happened, measures: Measures, fits: Fits, denied: bool) -> BooleanValue:
        # Who answers is known from the first time on, and to write it again takes milliseconds.
        wanted = {} if self.apart else measures
        return Scope.measured(self, happened, wanted, fits, denied)
