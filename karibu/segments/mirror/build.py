"""Writing the base from nothing: everybody, by id, some thousands at a time, in memory that does not grow with them."""

from collections.abc import Iterator

import pyarrow as pa
from django.db import connection

from karibu.segments import columns as named
from karibu.segments.mirror import files, rows, source
from karibu.segments.mirror.files import Base

FILE = 250_000  # rows of a file: what the erasure of one person rewrites
GROUP = 50_000  # customers of a row group at most, which are read at a time
CELLS = 10_000_000  # of one row group: a thousand traits make it smaller
UNKNOWN = 5_000  # customers of the first, when nobody knows yet how many traits there are


def base() -> Iterator[Base]:
    """Reads all customers and writes them; gives each file as soon as it is on the disk."""
    writing: _Writing | None = None
    try:
        for first, last in _ranges():
            some = source.Some(first=first, last=last)
            table, merged = rows.read(some), source.MERGED.read(some)
            if writing and not writing.takes(table):
                yield writing.close()
                writing = None
            writing = writing or _Writing(first, table.schema)
            writing.add(table, merged, last)
        if writing:
            yield writing.close()
    except BaseException:
        if writing:
            writing.abandon()
        raise


def group_rows() -> int:
    """How many customers make a row group with as many columns as there are."""
    return max(min(GROUP, CELLS // len(named.columns())), 1000)


def _ranges() -> Iterator[tuple[int, int]]:
    """(first, last) of groups of customers that follow each other: first < id ≤ last."""
    first = 0
    while True:
        room = group_rows() if named.trait_numbers() else UNKNOWN
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


class _Writing:
    """A file of the base and its family file, being written."""

    def __init__(self, first: int, schema: pa.Schema) -> None:
        self.first = self.last = first
        self.file, self.family = files.NewFile("customers", schema), files.NewFile("family", files.FAMILY)

    def takes(self, table: pa.Table) -> bool:
        """Whether these rows belong into it: there is room, and no trait came up that it has no column for."""
        return self.file.rows + len(table) <= FILE and bool(self.file.schema.equals(table.schema))

    def add(self, table: pa.Table, merged: pa.Table, last: int) -> None:
        """Everybody up to the id `last`."""
        self.file.write(table)
        self.family.write(merged)
        self.last = last

    def close(self) -> Base:
        paths = self.file.close(), self.family.close()
        traits = files.greatest(self.file.schema.names)
        return Base(*paths, self.first, self.last, self.file.rows, traits)

    def abandon(self) -> None:
        self.file.abandon()
        self.family.abandon()
