"""The consents that events state: docs/consents.md is the convention, this is the reading of it.

Nothing is ever concluded from other behaviour: an order, an address or an open is no consent.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from karibu.consents import confirming
from karibu.consents.actions import record_consents
from karibu.consents.queries import in_force
from karibu.consents.statement import EVERYTHING, GIVEN, OFFERS, PENDING, WITHDRAWN, Statement
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
    "Push Subscribed": ("push", GIVEN, EVERYTHING),
}
_YES = frozenset({"true", "yes", "1", "given", "granted", "subscribed", "opted_in", "opt_in"})
_NO = frozenset({"false", "no", "0", "withdrawn", "denied", "revoked", "unsubscribed", "opted_out", "opt_out"})


def keep_consents(batch: Batch) -> None:
    """Adds what this batch's events say about consent to the ledger, in the order in which they take effect.

    A source whose key stands in pages speaks for anybody: what it says was given waits for the address to confirm it.
    """
    telling = [event for event in batch.events if event.customer_id and _may_state(event)]
    said = [(event, statement) for event in telling for statement in _stated(event)]
    doubted = _doubted(batch, {event.source_id for event, statement in said if _is_doubtful(event, statement)})
    believed = [one for event, one in said if event.source_id not in doubted or not _is_doubtful(event, one)]
    record_consents(believed)
    if len(believed) < len(said):
        _wait([(e, one) for e, one in said if e.source_id in doubted and _is_doubtful(e, one)], batch.now)


def _is_doubtful(event: Event, statement: Statement) -> bool:
    return statement.status == GIVEN and statement.channel in confirming.DOUBTED and not event.historical


def _doubted(batch: Batch, sources: set[int]) -> set[int]:
    if not sources:
        return set()
    batch.cursor.execute(
        "SELECT id FROM collect_source WHERE id = ANY(%s) AND NOT believes_consents", [sorted(sources)]
    )
    return {int(str(row[0])) for row in batch.cursor.fetchall()}


def _wait(said: list[tuple[Event, Statement]], now: datetime) -> None:
    """Notes what was said as pending, and has those asked who have not agreed already."""
    news = _unheard([statement for _, statement in said])
    record_consents([replace(statement, status=PENDING) for statement in news])
    wanted: dict[int, list[Statement]] = {}
    for statement in news:
        wanted.setdefault(statement.customer_id, []).append(statement)
    confirming.ask([_asked(statements) for statements in wanted.values()], now)


def _unheard(statements: list[Statement]) -> list[Statement]:
    """Without those about what is in force already."""
    agreed: dict[tuple[str, str], set[int]] = {}
    for about in {(s.channel, s.topic) for s in statements}:
        people = {s.customer_id for s in statements if (s.channel, s.topic) == about}
        agreed[about] = {one for one, status in in_force(people, *about).items() if status == GIVEN}
    return [s for s in statements if s.customer_id not in agreed[s.channel, s.topic]]


def _asked(statements: list[Statement]) -> confirming.Asked:
    last = statements[-1]
    about = tuple(dict.fromkeys((s.channel, s.topic) for s in statements))
    return confirming.Asked(
        customer_id=last.customer_id, consents=about, source=last.source, wording=last.wording, evidence=last.evidence
    )


def _may_state(event: Event) -> bool:
    """Most say nothing at a glance."""
    return bool(event.traits) or event.name in ACTS or not event.is_context_plain


def _stated(event: Event) -> Iterator[Statement]:
    if event.name in ACTS:
        channel, status, topic = ACTS[event.name]
        yield _statement(event, channel, status, str(event.properties.get("topic") or topic), "event")
    if event.traits:
        for trait, channel in TRAITS.items():
            if (said := _status(event.traits.get(trait))) is not None:
                yield _statement(event, channel, said, EVERYTHING, "trait")
    if not event.is_context_plain and b'"consent"' in event.context_json and "consent" in event.context:
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
