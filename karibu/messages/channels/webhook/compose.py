"""What a webhook says, and the signature under it. https://www.standardwebhooks.com (version 1)

The receiver takes `webhook-id`, `webhook-timestamp` and the body as it came, joined by dots, makes an HMAC-SHA256 of it
with the secret (base64 behind "whsec_") and compares. The id stays the same over all tries of one delivery.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

import msgspec

from karibu.events.event import Event

PREFIX = "whsec_"


class Told(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One event as it leaves."""

    message_id: str
    customer: int = 0
    user_id: str = ""
    anonymous_id: str = ""
    source: str = ""
    channel: str = ""
    historical: bool = False
    properties: msgspec.Raw = msgspec.Raw()
    traits: dict[str, Any] = {}


class Body(msgspec.Struct, kw_only=True):
    type: str  # the event's name
    timestamp: datetime
    data: Told


def of_event(event: Event) -> Body:
    told = Told(
        message_id=event.message_id,
        customer=event.customer_id,
        user_id=event.user_id,
        anonymous_id=event.anonymous_id,
        source=event.source,
        channel=event.channel,
        historical=event.historical,
        properties=msgspec.Raw(event.properties_json or b"{}"),
        traits=event.traits,
    )
    return Body(type=event.name, timestamp=event.time, data=told)


def of_row(row: dict[str, Any]) -> Body:
    """One that Karibu wrote itself, as a row of the log."""
    told = Told(
        message_id=row["message_id"],
        customer=row["customer"] or 0,
        source=row["source"] or "",
        channel=row["channel"] or "",
        properties=msgspec.Raw((row["properties"] or "{}").encode()),
    )
    return Body(type=row["name"], timestamp=row["time"], data=told)


def text(body: Body) -> str:
    return msgspec.json.encode(body).decode()


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def headers(secret: str, number: str, at: datetime, body: bytes) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature(secret, number, stamp, body)}",
    }


def signature(secret: str, number: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()
