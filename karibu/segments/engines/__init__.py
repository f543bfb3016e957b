"""Engines that can be asked. Each is a module with the same slots:

    DIALECT              which SQL it speaks (compile.py)
    ask(asked, work)     `work` on a Session whose relations are those of compile.py, as of asked.now

`KARIBU_ENGINE` chooses: `duckdb`, in this process, or a Spark cluster's master, `spark://host:7077`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from django.conf import settings

from karibu.segments.scope import Dialect

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What the relations must have. No `events`: nobody reads the log.

    `among`: only these customers and what they did; `names`: only events of these names (None: of all).
    """

    now: datetime
    customers: frozenset[str]
    events: frozenset[str]
    among: Collection[int] | None = None
    names: frozenset[str] | None = None

    @property
    def logged(self) -> frozenset[str]:
        """The columns of the log that are read for it; who an event is of today is in none."""
        return frozenset({"customer", "name", "time", *self.events} - {"person"})


class Session(Protocol):
    """One use of an engine, by one thread; cancel() may come from any."""

    def table(self, sql: str) -> pa.Table: ...

    def plan(self, sql: str) -> str: ...

    def keep(self, name: str, statements: Sequence[str]) -> None:
        """Makes a table of that name with the `id` of each customer, and then what each statement selects of it in its
        place. Only asked of DuckDB (marks.py)."""
        ...

    def cancel(self) -> None: ...


class Cancelled(Exception):
    """The question was withdrawn while it was being answered."""


class Engine(Protocol):
    DIALECT: Dialect

    def ask(self, asked: Asked, work: Callable[[Session], T]) -> T: ...


def chosen() -> Engine:
    """The engine that KARIBU_ENGINE names. Raises ValueError for one that there is not."""
    name: str = settings.KARIBU_ENGINE
    if name == "duckdb":
        return embedded()
    if name.startswith("spark://"):
        from karibu.segments.engines import spark

        return cast(Engine, spark)
    raise ValueError(f"KARIBU_ENGINE is {name!r}; it can be duckdb or spark://host:port")


def embedded() -> Engine:
    """DuckDB, also where a cluster answers the large questions."""
    from karibu.segments.engines import duckdb

    return cast(Engine, duckdb)
