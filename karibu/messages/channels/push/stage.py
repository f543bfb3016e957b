"""The stage that keeps browsers that let us show notifications: k.js tells of them as the event "Push Subscribed".

Whose a browser is, and that they agreed, follows from the event as from any other. The keys do not enter the log.
"""

import base64
import binascii
import hashlib
from datetime import datetime
from typing import Any

from karibu.events.batch import Batch
from karibu.events.event import Event, as_json
from karibu.messages.channels.webhook.address import usable

SUBSCRIBED, UNSUBSCRIBED = "Push Subscribed", "Push Unsubscribed"
_KEEP = """
    INSERT INTO channels_subscription (kind, endpoint, digest, customer_id, keys, since)
    SELECT 'push', n.endpoint, n.digest, n.customer, n.keys::jsonb, n.since
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[])
        AS n(endpoint, digest, customer, keys, since)
    ON CONFLICT (kind, digest) DO UPDATE SET customer_id = excluded.customer_id, keys = excluded.keys, gone_at = NULL"""
_LEAVE = "UPDATE channels_subscription SET gone_at = %s WHERE kind = 'push' AND digest = ANY(%s) AND gone_at IS NULL"
_LENGTHS = {"p256dh": 65, "auth": 16}  # bytes; RFC 8291, 3.1
Row = tuple[str, str, int, str, datetime]


def keep_subscriptions(batch: Batch) -> None:
    """Of one browser the last word of the batch counts."""
    kept: dict[str, Row] = {}
    left: set[str] = set()
    for event in batch.events:
        if event.name not in (SUBSCRIBED, UNSUBSCRIBED):
            continue
        row = _row(event)
        if row is None:
            continue
        if event.name == SUBSCRIBED and event.customer_id:
            kept[row[1]] = row
            left.discard(row[1])
        else:
            kept.pop(row[1], None)
            left.add(row[1])
    if kept:
        batch.cursor.execute(_KEEP, [list(column) for column in zip(*kept.values(), strict=True)])
    if left:
        batch.cursor.execute(_LEAVE, [batch.now, sorted(left)])


def _row(event: Event) -> Row | None:
    """What is kept, and the event without it. None for what is no subscription."""
    told = dict(event.properties)
    given = told.pop("subscription", None)
    event.properties_json, event._properties = as_json(told), None
    if not isinstance(given, dict):
        return None
    endpoint, keys = str(given.get("endpoint", "")), given.get("keys")
    if not usable(endpoint) or len(endpoint) > 2000:
        return None
    if event.name == SUBSCRIBED and not _are_keys(keys):
        return None
    digest = hashlib.sha256(endpoint.encode()).hexdigest()
    known = {name: keys[name] for name in _LENGTHS} if isinstance(keys, dict) and _are_keys(keys) else {}
    return endpoint, digest, event.customer_id, as_json(known).decode() or "{}", event.time


def _are_keys(keys: Any) -> bool:
    if not isinstance(keys, dict):
        return False
    try:
        return all(len(_raw(str(keys.get(name, "")))) == length for name, length in _LENGTHS.items())
    except (binascii.Error, ValueError):
        return False


def _raw(word: str) -> bytes:
    return base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
