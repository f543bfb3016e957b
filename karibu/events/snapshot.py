"""The exact log at one moment: the lake's confirmed version and the tail's blocks, read in ONE SQL statement.

Because a flush drops its blocks in the transaction that confirms their Delta version, any snapshot holds
every event once. A snapshot stays readable until its files are vacuumed; log.py then takes a fresh one.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection

from karibu.events.blocks import Blocks

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from karibu.events import lake


class OldVersion(LookupError):
    """The lake no longer knows the version that was confirmed when we looked."""


T = TypeVar("T")
TRIES = 4

_READ = """
    SELECT lake.version, block.id,
           CASE WHEN block.id = ANY(%(known)s::bigint[]) THEN NULL ELSE block.ipc END
    FROM (SELECT coalesce(max(version), -1) AS version FROM events_lake) AS lake
    LEFT JOIN events_tailblock AS block
        ON (%(customers)s::bigint[] IS NULL OR block.customers && %(customers)s::bigint[])
    ORDER BY block.id
"""


@dataclass(frozen=True)
class Snapshot:
    """`tail` has the columns of schema.schema(), or those that were asked for; `files` are the lake's, those of the
    newest month last."""

    version: int
    files: Sequence[lake.DataFile]
    tail: pa.Table

    def narrowed(
        self,
        *,
        customers: Collection[int] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Snapshot:
        """Without the files that hold nothing of these customers, or nothing in since ≤ time < until."""
        ids = None if customers is None else sorted(customers)
        kept = [file for file in self.files if _may_hold(file, ids, since, until)]
        return Snapshot(self.version, kept, self.tail)

    def parted(self, customers: Collection[int], few: int) -> tuple[Snapshot, Snapshot, list[int]]:
        """The files that may hold many of these customers, and the tail; those that may hold up to `few`, and these.

        Asked for alone, a few customers are quickly found in files that are in their order.
        """
        ids = sorted(customers)
        many: list[lake.DataFile] = []
        rare: list[lake.DataFile] = []
        wanted: set[int] = set()
        for file in self.files:
            theirs = _among(file, ids)
            if len(theirs) > few:
                many.append(file)
            elif theirs:
                rare.append(file)
                wanted.update(theirs)
        return Snapshot(self.version, many, self.tail), Snapshot(self.version, rare, self.tail[:0]), sorted(wanted)

    def attach(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Gives `cursor` the view `events`: the lake's columns, tail and files as one."""
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW events AS {self.source(cursor)}")

    def source(self, cursor: duckdb.DuckDBPyConnection, columns: Collection[str] = ()) -> str:
        """The same as SQL for a WITH clause, which is quicker for one short query of `cursor`; or only these columns:
        the engine looks at each that it is given for a while."""
        from karibu.events import lake, schema

        parts, listed = [], ", ".join(sorted(columns))
        if len(self.tail) or not self.files:
            cursor.register("tail", self.tail)
            everything = "*, strftime(time, '%Y-%m') AS month"
            parts.append(f"SELECT {listed or everything} FROM tail")  # noqa: S608
        if self.files and lake.is_local():
            root = str(Path(lake.url()))
            names = ", ".join(_quoted(f"{root}/{file.path}") for file in self.files)
            options = "hive_partitioning = true, hive_types = {'month': VARCHAR}"
            if schema.latest_step() > 1:  # files from before a step lack its columns
                options += ", union_by_name = true"
            parts.append(f"SELECT {listed or '*'} FROM read_parquet([{names}], {options})")  # noqa: S608
        elif self.files:
            cursor.register("files", _dataset(self.files))
            parts.append(f"SELECT {listed or '*'} FROM files")  # noqa: S608
        return " UNION ALL BY NAME ".join(parts)


def read(
    work: Callable[[Snapshot], T], customers: Collection[int] | None = None, columns: frozenset[str] | None = None
) -> T:
    """`work` on a snapshot; on a fresh one if files or versions went away under it (an erasure leaves none behind)."""
    import duckdb

    for _ in range(TRIES - 1):
        try:
            return work(take(customers, columns))
        except (duckdb.IOException, FileNotFoundError, OldVersion):
            _versions.forget()
    return work(take(customers, columns))


def take(customers: Collection[int] | None = None, columns: frozenset[str] | None = None) -> Snapshot:
    """The log as of now. With `customers`, only the tail's blocks in which one of them is; with `columns` (of which
    `time` must be one), only these of the tail."""
    from karibu.events import schema, tail

    names = [name for name in schema.schema().names if columns is None or name in columns]
    known = _blocks.having(names)
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"known": list(known), "customers": None if customers is None else list(customers)})
        rows = cursor.fetchall()
    version, oldest = int(rows[0][0]), rows[0][1]
    blocks = [
        known[id_] if ipc is None else _blocks.unpacked(id_, ipc, names, oldest)
        for _, id_, ipc in rows
        if id_ is not None
    ]
    return Snapshot(version, _versions.files(version), tail.concatenated(blocks, columns))


def _may_hold(
    file: lake.DataFile, customers: Sequence[int] | None, since: datetime | None, until: datetime | None
) -> bool:
    """`customers` in order."""
    if (since and file.times[1] < since) or (until and file.times[0] >= until):
        return False
    return customers is None or bool(_among(file, customers))


def _among(file: lake.DataFile, customers: Sequence[int]) -> Sequence[int]:
    """Those in the file's range of customers."""
    least, most = file.customers or (1, 0)
    return customers[bisect_left(customers, least) : bisect_right(customers, most)]


def _dataset(files: Sequence[lake.DataFile]) -> Any:
    """Those files as a pyarrow dataset, for lakes that DuckDB alone cannot read."""
    from pyarrow import dataset
    from pyarrow import schema as fields

    from karibu.events import lake, schema

    partitioning = dataset.partitioning(fields([schema.PARTITION]), flavor="hive")
    paths = [file.path for file in files]
    columns = schema.schema().append(schema.PARTITION)
    return dataset.dataset(paths, columns, "parquet", filesystem=lake.filesystem(), partitioning=partitioning)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class _Versions:
    """The files of the version opened last; most queries come while it is still the one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[str, int] = ("", -1)
        self._files: Sequence[lake.DataFile] = ()

    def files(self, version: int) -> Sequence[lake.DataFile]:
        if version < 0:
            return ()
        from karibu.events import lake

        with self._lock:
            if self._key != (lake.url(), version):
                self._files = _files(version)
                self._key = (lake.url(), version)
            return self._files

    def forget(self) -> None:
        with self._lock:
            self._key, self._files = ("", -1), ()


def _files(version: int) -> Sequence[lake.DataFile]:
    from deltalake.exceptions import DeltaError

    from karibu.events import lake

    try:
        return lake.files(lake.opened(version))
    except DeltaError as error:
        if lake.exists() and lake.opened().version() > version:
            raise OldVersion(version) from error
        raise


_blocks, _versions = Blocks(), _Versions()


def forget() -> None:
    """Drops what this process remembers of the tail (it may hold an erased person)."""
    _blocks.forget()
