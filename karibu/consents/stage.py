"""The consents that events state: docs/consents.md is the convention, this is the reading of it.

Nothing is ever concluded from other behaviour: an order, an address or an open is no consent.
"""

from collections.abc import Iterator
from typing import Any

from karibu.consents.actions import record_consents
from karibu.consents.statement import EVERYTHING, GIVEN, OFFERS, WITHDRAWN, Statement
from karibu.events.batch import Batch
from karibu.events.event import Event

# Traits of a profile: which channel's marketing they speak of.
TRAITS = {
    "marketing_consent": "email",
    "marketingConsent": "email",
    "accepts_marketing": "email",
    "acceptsMarketing": "email",
    "email_consent": "email",
    "emailConsent": "email",
    "email_marketing_consent": "email",
    "sms_consent": "sms",
    "smsConsent": "sms",
    "sms_marketing_consent": "sms",
    "whatsapp_consent": "whatsapp",
    "push_consent": "push",
}
# Acts: (channel, status, topic when the event names none).
ACTS = {
    "Email Subscribed": ("email", GIVEN, EVERYTHING),
    "Subscribed": ("email", GIVEN, EVERYTHING),
    "Newsletter Subscribed": ("email", GIVEN, OFFERS),
    "Email Unsubscribed": ("email", WITHDRAWN, EVERYTHING),
    "Unsubscribed": ("email", WITHDRAWN, EVERYTHING),
    "Newsletter Unsubscribed": ("email", WITHDRAWN, OFFERS),
    "Email Marked as Spam": ("email", WITHDRAWN, EVERYTHING),
    "SMS Subscribed": ("sms", GIVEN, EVERYTHING),
    "SMS Unsubscribed": ("sms", WITHDRAWN, EVERYTHING),
    "WhatsApp Subscribed": ("whatsapp", GIVEN, EVERYTHING),
    "WhatsApp Unsubscribed": ("whatsapp", WITHDRAWN, EVERYTHING),
}
_YES = frozenset({"true", "yes", "1", "given", "granted", "subscribed", "opted_in", "opt_in"})
_NO = frozenset({"false", "no", "0", "withdrawn", "denied", "revoked", "unsubscribed", "opted_out", "opt_out"})


def keep_consents(batch: Batch) -> None:
    """Adds what this batch's events say about consent to the ledger, in the order in which they take effect."""
    record_consents([statement for event in batch.events if event.customer_id for statement in _stated(event)])


def _stated(event: Event) -> Iterator[Statement]:
    if event.name in ACTS:
        channel, status, topic = ACTS[event.name]
        yield _statement(event, channel, status, str(event.properties.get("topic") or topic), "event")
    if event.traits:
        for trait, channel in TRAITS.items():
            if (said := _status(event.traits.get(trait))) is not None:
                yield _statement(event, channel, said, EVERYTHING, "trait")
    if b'"consent"' in event.context_json and "consent" in event.context:
        yield from _from_context(event)


def _from_context(event: Event) -> Iterator[Statement]:
    """`context.consent`: {"email": true, "sms": {"offers": false}} (a channel, or its topics one by one)."""
    consent = event.context["consent"]
    if not isinstance(consent, dict):
        return
    for channel, said in consent.items():
        topics: dict[str, Any] = said if isinstance(said, dict) else {EVERYTHING: said}
        for topic, value in topics.items():
            if (status := _status(value)) is not None and 0 < len(channel) <= 20:
                yield _statement(event, channel, status, topic, "trait")


def _statement(event: Event, channel: str, status: str, topic: str, method: str) -> Statement:
    return Statement(
        customer_id=event.customer_id,
        channel=channel,
        topic=topic,
        status=status,
        method="import" if event.historical else method,
        source=event.source or f"source {event.source_id}",
        evidence=f"event {event.message_id}",
        at=event.time,
        import_id=event.import_id or None,
    )


def _status(value: object) -> str | None:
    """What a stated value means; anything that is neither a clear yes nor a clear no means nothing."""
    if value is None or isinstance(value, float | dict | list):
        return None
    text = str(value).strip().lower()
    if text in _YES:
        return str(GIVEN)
    return str(WITHDRAWN) if text in _NO else None
