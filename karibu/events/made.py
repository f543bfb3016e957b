"""Events that Karibu makes itself, very many at once: columns become blocks of the tail, without an object for each.

They do not go through the pipeline: whoever calls this knows whose they are and that they are new.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from karibu.events import counts, schema, tail

BLOCK = 25_000  # events: what readers and the flusher unpack at a time
LANE = -2  # of their counts, so that no pipeline waits for them

Cursor = psycopg.Cursor[Any]
Listener = Callable[[Cursor, pa.RecordBatch], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """`listener(cursor, events)` is told of each block of events, in its transaction."""
    if listener not in _listeners:
        _listeners.append(listener)


def record(cursor: Cursor, length: int, columns: Mapping[str, Any], now: datetime) -> None:
    """Writes `length` events into the log and its counts, in this transaction.

    `columns` are columns of the log: an array of `length`, or one value for all. Wanted are `message_id`, unique for
    ever, `name`, `time`, `customer` (never 0) and `source`.
    """
    given = {"type": "track", "historical": False, "received_at": now, **columns}
    counted: Counter[counts.Key] = Counter()
    for start in range(0, length, BLOCK):
        block = _block(given, start, min(BLOCK, length - start))
        _append(cursor, block, now)
        counted.update(_counted(block))
        for listener in _listeners:
            listener(cursor, block)
    counts.add(cursor, LANE, counted.items())


def _block(columns: Mapping[str, Any], start: int, length: int) -> pa.RecordBatch:
    fields = schema.schema()
    assert not columns.keys() - set(fields.names), "the log has no such column"
    arrays = [_array(columns.get(field.name), start, length, field.type) for field in fields]
    return pa.RecordBatch.from_arrays(arrays, schema=fields)


def _array(values: Any, start: int, length: int, type_: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.slice(start, length).cast(type_)
    return pa.nulls(length, type_) if values is None else pa.repeat(pa.scalar(values, type_), length)


def _append(cursor: Cursor, block: pa.RecordBatch, now: datetime) -> None:
    span = pc.min_max(block["time"]).as_py()
    customers = sorted(block["customer"].unique().to_pylist())
    tail.insert(cursor, block, (span["min"], span["max"]), customers, now)


def _counted(block: pa.RecordBatch) -> dict[counts.Key, int]:
    texts = {name: pc.fill_null(block[name], "") for name in ("source", "channel", "name")}
    hours = pa.table({"hour": pc.floor_temporal(block["time"], unit="hour"), **texts})
    found = hours.group_by(hours.column_names).aggregate([([], "count_all")])
    return {(r["hour"], r["source"], r["channel"], r["name"]): r["count_all"] for r in found.to_pylist()}
