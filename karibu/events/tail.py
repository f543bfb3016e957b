"""The tail: events that took effect and are not in the lake yet, in PostgreSQL as Arrow blocks."""

from collections.abc import Collection, Iterable
from datetime import datetime

import psycopg
import pyarrow as pa

from karibu.events import schema
from karibu.events.batch import Batch

Cursor = psycopg.Cursor[tuple[object, ...]]

# A block is read a few times within half a minute and goes. Zstandard leaves 60 bytes of an event where LZ4 leaves 110,
# and takes four times as long, there and back: each buffer of each column begins with a state of its own.
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)

_INSERT = """
    INSERT INTO events_tailblock (created_at, first_time, last_time, rows, step, customers, ipc)
    VALUES (%s, %s, %s, %s, %s, %s::bigint[], %b)
"""
_ALL = pa.ipc.IpcReadOptions(use_threads=False)


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
    """One Arrow IPC stream with compressed buffers, without the columns in which nothing stands."""
    batch = batch.select([name for name in batch.schema.names if batch[name].null_count < len(batch)])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as stream:
        stream.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def decode(ipc: bytes | memoryview, columns: Collection[str] | None = None) -> pa.Table:
    """A block's events, with the columns of now (or only some): those that it does not have are empty."""
    buffer = pa.py_buffer(ipc)
    options = _only(columns, pa.ipc.read_schema(buffer)) if columns is not None else _ALL
    with pa.ipc.open_stream(buffer, options=options) as stream:
        return with_all_columns(stream.read_all(), columns)


def _only(columns: Collection[str], written: pa.Schema) -> pa.ipc.IpcReadOptions:
    """The rest is not even unpacked. At least one column is, which tells how many events there are."""
    places = [place for place, name in enumerate(written.names) if name in columns]
    return pa.ipc.IpcReadOptions(included_fields=places or [0], use_threads=False)


def with_all_columns(table: pa.Table, columns: Collection[str] | None = None) -> pa.Table:
    """`table` in the order of today's schema (or some of it), with empty columns for what it does not have."""
    wanted = schema.schema()
    if columns is not None:
        wanted = pa.schema([field for field in wanted if field.name in columns])
    if table.schema.names == wanted.names:
        return table
    have = set(table.column_names)
    arrays = [table[f.name] if f.name in have else pa.nulls(len(table), f.type) for f in wanted]
    return pa.Table.from_arrays(arrays, schema=wanted)


def concatenated(tables: Iterable[pa.Table], columns: Collection[str] | None = None) -> pa.Table:
    """All of them one after the other; an empty table of today's schema (or some of it) when there is none."""
    listed = list(tables)
    return pa.concat_tables(listed) if listed else with_all_columns(schema.schema().empty_table(), columns)
