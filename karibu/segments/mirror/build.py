"""Writing the base from nothing: everybody, by id, some thousands at a time, in memory that does not grow with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import pyarrow as pa
from django.db import connection

from karibu.segments import columns as named
from karibu.segments.mirror import files, reading, source
from karibu.segments.mirror.files import Base

FILE = 250_000  # rows of a file at most: what the erasure of one person rewrites
GROUP_CELLS, FILE_CELLS = 5_000_000, 100_000_000  # rows × columns at most: a thousand traits make them shorter
UNKNOWN = 5_000  # customers of the first, when nobody knows yet how many traits there are


def base() -> Iterator[Base]:
    """Reads all customers and writes them; gives each file as soon as it is on the disk."""
    groups = _groups()
    group = next(groups, None)
    while group:
        with Writing.begin(group.first, group.table.schema) as new:
            while group and new.takes(group.table):
                new.listed(group.table)
                new.merged(group.merged)
                last, group = group.last, None  # so that only one is in memory
                group = next(groups, None)
            yield new.close(last)


def group_rows() -> int:
    """How many customers make a row group with as many columns as there are."""
    return max(min(files.GROUP, GROUP_CELLS // len(named.columns())), 1000)


def file_rows() -> int:
    """How many customers a file has room for."""
    return min(FILE, FILE_CELLS // len(named.columns()))


@dataclass(frozen=True)
class _Group:
    """Everybody with first < id ≤ last."""

    first: int
    last: int
    table: pa.Table
    merged: pa.Table


def _groups() -> Iterator[_Group]:
    for first, last in _ranges():
        some = source.Some(first=first, last=last)
        yield _Group(first, last, reading.read(some), source.MERGED.read(some))


def _ranges() -> Iterator[tuple[int, int]]:
    """(first, last) of groups of customers that follow each other: first < id ≤ last."""
    first = 0
    while True:
        room = group_rows() if first or named.trait_numbers() else UNKNOWN
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT max(id) FROM (SELECT id FROM customers_customer WHERE id > %s ORDER BY id LIMIT %s) AS next",
                [first, room],
            )
            last = cursor.fetchone()[0]
        if last is None:
            return
        yield first, last
        first = last


@dataclass
class Writing:
    """A file of the base and its family file, being written, for customers after the id `first`."""

    first: int
    file: files.NewFile
    family: list[pa.Table]

    @classmethod
    @contextmanager
    def begin(cls, first: int, columns: pa.Schema) -> Iterator[Self]:
        """Nothing stays of a file that is not closed when it ends by an error."""
        with files.new_file("customers", columns) as file:
            yield cls(first, file, [files.FAMILY.empty_table()])

    def takes(self, table: pa.Table) -> bool:
        """Whether these rows belong into it: there is room, and no trait came up that it has no column for."""
        has_room = not self.file.rows or self.file.rows + len(table) <= file_rows()
        return has_room and bool(self.file.columns.equals(table.schema))

    def listed(self, *tables: pa.Table) -> None:
        """The next customers, of all tables together by id."""
        parts = [files.conform(table, self.file.columns.names) for table in tables if len(table)]
        if parts:
            self.file.write(parts[0] if len(parts) == 1 else pa.concat_tables(parts).sort_by("id"))

    def merged(self, family: pa.Table) -> None:
        """Some who are part of others: (id, person)."""
        self.family.append(family)

    def close(self, last: int) -> Base:
        """Everybody up to the id `last` is in it."""
        family = files.written("family", pa.concat_tables(self.family).sort_by("id"))
        path = self.file.close()
        return Base(path, family, self.first, last, self.file.rows, files.greatest(self.file.columns.names))
