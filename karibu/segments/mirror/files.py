"""The mirror's files: Parquet in `_mirror/` of the lake's folder, where every engine that reads the log reaches them.

A file never changes. Those that count are named by the row Mirror: a *base* of files that follow each other by id, and
a few *layers* over it with the customers that changed since, each over the one before. Whoever writes holds LOCK; who
dies has left only files that nobody names.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from karibu.events import lake
from karibu.segments import columns as named
from karibu.segments.mirror.source import is_trait, schema, type_of

LOCK = 3  # in lake.lock(), after its own WRITE and REWRITE
FOLDER = "_mirror"
GROUP = 50_000  # rows of a row group at most
ORDERED = ["id", "created_at"]  # what the ranges of row groups tell something of
# Columns in which hardly two values are alike, and how they are written: a dictionary of them is read for nothing.
DIFFERENT = dict.fromkeys(("name", "email", "phone"), "DELTA_LENGTH_BYTE_ARRAY") | dict.fromkeys(
    ORDERED, "DELTA_BINARY_PACKED"
)
GRACE = 600.0  # seconds that a file which is no longer named stays for those who still read it
PERSON = pa.field("person", pa.int64())  # in layers: who this is today; itself, whom it was merged into, or nobody
FAMILY = pa.schema([("id", pa.int64()), PERSON])


class Base(msgspec.Struct, frozen=True):
    """All listed customers with first < id ≤ last, by id, and in `family` who was merged into whom."""

    path: str  # from the lake's root
    family: str
    first: int
    last: int
    rows: int
    traits: int  # the greatest number of a trait that it has a column for


class Layer(msgspec.Struct, frozen=True):
    """Some customers as they became: the columns and PERSON, a row also for each who is merged or gone."""

    path: str
    rows: int
    traits: int


class Files(msgspec.Struct, frozen=True):
    """What the row Mirror names."""

    base: tuple[Base, ...] = ()
    layers: tuple[Layer, ...] = ()

    @property
    def paths(self) -> set[str]:
        return {path for file in self.base for path in (file.path, file.family)} | {file.path for file in self.layers}

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.base)

    @property
    def changed_rows(self) -> int:
        return sum(file.rows for file in self.layers)

    def with_layer(self, layer: Layer) -> Files:
        return Files(self.base, (*self.layers, layer))


def greatest(columns: Iterable[str]) -> int:
    """The greatest number of a trait among these columns."""
    return max((int(name[1:]) for name in columns if is_trait(name)), default=0)


def has(file: Base | Layer, column: str) -> bool:
    """Whether this file has the column: only those of traits may have come up later."""
    return not is_trait(column) or int(column[1:]) <= file.traits


def conform(table: pa.Table, columns: Iterable[str]) -> pa.Table:
    """`table` with these columns, in this order; those that it does not have are empty."""
    have = set(table.column_names)
    fields = [PERSON if name == "person" else pa.field(name, type_of(name)) for name in columns]
    arrays = [table[f.name] if f.name in have else pa.nulls(len(table), f.type) for f in fields]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def all_columns() -> pa.Schema:
    return schema(named.columns())


class NewFile:
    """One Parquet file being written; nobody reads it before the row Mirror names it."""

    def __init__(self, kind: str, columns: pa.Schema) -> None:
        self.path = f"{FOLDER}/{kind}-{uuid.uuid4().hex}.parquet"
        self.columns, self.rows = columns, 0
        self._root = lake.filesystem()
        if lake.is_local():
            Path(lake.url(), FOLDER).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._writer = pq.ParquetWriter(
            self.path,
            columns,
            filesystem=self._root,
            # What is read with each question is to be read quickly: against zstd and dictionaries of values that are
            # all different, an address takes half the time for a quarter more room, and an id a third of it. LZ4 is no
            # quicker, and an executor of Spark that has read some such files fails at the next ("all input must be
            # consumed", in its filter by dictionaries).
            compression="snappy",
            use_dictionary=[field.name for field in columns if field.name not in DIFFERENT],
            column_encoding={name: how for name, how in DIFFERENT.items() if name in columns.names},
            write_page_checksum=True,
            write_statistics=ORDERED,
        )

    def write(self, table: pa.Table) -> None:
        """Adds row groups."""
        if len(table):
            self._writer.write_table(table, row_group_size=GROUP)
            self.rows += len(table)

    def close(self) -> str:
        """Ends the file, on the disk; returns its path."""
        self._writer.close()
        if lake.is_local():
            lake.sync(Path(lake.url(), self.path))
        return self.path

    def abandon(self) -> None:
        with suppress(*lake.TROUBLES):
            self._writer.close()
        with suppress(*lake.TROUBLES):
            self._root.delete_file(self.path)


@contextmanager
def new_file(kind: str, columns: pa.Schema) -> Iterator[NewFile]:
    """A file to write to; when writing fails nothing of it stays."""
    new = NewFile(kind, columns)
    try:
        yield new
    except BaseException:
        new.abandon()
        raise


def written(kind: str, table: pa.Table) -> str:
    """The path of a file with just this."""
    with new_file(kind, table.schema) as new:
        new.write(table)
        return new.close()


def layer(table: pa.Table) -> Layer:
    return Layer(written("layer", table), len(table), greatest(table.column_names))


def groups(path: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The file's row groups, one after the other, with these columns."""
    with pq.ParquetFile(path, filesystem=lake.filesystem()) as file:
        for number in range(file.num_row_groups):
            yield conform(file.read_row_group(number), columns)


def read_layer(file: Layer, columns: Collection[str]) -> pa.Table:
    """The columns of a layer, and `person`."""
    wanted = [*columns, "person"]
    present = [name for name in wanted if name == "person" or has(file, name)]
    return conform(pq.read_table(file.path, columns=present, filesystem=lake.filesystem()), wanted)


@lru_cache(maxsize=10_000)
def rows(path: str) -> int:
    """How many rows the file has. It never changes."""
    return int(pq.read_metadata(path, filesystem=lake.filesystem()).num_rows)


def is_whole(path: str) -> bool:
    """Whether the file is there and each of its pages is what was written."""
    try:
        with pq.ParquetFile(path, filesystem=lake.filesystem(), page_checksum_verification=True) as file:
            for number in range(file.num_row_groups):
                file.read_row_group(number)
    except (OSError, pa.ArrowException):
        return False
    return True


def sweep(kept: Collection[str], grace: float) -> int:
    """Deletes the files that are not among `kept` and older than `grace` seconds. LOCK must be held."""
    root = lake.filesystem()
    before = time.time() - grace
    old = [path for path in present() if path not in kept and _written_at(root, path) <= before]
    for path in old:
        root.delete_file(path)
    return len(old)


def present() -> list[str]:
    """All files that there are."""
    found = lake.filesystem().get_file_info(fs.FileSelector(FOLDER, allow_not_found=True))
    return [info.path for info in found if info.is_file]


def _written_at(root: fs.FileSystem, path: str) -> float:
    moment: float = root.get_file_info(path).mtime.timestamp()
    return moment
