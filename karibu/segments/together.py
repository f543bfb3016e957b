"""Many definitions asked of a few customers at once: by one walk over what they did.

A condition on what happened is a measure of a person's events (how often, how much, when first and last), and what must
be true of it. For everybody each definition is a question of its own (compile.py), which reads little of the log and is
spread over files. For a few customers whose history is at hand, hundreds of such questions are mostly the engine's
getting ready; here all measures are columns of one grouping, and each definition is an expression over a row.

What cannot be said so (three steps in order, how many different values) is a question of its own all the same, and
whom it finds is one more column: a person is among them or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import pyarrow as pa

from karibu.segments.definition import Definition
from karibu.segments.scope import Fits, Happened, Measure, Measures, People, Scope, every

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table, Value

    from karibu.segments.compile import Compiled
    from karibu.segments.engines import Session

AT_ONCE, UNITED = 200, 50  # definitions in one question: as expressions, and with questions of their own
PAIRS = pa.schema([("segment_id", pa.int64()), ("customer_id", pa.int64())])
NOTHING: frozenset[str] = frozenset()
T = TypeVar("T")


@dataclass(frozen=True)
class Gathered:
    """`holds`: SQL over a row "t0" of the customers with the columns `measures`, each of them SQL over events "t0", and
    the columns `apart`: whether a person is among whom this SQL finds.

    `customers` and `events` are the columns that it reads.
    """

    measures: Mapping[str, str]
    apart: Mapping[str, str]
    holds: str
    customers: frozenset[str] = NOTHING
    events: frozenset[str] = NOTHING

    @property
    def length(self) -> int:
        """Characters of its SQL."""
        return len(self.holds) + sum(map(len, (*self.measures.values(), *self.apart.values())))


class Alone(Exception):
    """Something has to be asked by a question of its own."""


def gathered(definition: Definition, scope: Scope) -> Gathered | None:
    """The definition as an expression; None where it has to be asked alone."""
    try:
        first = Gathering.of(scope)
        definition.tree.holds(first, denied=False)  # tells which measures there are
        known, logged = _measures(scope.events, first.values)
        apart = [Column.of("f", str(printed(people)), "boolean") for people in first.people]
        second = Gathering.of(scope, known, apart)
        found = second.customers.select(found=definition.tree.holds(second, denied=False))
        [holds] = written(found)
        logged = logged.union(*(read(people, scope.events) for people in first.people))
        return Gathered(_named(known), _named(apart), holds, read(found, scope.customers), logged)
    except Alone:
        return None


def _named(columns: Iterable[Column]) -> dict[str, str]:
    return {one.name: one.sql for one in columns}


def _measures(events: Table, values: Sequence[Value]) -> tuple[list[Column], frozenset[str]]:
    """Those values as columns, and which columns of the log they read. All are printed at once: each time, ibis takes
    some milliseconds to begin."""
    if not values:
        return [], NOTHING
    unlike = list(dict.fromkeys(value.op() for value in values))
    table = events.aggregate([op.to_expr().name(f"m{i}") for i, op in enumerate(unlike)])
    sqls = dict(zip(unlike, written(table), strict=True))
    return [Column.of("m", sqls[value.op()], value.type()) for value in values], read(table, events) | {"person"}


def read(table: Table, relation: Table) -> frozenset[str]:
    """Which columns of that relation the expression may read: those that are called so."""
    from ibis.expr import operations

    fields: Collection[operations.Field] = table.op().find(operations.Field)
    return frozenset(field.name for field in fields) & frozenset(relation.columns)


def members(session: Session, questions: Mapping[int, Compiled]) -> pa.Table:
    """Who of the session's customers is in which: PAIRS."""
    together = {number: one.gathered for number, one in questions.items() if one.gathered}
    partly = {number: one for number, one in together.items() if one.apart}
    wholly = {number: one for number, one in together.items() if not one.apart}
    rest = {number: one.sql for number, one in questions.items() if not one.gathered}
    found = [_expressed(session, some) for some in (*_batched(wholly, AT_ONCE), *_batched(partly, UNITED))]
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


def _measured(questions: Iterable[Gathered]) -> str:
    """The customers with all columns that are asked for, as SQL."""
    measures = {name: sql for each in questions for name, sql in each.measures.items()}
    apart = {name: sql for each in questions for name, sql in each.apart.items()}
    joined = [_walked(measures)] if measures else []
    joined += [_found(apart)] if apart else []
    if not joined:
        return "customers"
    columns = "".join(f", j{i}.* EXCLUDE (person)" for i in range(len(joined)))
    joins = "".join(f" LEFT JOIN ({sql}) j{i} ON j{i}.person = c.id" for i, sql in enumerate(joined))
    return f"(SELECT c.*{columns} FROM customers c{joins})"  # noqa: S608


def _walked(measures: Mapping[str, str]) -> str:
    """person and measures, by one walk over what they did."""
    listed = ", ".join(f"{sql} AS {name}" for name, sql in measures.items())
    return f'SELECT "t0".person, {listed} FROM events AS "t0" GROUP BY 1'  # noqa: S608


def _found(apart: Mapping[str, str]) -> str:
    """person, and among whom they are."""
    listed = ", ".join(f"bool_or(which = '{name}') AS {name}" for name in apart)
    parts = (f"SELECT '{name}' AS which, person FROM ({sql}) q(person)" for name, sql in apart.items())  # noqa: S608
    return f"SELECT person, {listed} FROM ({' UNION ALL '.join(parts)}) GROUP BY 1"  # noqa: S608


class Column(NamedTuple):
    """Its name, the SQL that gives it, and its type."""

    name: str
    sql: str
    kind: Any

    @staticmethod
    def of(letter: str, sql: str, kind: Any) -> Column:
        """The same name wherever the same is asked."""
        return Column(letter + hashlib.sha256(sql.encode()).hexdigest()[:24], sql, kind)


@dataclass(frozen=True)
class Gathering(Scope):
    """A scope whose customers have a column for each of the measures and of the questions `apart`, which come in this
    order. Where none is given, it finds out which there are: `values` of events, and tables of `people`."""

    measures: Iterator[Column] | None = None
    apart: Iterator[Column] | None = None
    values: list[Value] = field(default_factory=list)
    people: list[Table] = field(default_factory=list)

    @classmethod
    def of(cls, scope: Scope, measures: Sequence[Column] | None = None, apart: Sequence[Column] = ()) -> Self:
        columns = {**scope.columns, **{one.name: one.kind for one in (*(measures or ()), *apart)}}
        given = (None, None) if measures is None else (iter(measures), iter(apart))
        return cls(scope.dialect, columns, scope.traits, scope.zone, scope.today, *given)

    def among(self, people: People, denied: bool) -> BooleanValue:
        import ibis

        if self.apart:
            found: BooleanValue = self.customers[next(self.apart).name].fill_null(False)
            return ~found if denied else found
        self.people.append(people().as_table())
        return ibis.null("boolean")

    def measured(self, happened: Happened, measures: Measures, fits: Fits, denied: bool) -> BooleanValue:
        counts = cache(lambda: every(happened.conditions))
        events = _Flagged(self.events, happened.flags)
        columns = {name: self._column(partial(_of_some, measure, events, counts)) for name, measure in measures.items()}
        # A number of nothing is 0, and may fit; a moment of nothing is none.
        moments = columns and not any(column.type().is_numeric() for column in columns.values())
        often = [] if moments else [self._column(lambda: self.events.count(where=counts())) > 0]
        held = every([*often, *(fits(_Columns(columns)) if columns else ())]).fill_null(False)
        return ~held if denied else held

    def _column(self, measure: Callable[[], Value]) -> Any:
        """The column of the customers that has this measure of their events."""
        import ibis

        if self.measures:
            return self.customers[next(self.measures).name]
        self.values.append(value := measure())
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


def written(one: Table) -> list[str]:
    """The SQL of each column of a selection from one table, which is called "t0" in it."""
    from sqlglot import expressions

    from karibu.segments.compile import compiler

    selection = compiler("duckdb").to_sqlglot(one)
    source = selection.args.get("from_") or selection.args.get("from")
    if selection.find(expressions.Subquery) or selection.args.get("with_") or not source or source.this.alias != "t0":
        raise Alone
    columns = (column.this.transform(unfiltered, copy=False) for column in selection.expressions)
    return [column.sql(dialect="duckdb", copy=False) for column in columns]


def printed(table: Table) -> Any:
    """A whole question as SQL."""
    from karibu.segments.compile import compiler

    return compiler("duckdb").to_sqlglot(table).transform(unfiltered, copy=False).sql(dialect="duckdb", copy=False)


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
