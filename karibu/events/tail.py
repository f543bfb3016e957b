"""The tail: events that took effect and are not in the lake yet, in PostgreSQL as Arrow blocks."""

from collections.abc import Iterable
from datetime import datetime

import psycopg
import pyarrow as pa

from karibu.events import schema
from karibu.events.batch import Batch

Cursor = psycopg.Cursor[tuple[object, ...]]

# Measured on e-commerce events: 15 times smaller than plain, and as quick to write as LZ4.
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")

_INSERT = """
    INSERT INTO events_tailblock (created_at, first_time, last_time, rows, step, customers, ipc)
    VALUES (%s, %s, %s, %s, %s, %s::bigint[], %b)
"""


def append(batch: Batch) -> None:
    """Stage: the batch's events become one row of the tail, in this transaction."""
    if not batch.events:
        return
    times = [event.time for event in batch.events]
    customers = sorted({schema.customer(event) for event in batch.events} - {0})
    insert(batch.cursor, schema.to_batch(batch.events), (min(times), max(times)), customers, batch.now)


def insert(
    cursor: Cursor, events: pa.RecordBatch, span: tuple[datetime, datetime], customers: list[int], now: datetime
) -> None:
    """Writes one block. `span`: its first and last time; `customers`: all that are in it, ascending, without 0."""
    row = [now, *span, len(events), schema.latest_step(), customers, encode(events)]
    cursor.execute(_INSERT, row)


def encode(batch: pa.RecordBatch) -> bytes:
    """One Arrow IPC stream with compressed buffers."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as stream:
        stream.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def decode(ipc: bytes | memoryview) -> pa.Table:
    """A block's events, with the columns of now: those that came after the block was written are empty."""
    with pa.ipc.open_stream(pa.py_buffer(ipc)) as stream:
        return with_all_columns(stream.read_all())


def with_all_columns(table: pa.Table) -> pa.Table:
    """`table` in the order of today's schema, with empty columns for what it does not have."""
    wanted = schema.schema()
    if table.schema.names == wanted.names:
        return table
    have = set(table.column_names)
    arrays = [table[f.name] if f.name in have else pa.nulls(len(table), f.type) for f in wanted]
    return pa.Table.from_arrays(arrays, schema=wanted)


def concatenated(tables: Iterable[pa.Table]) -> pa.Table:
    """All of them one after the other; an empty table of today's schema when there is none."""
    listed = list(tables)
    return pa.concat_tables(listed) if listed else schema.schema().empty_table()
