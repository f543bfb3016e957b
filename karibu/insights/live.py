"""Announcing what people do, as it happens: the pipeline's last stage.

The announcement leaves with the commit, as a NOTIFY that every web process hears (stream.py). It holds ids and
times only; names are looked up by whoever shows them. PostgreSQL takes 8,000 bytes, so of many events some are told.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from karibu.events.batch import Batch
from karibu.events.event import Event

CHANNEL = "karibu_live"
TOLD = 12  # moments in one announcement, and remembered of one lane
BYTES = 7900
ALWAYS_TOLD = ("Order Completed", "Checkout Started", "Product Added")  # before views, when there are many

REMEMBER = """
INSERT INTO insights_lanemoments AS kept (lane, moments) VALUES (%(lane)s, %(moments)s::jsonb)
ON CONFLICT (lane) DO UPDATE SET moments = (
    SELECT jsonb_agg(moment) FROM (
        SELECT moment FROM jsonb_array_elements(excluded.moments || kept.moments) WITH ORDINALITY AS all_(moment, place)
        ORDER BY place LIMIT %(told)s
    ) newest
)
"""


class Moment(msgspec.Struct, array_like=True, frozen=True):
    """One thing that one person did. `at` is in milliseconds since 1970."""

    at: int
    customer: int
    name: str
    product: str = ""
    value: str = ""
    currency: str = ""

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.at / 1000, UTC)


class Announcement(msgspec.Struct):
    """What one batch brought: how many live events, and some of them, newest first."""

    events: int
    moments: list[Moment] = msgspec.field(default_factory=list)


def announce(batch: Batch) -> None:
    """Tells the web of the batch's live events. History that is being brought in is not news."""
    live = [event for event in batch.events if not event.historical]
    if not live:
        return
    moments = [_moment(event) for event in _chosen(live)]
    parameters: dict[str, Any] = {"lane": batch.lane, "told": TOLD, "moments": _json(moments)}
    batch.cursor.execute(REMEMBER, parameters)
    batch.cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, _fitting(Announcement(len(live), moments))])


def read(payload: str) -> Announcement:
    """The announcement in a NOTIFY; an empty one where the text is not ours."""
    try:
        return msgspec.json.decode(payload, type=Announcement)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return Announcement(0)


def _chosen(events: list[Event]) -> Iterable[Event]:
    ranked = sorted(events, key=lambda e: (e.name in ALWAYS_TOLD, e.time), reverse=True)
    return sorted(ranked[:TOLD], key=lambda e: e.time, reverse=True)


def _moment(event: Event) -> Moment:
    product = event.product_id or next((item.product_id for item in event.items), "")
    value = "" if event.value is None else str(event.value)
    at = int(event.time.timestamp() * 1000)
    return Moment(at, event.customer_id, event.name[:80], product[:80], value[:20], event.currency)


def _fitting(announcement: Announcement) -> str:
    while len(text := _json(announcement)) and len(text.encode()) > BYTES:
        announcement.moments.pop()
    return text


def _json(value: object) -> str:
    # PostgreSQL's jsonb holds no NUL, and neither does a notification.
    return msgspec.json.encode(value).decode().replace("\\u0000", "")
