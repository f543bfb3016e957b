"""Many definitions asked of a few customers at once: by one walk over what they did.

A condition on what happened is a measure of a person's events (how often, how much, when first and last), and what must
be true of it. For everybody each definition is a question of its own (compile.py), which reads little of the log and is
spread over files. For a few customers whose history is at hand, hundreds of such questions are mostly the engine's
getting ready; here all measures are columns of one grouping, and each definition is an expression over a row.

What cannot be said so (three steps in order, how many different values) is asked alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pyarrow as pa

from karibu.segments.definition import Definition
from karibu.segments.scope import Fits, Happened, Measure, Measures, Scope, every

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, IntegerColumn, Table, Value

    from karibu.segments.compile import Compiled
    from karibu.segments.engines import Session

AT_ONCE, UNITED = 200, 50  # definitions in one question, as expressions and as questions of their own
PAIRS = pa.schema([("segment_id", pa.int64()), ("customer_id", pa.int64())])
T = TypeVar("T")


@dataclass(frozen=True)
class Gathered:
    """`holds`: SQL over a row "t0" of the customers with the columns `measures`, each of them SQL over events "t0".

    `customers` and `events` are the columns that it reads.
    """

    measures: Mapping[str, str]
    holds: str
    customers: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()

    @property
    def length(self) -> int:
        """Characters of its SQL."""
        return len(self.holds) + sum(map(len, self.measures.values()))


class Alone(Exception):
    """Something has to be asked by a question of its own."""


def gathered(definition: Definition, scope: Scope) -> Gathered | None:
    """The definition as an expression; None where it has to be asked alone."""
    try:
        first = _Gathering.of(scope, [])
        definition.tree.holds(first, denied=False)  # tells which measures there are
        second = _Gathering.of(scope, first.measures)
        holds = definition.tree.holds(second, denied=False)
        found = second.customers.select(found=holds)
        measures = {one.name: one.sql for one in first.measures}
        logged = frozenset().union(*(one.reads for one in first.measures))
        return Gathered(measures, _written(found), read(found, scope.customers), logged)
    except Alone:
        return None


def of_everybody(one: Gathered, names: Collection[str] | None) -> str:
    """SQL for the ids of all whom the definition means. `names`: the events that it asks for; None: of any name."""
    measured = _measured([one], names)
    return f'SELECT "t0".id FROM {measured} AS "t0" WHERE {one.holds}'  # noqa: S608 - written by ibis


def read(table: Table, relation: Table) -> frozenset[str]:
    """Which columns of that relation the expression may read: those that are called so."""
    from ibis.expr import operations

    fields: Collection[operations.Field] = table.op().find(operations.Field)
    return frozenset(field.name for field in fields) & frozenset(relation.columns)


def members(session: Session, questions: Mapping[int, Compiled]) -> pa.Table:
    """Who of the session's customers is in which: PAIRS."""
    together = {number: one.gathered for number, one in questions.items() if one.gathered}
    rest = {number: one.sql for number, one in questions.items() if not one.gathered}
    found = [_expressed(session, some) for some in _batched(together, AT_ONCE)]
    return pa.concat_tables([PAIRS.empty_table(), *found, *(united(session, some) for some in _batched(rest, UNITED))])


def united(session: Session, questions: Mapping[int, str]) -> pa.Table:
    """The same, by whole questions (Compiled.sql)."""
    parts = [
        f"SELECT CAST({number} AS BIGINT) AS segment_id, id AS customer_id FROM ({sql}) AS s{number}"  # noqa: S608
        for number, sql in questions.items()
    ]
    return session.table(" UNION ALL ".join(parts)).cast(PAIRS)


def _batched(questions: Mapping[int, T], size: int) -> list[dict[int, T]]:
    listed = list(questions.items())
    return [dict(listed[start : start + size]) for start in range(0, len(listed), size)]


def _expressed(session: Session, questions: Mapping[int, Gathered]) -> pa.Table:
    holds = "".join(f", {each.holds} AS s{number}" for number, each in questions.items())
    table = session.table(f'SELECT "t0".id{holds} FROM {_measured(questions.values())} AS "t0"')  # noqa: S608
    parts = [table["id"].filter(table[f"s{number}"]) for number in questions]
    segments = [pa.repeat(pa.scalar(n, pa.int64()), len(part)) for n, part in zip(questions, parts, strict=True)]
    ids = [chunk for part in parts for chunk in part.chunks]
    return pa.table([pa.chunked_array(segments, pa.int64()), pa.chunked_array(ids, pa.int64())], PAIRS).combine_chunks()


def _measured(questions: Iterable[Gathered], names: Collection[str] | None = None) -> str:
    """The customers with all measures that are asked for, as SQL; with `names`, of these events."""
    measures = {name: sql for each in questions for name, sql in each.measures.items()}
    if not measures:
        return "customers"
    listed = ", ".join(f"{sql} AS {name}" for name, sql in measures.items())
    quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in sorted(names or ()))
    named = f'WHERE "t0".name IN ({quoted}) ' if names else ""
    measured = f'SELECT "t0".person, {listed} FROM events AS "t0" {named}GROUP BY 1'  # noqa: S608
    return f"(SELECT c.*, m.* EXCLUDE (person) FROM customers c LEFT JOIN ({measured}) m ON m.person = c.id)"  # noqa: S608


class _Measure(NamedTuple):
    """A column, the SQL that gives it over events "t0", its type, and the columns of events that it reads."""

    name: str
    sql: str
    kind: Any
    reads: frozenset[str]


@dataclass(frozen=True)
class _Gathering(Scope):
    """A scope whose customers have a column for each of the `known` measures, which come in this order; where none is
    known, it finds out which there are."""

    known: Sequence[_Measure] = ()
    measures: list[_Measure] = field(default_factory=list)

    @staticmethod
    def of(scope: Scope, known: Sequence[_Measure]) -> _Gathering:
        columns = {**scope.columns, **{one.name: one.kind for one in known}}
        return _Gathering(scope.dialect, columns, scope.traits, scope.zone, scope.today, known)

    def among(self, people: IntegerColumn, denied: bool) -> BooleanValue:
        raise Alone

    def measured(self, happened: Happened, measures: Measures, fits: Fits, denied: bool) -> BooleanValue:
        counts = cache(lambda: every(happened.conditions))
        events = _Flagged(self.events, happened.flags)
        often = self._column(lambda: self.events.count(where=counts()))
        columns = {name: self._column(partial(_of_some, measure, events, counts)) for name, measure in measures.items()}
        held = every([often > 0, *(fits(_Columns(columns)) if columns else ())]).fill_null(False)
        return ~held if denied else held

    def _column(self, measure: Callable[[], Value]) -> Any:
        """The column of the customers that has this measure of their events."""
        import ibis

        if self.known:
            self.measures.append(self.known[len(self.measures)])
            return self.customers[self.measures[-1].name]
        value = measure()
        found = self.events.aggregate(found=value)
        sql = _written(found)
        name = "m" + hashlib.sha256(sql.encode()).hexdigest()[:24]
        self.measures.append(_Measure(name, sql, value.type(), read(found, self.events) | {"person"}))
        return ibis.null(value.type())


def _of_some(measure: Measure, events: Any, counts: Callable[[], BooleanValue]) -> Value:
    return measure(events, counts())


@dataclass(frozen=True)
class _Flagged:
    """The log's columns, and flags, which are conditions on its rows."""

    events: Table
    flags: Mapping[str, BooleanValue]

    def __getitem__(self, name: str) -> Value:
        return self.flags[name] if name in self.flags else self.events[name]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.events, name)


class _Columns(dict[str, Any]):
    def __getattr__(self, name: str) -> Any:
        return self[name]


def _written(one: Table) -> str:
    """The SQL of the only column of a selection from one table, which is called "t0" in it."""
    from sqlglot import expressions

    from karibu.segments.compile import compiler

    selection = compiler("duckdb").to_sqlglot(one)
    source = selection.args.get("from_") or selection.args.get("from")
    if selection.find(expressions.Subquery) or selection.args.get("with_") or not source or source.this.alias != "t0":
        raise Alone
    sql: str = selection.expressions[0].this.transform(unfiltered).sql(dialect="duckdb")
    return sql


def unfiltered(node: Any) -> Any:
    """An aggregate of some rows as one of all, to which the others give nothing: DuckDB needs half the time for it."""
    from sqlglot import expressions

    if not isinstance(node, expressions.Filter):
        return node
    aggregate, counts = node.this, node.expression.this
    if isinstance(aggregate, expressions.Count) and isinstance(aggregate.this, expressions.Star):
        return expressions.CountIf(this=counts)
    if not isinstance(aggregate, expressions.Min | expressions.Max | expressions.Sum):
        return node
    aggregate.set("this", expressions.Case().when(counts, aggregate.this))
    return aggregate
