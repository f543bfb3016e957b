"""Every event of the log, on its way to those who want to hear of it.

What a batch of the pipeline (or Karibu itself) writes into the log leaves one row here in the same transaction, where
there is a webhook at all: so nothing is missed and nothing told that did not happen. The loop makes deliveries of it.
A cursor over the log could not do that: batches are not committed in the order of their numbers.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import psycopg
import pyarrow as pa

from karibu.events.batch import Batch
from karibu.messages.channels.webhook.compose import Body, of_event, of_row

_encode = msgspec.json.Encoder().encode
_WANTED = """
    SELECT ARRAY(SELECT jsonb_array_elements_text(names)) FROM channels_webhook
    WHERE closed_at IS NULL AND disabled_at IS NULL"""
_ADD = "INSERT INTO channels_outgoing (events, body) VALUES (%s, %b)"
_WAKE = "SELECT pg_notify('karibu', 'webhooks')"
_COLUMNS = ["message_id", "customer", "name", "time", "source", "channel", "properties"]

Cursor = psycopg.Cursor[Any]


def tell_webhooks(batch: Batch) -> None:
    """Stage: after everything that may still change an event."""
    names = _wanted(batch.cursor)
    if names is not None:
        _add(batch.cursor, [of_event(event) for event in batch.events if not names or event.name in names])


def tell_of_made(cursor: Cursor, events: pa.RecordBatch) -> None:
    """As events.made.listen wants it."""
    names = _wanted(cursor)
    if names is not None:
        rows = events.select(_COLUMNS).to_pylist()
        _add(cursor, [of_row(row) for row in rows if not names or row["name"] in names])


def _wanted(cursor: Cursor) -> set[str] | None:
    """The names that any webhook asks for; empty: all; None: there is no webhook."""
    asked = [set(names) for (names,) in cursor.execute(_WANTED).fetchall()]
    if not asked:
        return None
    return set() if any(not names for names in asked) else set[str]().union(*asked)


def _add(cursor: Cursor, bodies: Sequence[Body]) -> None:
    if bodies:
        cursor.execute(_ADD, [len(bodies), _encode(bodies)])
        cursor.execute(_WAKE)


def read(body: bytes | memoryview) -> Iterable[Body]:
    return msgspec.json.decode(body, type=list[Body])
