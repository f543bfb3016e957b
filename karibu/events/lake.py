"""The lake: one Delta table of Parquet files, partitioned by month, and the only code that writes to it.

Every change is one Delta commit (commit) that PostgreSQL then confirms (confirm); readers open the
confirmed version. Commits are never rebased onto another's: a writer that lost its lock fails instead of
writing twice. Files are on the disk, not only in its cache, before anything is confirmed.

Two advisory locks: `WRITE` for the short time from commit to confirm, `REWRITE` for the long time in
which files are read and replaced. Who needs both takes REWRITE first.
"""

import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction
from django.conf import settings
from django.db import connection
from pyarrow import fs

from karibu.events import schema

APP = "karibu"  # the name of our transactions in the Delta log
LOCKS = 0x4B41  # the first half of our advisory locks' numbers
WRITE, REWRITE = 1, 2
ROW_GROUP = 20_000  # rows: small, so that one person's rows are few kilobytes to unpack
# Which customers a row group may hold, for files in the order of time: engines pass over those without the person.
# With so many different ones in it, one of a hundred is looked at in vain.
CUSTOMERS_KNOWN = {"customer": {"ndv": 10_000, "fpp": 0.01}}
# Hardly two moments are alike, and each is near the one before: as differences they are read in a third of the time
# that a dictionary of all of them takes.
MOMENTS = dict.fromkeys(("time", "received_at"), "DELTA_BINARY_PACKED")
DIFFERENT = ("message_id", *MOMENTS)  # a dictionary of them would be larger than they are
# What the Delta log says of each file. Nothing personal: the log outlives the files.
STATISTICS = ("customer", "time", "import_id")
CLUSTERED = "clustered"  # the kind of files in the order of customers
PROPERTIES = {
    "delta.dataSkippingStatsColumns": ",".join(STATISTICS),
    "delta.checkpointInterval": "20",
    "delta.logRetentionDuration": "interval 2 days",
}
EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
TROUBLES = (OSError, DeltaError, pa.ArrowException)  # what a folder or a bucket that cannot be used raises


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of the table. Ranges are (least, greatest), None where every value is empty."""

    path: str  # from the table's root: month=2026-11/part-….parquet
    size: int
    rows: int
    customers: tuple[int, int] | None
    times: tuple[datetime, datetime]
    imports: tuple[int, int] | None

    @property
    def month(self) -> str:
        return self.path.partition("/")[0].removeprefix("month=")

    @property
    def is_clustered(self) -> bool:
        return Path(self.path).name.startswith(f"{CLUSTERED}-")


def url() -> str:
    location: str = settings.KARIBU_LAKE_URL
    return location


def is_local() -> bool:
    return "://" not in url()


def month_of(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m")


@contextmanager
def lock(which: int, *, wait: bool = True) -> Iterator[bool]:
    """Holds an advisory lock of this database; yields False where it is taken and `wait` is False.

    Inside a transaction it is held until that ends, as what is written must be confirmed by it.
    """
    bound = "xact_" if connection.in_atomic_block else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_{'' if wait else 'try_'}advisory_{bound}lock(%s, %s)", [LOCKS, which])
        held = wait or bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held and not bound:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCKS, which])


def opened(version: int | None = None) -> DeltaTable:
    """The table at `version`, or as it is now; it must exist."""
    return DeltaTable(url(), version=version)


def exists() -> bool:
    return DeltaTable.is_deltatable(url())


def created() -> DeltaTable:
    """The table, made with today's columns when there is none."""
    if not exists():
        if is_local():
            Path(url()).mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds what people did
        columns = schema.schema().append(schema.PARTITION)
        DeltaTable.create(url(), columns, partition_by=["month"], configuration=PROPERTIES, mode="ignore")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO events_lake (id, flush, version, step, trouble) VALUES (1, 0, -1, %s, '')"
                " ON CONFLICT (id) DO UPDATE SET step = excluded.step",
                [schema.latest_step()],
            )
    return opened()


def filesystem() -> fs.FileSystem:
    """The table's root as a file system."""
    if is_local():
        return fs.SubTreeFileSystem(url(), fs.LocalFileSystem())
    from deltalake.fs import DeltaStorageHandler

    return fs.PyFileSystem(DeltaStorageHandler(url()))


def files(table: DeltaTable) -> list[DataFile]:
    """The files of the table at its version, by the Delta log."""
    actions = pa.table(table.get_add_actions(flatten=True)).to_pydict()
    count = len(actions["path"])

    def extent(column: str) -> list[tuple[Any, Any] | None]:
        none = [None] * count
        pairs = zip(actions.get(f"min.{column}", none), actions.get(f"max.{column}", none), strict=True)
        return [None if least is None else (least, most) for least, most in pairs]

    ranges = [extent(column) for column in STATISTICS]
    sizes = (actions["path"], actions["size_bytes"], actions["num_records"])
    found = [
        DataFile(path, size, rows, customers, times or EVER, imports)
        for path, size, rows, customers, times, imports in zip(*sizes, *ranges, strict=True)
    ]
    return sorted(found, key=lambda file: (file.month, file.times[0], file.path))


class NewFile:
    """One Parquet file being written. It belongs to the table only once it is committed."""

    def __init__(self, month: str, kind: str) -> None:
        self.path = f"month={month}/{kind}-{uuid.uuid4().hex}.parquet"
        self.filesystem = filesystem()
        self.rows = 0
        self._ranges: dict[str, tuple[Any, Any]] = {}
        if is_local():
            self.filesystem.create_dir(f"month={month}", recursive=True)
        self._writer = pq.ParquetWriter(
            self.path,
            schema.schema(),
            filesystem=self.filesystem,
            compression="zstd",
            compression_level=3,
            use_dictionary=[path for field in schema.schema() for path in _leaves(field) if path not in DIFFERENT],
            column_encoding=MOMENTS,
            bloom_filter_options=None if kind == CLUSTERED else CUSTOMERS_KNOWN,
        )

    def write(self, table: pa.Table) -> None:
        if not len(table):
            return
        self._writer.write_table(table, row_group_size=ROW_GROUP)
        self.rows += len(table)
        for column in STATISTICS:
            least, most = pc.min_max(table[column]).as_py().values()
            if least is not None:
                before = self._ranges.get(column, (least, most))
                self._ranges[column] = (min(before[0], least), max(before[1], most))

    def close(self) -> DataFile:
        """Ends the file, on the disk."""
        self._writer.close()
        if is_local():
            sync(Path(url(), self.path))
        size = self.filesystem.get_file_info(self.path).size
        ranges = [self._ranges.get(column) for column in STATISTICS]
        return DataFile(self.path, size, self.rows, ranges[0], ranges[1] or EVER, ranges[2])

    def abandon(self) -> None:
        """Takes away what was written of it."""
        with suppress(*TROUBLES):
            self._writer.close()
        with suppress(*TROUBLES):
            self.filesystem.delete_file(self.path)


def _leaves(field: pa.Field, within: str = "") -> Iterator[str]:
    """What Parquet calls the columns that a field is kept in."""
    path = f"{within}{field.name}"
    if pa.types.is_list(field.type):
        yield from _leaves(pa.field("element", field.type.value_type), f"{path}.list.")
    elif pa.types.is_struct(field.type):
        for part in field.type:
            yield from _leaves(part, f"{path}.")
    else:
        yield path


@contextmanager
def new_file(month: str, kind: str) -> Iterator[NewFile]:
    """A file to write to; when writing fails nothing of it stays."""
    new = NewFile(month, kind)
    try:
        yield new
    except BaseException:
        new.abandon()
        raise


def sync(file: Path) -> None:
    """Makes a file and its name in its folder survive a power cut."""
    for path in (file, file.parent, file.parent.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_months(events: pa.Table, kind: str = "part") -> list[DataFile]:
    """Writes events (in any order, of a short span) as one file per month, each customer's together."""
    months = pc.floor_temporal(events["time"], unit="month")
    different = pc.unique(months)
    written = []
    for month in different:
        part = events if len(different) == 1 else events.filter(pc.equal(months, month))
        with new_file(f"{month.as_py():%Y-%m}", kind) as new:
            new.write(part.sort_by([("customer", "ascending"), ("time", "ascending")]))
            written.append(new.close())
    return written


def commit(
    table: DeltaTable,
    added: Sequence[DataFile],
    removed: Sequence[DataFile] = (),
    *,
    flush: int | None = None,
    same_events: bool = False,
) -> int:
    """One Delta commit on top of the version that `table` is at; returns its version.

    Raises CommitFailedError when someone else committed in between: nothing was changed then.
    `flush` is stored in the commit, so that a flush whose confirmation was lost is recognised. `same_events`
    says that what is added is only what was removed, better arranged.
    """
    now = int(time.time() * 1000)
    actions: list[AddAction | RemoveAction] = [_removal(file, now, not same_events) for file in removed]
    actions += [_addition(file, now, not same_events) for file in added]
    transactions = [Transaction(APP, flush)] if flush is not None else None
    properties = CommitProperties(app_transactions=transactions, max_commit_retries=0)
    table.create_write_transaction(
        actions, mode="append", schema=table.schema(), partition_by=["month"], commit_properties=properties
    )
    table.update_incremental()
    version = table.version()
    if is_local():
        sync(Path(url(), "_delta_log", f"{version:020}.json"))
    return version


def _addition(file: DataFile, now: int, is_change: bool) -> AddAction:
    ranges = dict(zip(STATISTICS, (file.customers, file.times, file.imports), strict=True))
    known = {column: pair for column, pair in ranges.items() if pair}
    statistics = {
        "numRecords": file.rows,
        "minValues": {column: _stated(pair[0]) for column, pair in known.items()},
        "maxValues": {column: _stated(pair[1]) for column, pair in known.items()},
    }
    return AddAction(file.path, file.size, {"month": file.month}, now, is_change, json.dumps(statistics))


def _stated(value: int | datetime) -> int | str:
    return value if isinstance(value, int) else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _removal(file: DataFile, now: int, is_change: bool) -> RemoveAction:
    return RemoveAction(file.path, is_change, now, file.size, {"month": file.month})


def confirm(version: int, *, flush: int | None = None) -> None:
    """Readers open `version` once this transaction commits; `flush` also drops that flush's blocks of the tail."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_lake SET version = %s WHERE version < %s", [version, version])
        if flush is not None:
            cursor.execute("DELETE FROM events_tailblock WHERE flush = %s", [flush])
            cursor.execute("UPDATE events_lake SET flush = %s WHERE flush < %s", [flush, flush])


def forget_versions(table: DeltaTable) -> int:
    """Leaves the table's present version alone in its log; returns how many older entries went.

    The log repeats the ranges of every file there ever was, so the numbers of people who are in none any more. WRITE
    must be held and the version confirmed. Whoever still reads an older version opens a new one.
    """
    table.create_checkpoint()
    root = filesystem()
    kept = f"{table.version():020}"
    entries: Iterable[fs.FileInfo] = root.get_file_info(fs.FileSelector("_delta_log"))
    old = [e.path for e in entries if e.is_file and e.base_name[:20].isdigit() and e.base_name[:20] < kept]
    for path in old:
        root.delete_file(path)
    return len(old)


def vacuum(table: DeltaTable, *, grace: float) -> int:
    """Deletes files that the table at this version does not have and that are older than `grace` seconds.

    The version must be confirmed, and WRITE and REWRITE held: no file may be on its way in. Returns how many.
    """
    kept = {file.path for file in files(table)}
    root = filesystem()
    found: Iterable[fs.FileInfo] = root.get_file_info(fs.FileSelector("", recursive=True))
    before = time.time() - grace
    gone = [f.path for f in found if f.path.endswith(".parquet") and f.path.startswith("month=")]
    old = [p for p in gone if p not in kept and root.get_file_info(p).mtime.timestamp() <= before]
    for path in old:
        root.delete_file(path)
    return len(old)
