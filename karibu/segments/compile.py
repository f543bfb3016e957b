"""From a definition to SQL: one expression, printed for the engine that is asked.

The SQL speaks of what every engine is given:

    customers(id, …)      a row for each listed customer; the mirror's columns
    events(person, …)     the log's columns and who the customer is today, NULL for nobody; what has happened by now
    karibu_ago(µs)        the moment so long before now
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from karibu.events import schema
from karibu.segments import marks, together
from karibu.segments.conditions.combined import AllOf, leaves
from karibu.segments.definition import Definition
from karibu.segments.marks import Marked
from karibu.segments.scope import Dialect, Scope
from karibu.segments.together import Gathered

if TYPE_CHECKING:
    from ibis.expr.types import Table

REMEMBERED = 2_000  # compiled definitions
ROOM = 64 * 2**20  # characters of their SQL: each preview of a long definition is one more
MANY = 20  # conditions on what people did


@dataclass(frozen=True)
class Compiled:
    """`sql` selects `id`, in no order. The columns are those it reads; no events: the log is not needed.

    `marks`: what has to be kept before (Session.keep). `gathered` is the same as it is asked together with others, of
    a few; None where it was not wanted or cannot be.
    """

    sql: str
    customers: frozenset[str]
    events: frozenset[str]
    gathered: Gathered | None = None
    marks: Marked | None = None

    @property
    def length(self) -> int:
        return len(self.statements)

    @property
    def statements(self) -> str:
        """All that is asked."""
        return ";\n\n".join([*(self.marks.statements if self.marks else ()), self.sql])


@dataclass(frozen=True)
class Ground:
    """What beside the definition decides on the SQL: columns of the mirror (ibis types), and the shop's day."""

    columns: Mapping[str, str]
    zone: ZoneInfo
    today: date


def sql(
    definition: Definition, dialect: Dialect, ground: Ground, traits: Mapping[str, str], *, of_a_few: bool = False
) -> Compiled:
    """`traits`: the columns of those traits of definition.needs.columns that somebody has.

    `of_a_few`: many definitions will be asked of a few customers at once, so `gathered` is wanted; of a long definition
    nothing else.
    """
    day = ground.today if definition.needs.dates else None
    columns = tuple(sorted((trait, column, ground.columns[column]) for trait, column in traits.items()))
    predictions = tuple(sorted(name for name in definition.needs.columns if name in ground.columns))
    key = (definition.digest, dialect, ground.zone.key, schema.latest_step(), day, columns, predictions)
    scope = Scope(dialect, ground.columns, traits, ground.zone, ground.today)
    gathered = _once(_gathered, key, lambda: together.gathered(definition, scope)) if of_a_few else None
    if gathered and _asks_often(definition):
        return Compiled("", gathered.customers, gathered.events, gathered)
    return replace(_once(_known, key, lambda: _compiled(definition, scope)), gathered=gathered)


Key = tuple[object, ...]
T = TypeVar("T", Compiled, Gathered | None)
_known: dict[Key, Compiled] = {}
_gathered: dict[Key, Gathered | None] = {}
_lock = threading.Lock()


def _once(known: dict[Key, T], key: Key, make: Callable[[], T]) -> T:
    """What `make` makes, as long as it is remembered."""
    with _lock:
        if key in known:
            return known[key]
    made = make()
    with _lock:
        if len(known) >= REMEMBERED or sum(one.length for one in known.values() if one is not None) > ROOM:
            known.clear()
        known[key] = made
    return made


def _compiled(definition: Definition, scope: Scope) -> Compiled:
    if scope.dialect == "duckdb" and _asks_often(definition):
        found = marks.marked(definition, scope)
        return Compiled(found.sql, found.customers, found.events, marks=found)
    members = _members(definition, scope)
    sql = _printed(members, scope.dialect)
    asks_log = bool(members.op().find(lambda node: node == scope.events.op()))
    logged = together.read(members, scope.events) if asks_log else frozenset()
    return Compiled(sql, together.read(members, scope.customers), logged)


def _asks_often(definition: Definition) -> bool:
    """Whether it asks the log so many questions that the engine would take longer to plan them than to answer, or more
    memory than it has."""
    asking = [leaf for leaf in leaves(definition.tree) if leaf.needs().events != frozenset()]
    return len(asking) > MANY


def _members(definition: Definition, scope: Scope) -> Table:
    """Conditions that must all hold stand side by side, so that engines may take the cheapest first."""
    tree = definition.tree
    parts = tree.parts if isinstance(tree, AllOf) else (tree,)
    holds = [part.holds(scope, denied=False) for part in parts]
    return (scope.customers.filter(holds) if holds else scope.customers).select("id")


def _printed(table: Table, dialect: Dialect) -> str:
    printer = compiler("duckdb") if dialect == "duckdb" else _of_spark()
    written = printer.to_sqlglot(table)
    if dialect == "duckdb":
        written = written.transform(together.unfiltered)
    return str(written.sql(dialect=printer.dialect, pretty=True))


def compiler(engine: str) -> Any:
    """ibis' compiler for one engine. Its package would import those of twenty others, half a second of the first
    question: while ours is imported, an empty one stands in its place."""
    package = "ibis.backends.sql.compilers"
    with _lock:
        if package not in sys.modules:
            import ibis.backends.sql as parent

            sys.modules[package] = stand_in = ModuleType(package)
            stand_in.__path__ = [f"{path}/compilers" for path in parent.__path__]
            try:
                return import_module(f"{package}.{engine}").compiler
            finally:
                del sys.modules[package]
        return import_module(f"{package}.{engine}").compiler


def _of_spark() -> Any:
    """ibis' compiler reads an option of its backend for Spark, which would need pandas."""
    from ibis import config

    class Options(config.Config):  # type: ignore[misc]
        treat_nan_as_null: bool = False

    if config.options.pyspark is None:
        config.options.pyspark = Options()
    return compiler("pyspark")
