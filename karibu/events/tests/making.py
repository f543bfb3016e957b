"""Events for the tests of the log, and the way they come in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import connection, transaction

from karibu.events import counts, tail
from karibu.events.batch import Batch
from karibu.events.event import Event, as_json

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_numbers = count(1)


def event(**fields: Any) -> Event:
    """A product view by customer 1 at noon, changed as asked."""
    number = next(_numbers)
    usual: dict[str, Any] = {
        "message_id": f"m-{number}",
        "type": "track",
        "name": "Product Viewed",
        "time": NOON,
        "received_at": fields.get("time", NOON) + timedelta(seconds=1),
        "source_id": 1,
        "source": "Web shop",
        "customer_id": 1,
        "anonymous_id": "browser-1",
    }
    told = {f"{name}_json": as_json(fields.pop(name)) for name in ("properties", "context") if name in fields}
    return Event(**{**usual, **fields, **told})


def order(**fields: Any) -> Event:
    return event(**{"name": "Order Completed", "value": Decimal("54.90"), "currency": "USD", **fields})


def append(*events: Event, lane: int = 0, now: datetime = NOON) -> None:
    """Takes the events in one transaction, as the pipeline's last stages do."""
    with transaction.atomic():
        connection.ensure_connection()
        raw = connection.connection.cursor()
        batch = Batch(events=list(events), now=now, cursor=raw, lane=lane)
        counts.count(batch)
        tail.append(batch)
