"""The event "Message Sent", once for each message that left.

The transaction that writes a message's outcome also leaves a note (Untold); a moment later the notes of many messages
become events of the log, in one transaction with their removal. So no message is told twice, and none is forgotten,
whatever dies in between; and the one statement per message that a mail server has to wait for stays one.
"""

from typing import Any

import msgspec
import pyarrow as pa
from django.db import transaction
from django.utils import timezone

from karibu.customers.raw import cursor
from karibu.events import made
from karibu.events.arrays import with_bulk_arrays

NAME, SOURCE = "Message Sent", "Messages"
AT_ONCE = 5_000
FOR_MORE, AT_REST = 1.0, 2.0  # seconds until the next look: a block of the log takes as long for ten as for a thousand

# Who was erased meanwhile is not told of any more. An ARRAY is found once; `IN` may be asked again for each row.
_TAKE = """
    WITH taken AS (
        DELETE FROM messages_untold WHERE message_id = ANY(ARRAY(
            SELECT message_id FROM messages_untold ORDER BY message_id LIMIT %s FOR UPDATE SKIP LOCKED))
        RETURNING message_id
    )
    SELECT m.id, m.customer_id, m.sent_at, m.channel, m.sender, m.template_id
    FROM taken JOIN messages_message m ON m.id = taken.message_id WHERE m.key <> 'erased:' || m.id ORDER BY m.id"""


def step() -> float:
    """A loop of the worker: tells of what has left since the last look."""
    told = tell()
    return 0 if told == AT_ONCE else FOR_MORE if told else AT_REST


def tell(limit: int = AT_ONCE) -> int:
    """Writes the events of up to `limit` messages that have left; returns how many."""
    with transaction.atomic():
        raw = with_bulk_arrays(cursor())
        raw.execute(_TAKE, [limit])
        rows = raw.fetchall()
        if rows:
            made.record(raw, len(rows), _columns(rows), timezone.now())
    return len(rows)


def _columns(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    ids, customers, moments, channels, senders, templates = (list(column) for column in zip(*rows, strict=True))
    return {
        "message_id": pa.array([f"sent-{number}" for number in ids]),
        "customer": pa.array(customers),
        "name": NAME,
        "time": pa.array(moments),
        "source": SOURCE,
        "channel": pa.array(channels),
        "properties": pa.array(map(_properties, ids, senders, templates)),
    }


def _properties(number: int, sender: str, template: int) -> str:
    """As those of "Message Opened" and "Message Clicked"."""
    return msgspec.json.encode({"message_id": number, "sender": sender, "template": template}).decode()
