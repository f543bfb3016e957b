"""A micro-batch: what every stage of the pipeline is handed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from karibu.events.event import Event


class BadEvent(Exception):
    """Raised by a stage for ONE event that cannot be taken: it is set aside with this reason, the rest go on."""

    def __init__(self, event: Event, reason: str) -> None:
        super().__init__(reason)
        self.event, self.reason = event, reason


@dataclass
class Batch:
    """Events of one transaction, in the order in which they take effect (per person: as received).

    `cursor` is a raw psycopg cursor (server-side binding) of the transaction: hot paths use it for COPY
    and unnest(); slower ones may use the Django ORM, which shares the same connection and transaction.
    `now` is the wall clock of the batch. Stages may replace `events` (dedupe does). A batch of the `past` is told
    again (a journey's rehearsal): each of its events is taken at the moment at which it came.
    """

    events: list[Event]
    now: datetime
    cursor: psycopg.Cursor[tuple[object, ...]]
    lane: int = 0
    notes: dict[str, object] = field(default_factory=dict)  # what one stage tells a later one
    is_past: bool = False

    def moment(self, event: Event) -> datetime:
        """When this event is taken."""
        return event.received_at if self.is_past else self.now


Stage = Callable[[Batch], None]
