"""Replacing files of the lake by others that hold the same events, better arranged or fewer.

Memory stays bounded: events are sorted a slice at a time and handed over row group after row group.
The REWRITE lock must be held from the reading of the old files to the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

import pyarrow as pa
from django.db import transaction

from karibu.events import engine, flush, lake, schema
from karibu.events.snapshot import Snapshot

if TYPE_CHECKING:
    import duckdb

# One thread: each holds a block of every column while it sorts, and the other cores have shoppers to serve.
MEMORY, THREADS = "384MB", 1
SLICE = 250_000  # events sorted at a time
FILE_ROWS = 500_000  # of one file of a closed month
BY_TIME, BY_CUSTOMER = "part", lake.CLUSTERED  # kinds of files, and what their names begin with
# A file in the order of time is so many events of one span after the other. Within a span each customer's stand
# together: one of its row groups has them, and whoever asks for a span reads no more of the file than before.
SPAN = 100_000


@dataclass(frozen=True)
class Change:
    """What rewriting changes: SQL that may speak of the table `given`.

    `source` stands for the view `events`, `without` is true for what is left out, `select` gives the columns that are
    not taken as they are.
    """

    given: pa.Table | None = None
    source: str = "events"
    without: str = "false"
    select: Mapping[str, str] = field(default_factory=dict)


NOTHING = Change()


def rewritten(old: Sequence[lake.DataFile], kind: str, change: Change = NOTHING) -> list[lake.DataFile]:
    """New files (not committed yet) with the events of `old`, all of one month, in the order of `kind`."""
    with instance() as cursor:
        if change.given is not None:
            cursor.register("given", change.given)
        Snapshot(-1, old, schema.schema().empty_table()).attach(cursor)
        return list(written(_sorted(cursor, kind, change), old[0].month, kind))


def _sorted(cursor: duckdb.DuckDBPyConnection, kind: str, change: Change) -> Iterator[pa.RecordBatch]:
    """The events of the view `events` in order, a slice of the sort key after the other: only one is in memory."""
    columns = ", ".join(change.select.get(name, name) for name in schema.schema().names)
    for slice_ in _slices(cursor, *(("time", SPAN) if kind == BY_TIME else ("customer", SLICE))):
        where = f"NOT coalesce({change.without}, false) AND {slice_}"
        sql = f"SELECT {columns} FROM {change.source} WHERE {where} ORDER BY customer, time"  # noqa: S608
        yield from cursor.sql(sql).to_arrow_reader(lake.ROW_GROUP)


def _slices(cursor: duckdb.DuckDBPyConnection, key: str, size: int) -> list[str]:
    """Conditions that part the events by `key` into slices of about `size` rows, in ascending order."""
    [(rows,)] = cursor.sql("SELECT count(*) FROM events").fetchall()
    shares = [size * n / rows for n in range(1, rows // size + 1) if size * n < rows]
    if not shares:
        return ["true"]
    found = cursor.sql(f"SELECT unnest(quantile_disc({key}, {shares}))::VARCHAR FROM events").fetchall()  # noqa: S608
    edges = [f"'{edge}'" for edge in dict.fromkeys(edge for (edge,) in found if edge is not None)]
    between = [f"{key} >= {low} AND {key} < {high}" for low, high in pairwise(edges)]
    if not edges:
        return ["true"]
    return [f"{key} < {edges[0]}", *between, f"({key} >= {edges[-1]} OR {key} IS NULL)"]


def replace(old: Sequence[lake.DataFile], new: Sequence[lake.DataFile]) -> None:
    """One commit that takes the old files out and the new ones in, confirmed at once."""
    with lake.lock(lake.WRITE):
        flush.finish_interrupted()
        version = lake.commit(lake.opened(), new, old, same_events=True)
        with transaction.atomic():
            lake.confirm(version)


def written(batches: Iterable[pa.RecordBatch], month: str, kind: str) -> Iterator[lake.DataFile]:
    """Writes these events, already of one month and in order, as files (not committed yet), one after the other."""
    for _, chunk in groupby(_filed(batches), key=itemgetter(0)):
        with lake.new_file(month, kind) as new:
            for _, batch in chunk:
                new.write(pa.Table.from_batches([batch]).cast(schema.schema()))
            yield new.close()


def _filed(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Each with the number of the file that it begins in."""
    rows = 0
    for batch in batches:
        yield rows // FILE_ROWS, batch
        rows += batch.num_rows


@contextmanager
def instance() -> Iterator[duckdb.DuckDBPyConnection]:
    """An instance of DuckDB for one piece of work, gone with its memory afterwards."""
    own = engine.start(MEMORY, THREADS)
    try:
        yield own
    finally:
        own.close()
        pa.default_memory_pool().release_unused()
