"""Replacing files of the lake by others that hold the same events, better arranged or fewer.

Memory stays bounded: DuckDB sorts (on disk where it must) and hands over row group after row group.
The REWRITE lock must be held from the reading of the old files to the commit.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

import duckdb
import pyarrow as pa
from django.db import transaction

from karibu.events import engine, flush, lake, schema
from karibu.events.snapshot import Snapshot

MEMORY = "256MB"
FILE_ROWS = 500_000  # of one file of a closed month
BY_TIME, BY_CUSTOMER = "part", "clustered"  # kinds of files, and what their names begin with
_ORDERS = {BY_TIME: "time", BY_CUSTOMER: "customer, time"}


def rewritten(
    old: Sequence[lake.DataFile], kind: str, *, without: str = "false", given: pa.Table | None = None
) -> list[lake.DataFile]:
    """New files (not committed yet) with the events of `old`, all of one month, in the order of `kind`.

    Left out is what the SQL condition `without` is true for; it may speak of the table `given`.
    """
    with instance() as cursor:
        if given is not None:
            cursor.register("given", given)
        Snapshot(-1, old, schema.schema().empty_table()).attach(cursor)
        columns = ", ".join(schema.schema().names)
        sql = f"SELECT {columns} FROM events WHERE NOT coalesce({without}, false) ORDER BY {_ORDERS[kind]}"  # noqa: S608
        batches = cursor.sql(sql).to_arrow_reader(lake.ROW_GROUP)
        return list(written(batches, old[0].month, kind))


def replace(old: Sequence[lake.DataFile], new: Sequence[lake.DataFile]) -> None:
    """One commit that takes the old files out and the new ones in, confirmed at once."""
    with lake.lock(lake.WRITE):
        flush.finish_interrupted()
        version = lake.commit(lake.opened(), new, old, same_events=True)
        with transaction.atomic():
            lake.confirm(version)


def written(batches: pa.RecordBatchReader, month: str, kind: str) -> Iterator[lake.DataFile]:
    """Writes these events, already of one month and in order, as files (not committed yet), one after the other."""
    numbered = enumerate(batches)
    per_file = FILE_ROWS // lake.ROW_GROUP
    for _, chunk in groupby(numbered, key=lambda pair: pair[0] // per_file):
        with lake.new_file(month, kind) as new:
            for _, batch in chunk:
                new.write(pa.Table.from_batches([batch]).cast(schema.schema()))
            yield new.close()


@contextmanager
def instance() -> Iterator[duckdb.DuckDBPyConnection]:
    """An instance of DuckDB for one piece of work, gone with its memory afterwards."""
    own = engine.start(MEMORY)
    try:
        yield own
    finally:
        own.close()
        pa.default_memory_pool().release_unused()
