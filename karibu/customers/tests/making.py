"""Events for the tests of identity, and the one stage run over them as the pipeline runs it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction

from karibu.customers.identify import identify
from karibu.customers.models import Customer
from karibu.customers.raw import cursor
from karibu.events.batch import Batch
from karibu.events.event import Event, as_json

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_numbers = count(1)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def event(minutes: float = 0, *, user: str = "", browser: str = "", **fields: Any) -> Event:
    """A page view, `minutes` after noon, by a user id and/or on a browser."""
    time = at(minutes)
    usual: dict[str, Any] = {
        "message_id": f"m-{next(_numbers)}",
        "type": "page",
        "name": "Page Viewed",
        "time": time,
        "received_at": time,
        "source_id": 1,
        "source": "Web shop",
        "user_id": user,
        "anonymous_id": browser,
    }
    told = {f"{name}_json": as_json(fields.pop(name)) for name in ("properties", "context") if name in fields}
    return Event(**{**usual, **fields, **told})


def told(minutes: float = 0, *, user: str = "", browser: str = "", source: str = "Web shop", **traits: Any) -> Event:
    """An identify call with these traits."""
    return event(minutes, user=user, browser=browser, type="identify", name="Identified", source=source, traits=traits)


def alias(minutes: float, previous: str, user: str) -> Event:
    return event(minutes, user=user, type="alias", name="Aliased", previous_id=previous)


def take(*events: Event, now: datetime | None = None) -> list[int]:
    """Identifies the events in one batch; returns whose each is."""
    with transaction.atomic():
        batch = Batch(events=list(events), now=now or at(10_000), cursor=cursor())
        identify(batch)
    return [event.customer_id for event in events]


def take_each(events: Sequence[Event]) -> list[int]:
    """Identifies the events one batch each, in the order given."""
    return [take(one)[0] for one in events]


def whose(one: Event) -> int:
    """Whose this event is today: what the log keeps, resolved."""
    kept = one.recorded_as or one.customer_id
    row = Customer.objects.values_list("merged_into", flat=True).get(pk=kept) if kept else None
    return row or kept
