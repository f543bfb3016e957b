"""DuckDB in this process, over the lake's files, the tail, and the mirror's files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from karibu.events import engine, snapshot
from karibu.segments import mirror
from karibu.segments.engines import Asked, Cancelled
from karibu.segments.scope import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb
    import pyarrow as pa

    from karibu.events.snapshot import Snapshot

T = TypeVar("T")
DIALECT: Dialect = "duckdb"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATIENCE = 100  # twentieths of a second until a question that was withdrawn is left to itself
MANY = 500  # customers for whom the whole tail is read: PostgreSQL would compare each of them with each in a block
FEW = 20  # customers of one file: more have it read from end to end


class Session:
    """`relations` are given with each statement, which is quicker than a view: {name: SQL}."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, now: datetime, relations: Mapping[str, str] | None = None
    ) -> None:
        self._cursor = cursor
        self._now = now
        self._has_clock = False
        given = [f"{name} AS NOT MATERIALIZED ({sql})" for name, sql in (relations or {}).items()]
        self._given = f"WITH {', '.join(given)} " if given else ""
        self._busy = threading.Lock()  # while a statement runs
        self._cancelled = False

    def table(self, sql: str) -> pa.Table:
        with self._until_cancelled():
            self._give_clock(sql)
            # A relation (cursor.sql) would have the engine plan the question twice, which costs more than the copy.
            asked = self._given + sql if self._given else engine.parsed(sql)
            return self._cursor.execute(asked).to_arrow_table()

    def plan(self, sql: str) -> str:
        with self._until_cancelled():
            self._give_clock(sql)
            asked = f"EXPLAIN {self._given}SELECT id FROM ({sql}) AS members"  # noqa: S608
            return "\n".join(text for _, text in self._cursor.execute(asked).fetchall())

    def keep(self, name: str, statements: Sequence[str]) -> None:
        with self._until_cancelled():
            self._cursor.execute(f"CREATE TEMP TABLE {name} AS {self._given} SELECT id FROM customers")  # noqa: S608
        for sql in statements:
            with self._until_cancelled():
                self._give_clock(sql)
                self._cursor.execute(f"CREATE TEMP TABLE next_{name} AS {self._given} FROM ({sql})")
                self._cursor.execute(f"DROP TABLE {name}; ALTER TABLE next_{name} RENAME TO {name}")

    def cancel(self) -> None:
        """Returns when the statement has ended. It is interrupted until then: an interrupt before it begins is lost."""
        self._cancelled = True
        for _ in range(PATIENCE):
            self._cursor.interrupt()
            if self._busy.acquire(timeout=0.05):
                self._busy.release()
                return

    def _give_clock(self, sql: str) -> None:
        """Defines the function that says how late it is, where it is asked: that takes half a millisecond."""
        if self._has_clock or "karibu_ago" not in sql.lower():
            return
        moment = (self._now - _EPOCH) // timedelta(microseconds=1)
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP MACRO karibu_ago(microseconds) AS make_timestamptz({moment} - microseconds)"
        )
        self._has_clock = True

    @contextmanager
    def _until_cancelled(self) -> Iterator[None]:
        import duckdb

        with self._busy:
            if self._cancelled:
                raise Cancelled
            try:
                yield
            except duckdb.InterruptException:
                raise Cancelled from None


def ask(asked: Asked, work: Callable[[Session], T]) -> T:
    """`work` over everybody, or over `asked.among`; again if files went away under it."""
    if asked.among is not None:
        family = mirror.family(asked.among if asked.events else ())
        ids = family["id"].to_pylist() if len(family) <= MANY else None  # which every block of the tail has some of
        return snapshot.read(lambda taken: _among(asked, family, taken, work), ids, asked.logged)
    if not asked.events:
        return mirror.read(lambda state: _over(asked, state, None, work), asked.customers)
    return mirror.read(
        lambda state: snapshot.read(lambda taken: _over(asked, state, taken, work), None, asked.logged),
        asked.customers,
    )


def _over(asked: Asked, state: mirror.State, taken: Snapshot | None, work: Callable[[Session], T]) -> T:
    with engine.cursor() as cursor:
        relations = {"customers": state.customers_sql(cursor)}
        if taken is not None:
            relations["events"] = _events(cursor, asked, state, taken)
        return work(Session(cursor, asked.now, relations))


def _events(cursor: duckdb.DuckDBPyConnection, asked: Asked, state: mirror.State, taken: Snapshot) -> str:
    """The log and who it is of today. Where nobody was merged, and nothing is of the future, it is the files as they
    are: each condition on their rows would be asked of all of them."""
    log, passed = f"({taken.source(cursor, asked.logged)}) AS log", f"WHERE true{_by_now(taken, asked.now)}"
    if not state.is_anybody_merged:
        return f"SELECT log.*, log.customer AS person FROM {log} {passed}"  # noqa: S608
    family = f"LEFT JOIN ({state.family_sql(cursor)}) AS family ON family.id = log.customer"
    return f"SELECT log.*, coalesce(family.person, log.customer) AS person FROM {log} {family} {passed}"  # noqa: S608


def _by_now(taken: Snapshot, now: datetime) -> str:
    """The condition that leaves out the future, where there is any."""
    import pyarrow.compute as pc

    latest = [file.times[1] for file in taken.files]
    if len(taken.tail):
        latest.append(pc.max(taken.tail["time"]).as_py())
    if all(moment <= now for moment in latest):
        return ""
    return f" AND log.time <= make_timestamptz({(now - _EPOCH) // timedelta(microseconds=1)})"


def _among(asked: Asked, family: pa.Table, taken: Snapshot, work: Callable[[Session], T]) -> T:
    """Few customers' history is read once, whatever is asked of it. Tables are quicker to ask often than views."""
    with engine.cursor() as cursor:
        cursor.register("columns_of_some", mirror.rows(asked.among or [], asked.customers))
        cursor.execute("CREATE TEMP TABLE customers AS FROM columns_of_some")
        if asked.events:
            _remember(cursor, asked, family, taken)
        return work(Session(cursor, asked.now))


def _remember(cursor: duckdb.DuckDBPyConnection, asked: Asked, family: pa.Table, taken: Snapshot) -> None:
    """The table `events` of these customers. Most whom a busy moment touches are new, and in the newest files alone:
    the few others shall not have every row of the old ones read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    many, rare, wanted = taken.parted(family["id"].to_pylist(), FEW)
    cursor.execute(f"CREATE TEMP TABLE events AS {_history(cursor, asked, family, many)}")
    if rare.files:
        some = family.filter(pc.is_in(family["id"], value_set=pa.array(wanted, pa.int64())))
        cursor.execute(f"INSERT INTO events {_history(cursor, asked, some, rare)}")


def _history(cursor: duckdb.DuckDBPyConnection, asked: Asked, family: pa.Table, taken: Snapshot) -> str:
    """What these customers did, as SQL."""
    cursor.register("family", family)
    columns = ", ".join(f"log.{name}" for name in sorted(asked.events - {"person"}))
    wanted = f" AND log.name IN ({', '.join(map(_quoted, sorted(asked.names)))})" if asked.names else ""
    return (
        f"SELECT family.person, {columns} FROM ({taken.source(cursor, asked.logged)}) AS log"  # noqa: S608
        f" JOIN family ON family.id = log.customer WHERE true{wanted}{_by_now(taken, asked.now)}"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
