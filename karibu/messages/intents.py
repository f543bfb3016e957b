"""What a sender (journey, campaign, colleague, API) asks for: one message to one person, under a key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.utils import timezone
from psycopg.types.json import Jsonb

from karibu.events.wake import wake
from karibu.messages import starters
from karibu.messages.models import Template


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """`key` says what this message is, for ever: the same key twice is the same message.

    `context` is what the sender knows ({"cart_id": ...}); templates see it under its own names. `due_at` None
    means now. After `expires_at` the message is refused instead of sent late. Where several messages compete for one
    person's attention, the higher `priority`, with that of its template, leaves first. `is_holdout`: the person belongs
    to the share that gets nothing, so that the others can be compared with them; the gate refuses it where the others
    would be sent.
    """

    key: str
    customer_id: int
    template_key: str
    channel: str = "email"
    context: dict[str, Any] = msgspec.field(default_factory=dict)
    sender: str
    step: str = ""
    enrollment_id: int | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    priority: int = 0
    is_holdout: bool = False


_INSERT = """
    INSERT INTO messages_message (key, customer_id, channel, template_id, topic, is_marketing, context, sender, step,
        enrollment_id, status, reason, detail, history, address, subject, due_at, expires_at, priority,
        is_holdout, attempts, created_at)
    SELECT n.key, n.customer_id, n.channel, t.id, t.topic, t.is_marketing, n.context, n.sender, n.step,
        n.enrollment_id, 'intended', '', '', '[]', '', '', n.due_at, n.expires_at,
        n.priority + t.priority, n.is_holdout, 0, %s
    FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::jsonb[], %s::text[], %s::text[], %s::bigint[],
        %s::timestamptz[], %s::timestamptz[], %s::smallint[], %s::boolean[])
        AS n(key, customer_id, channel, template_key, context, sender, step, enrollment_id, due_at, expires_at,
            priority, is_holdout)
    JOIN messages_template t ON t.key = n.template_key
    ON CONFLICT (key) DO NOTHING"""


def intend(intents: Sequence[Intent]) -> list[int]:
    """Writes the messages that are not there yet, in the caller's transaction; returns all their ids, in order.

    Nothing is sent here: the send loop is woken at commit and asks the gate. Raises LookupError for a template
    that does not exist.
    """
    if not intents:
        return []
    _check_templates({i.template_key for i in intents})
    now = timezone.now()
    columns = zip(*(_row(i, now) for i in intents), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [now, *(list(column) for column in columns)])
        cursor.execute("SELECT key, id FROM messages_message WHERE key = ANY(%s)", [[i.key for i in intents]])
        ids = dict(cursor.fetchall())
    wake("send")
    return [ids[i.key] for i in intents]


def _row(intent: Intent, now: datetime) -> tuple[object, ...]:
    return (
        intent.key,
        intent.customer_id,
        intent.channel,
        intent.template_key,
        Jsonb(intent.context),
        intent.sender,
        intent.step,
        intent.enrollment_id,
        intent.due_at or now,
        intent.expires_at,
        intent.priority,
        intent.is_holdout,
    )


def _check_templates(keys: set[str]) -> None:
    there = set(Template.objects.filter(key__in=keys).values_list("key", flat=True))
    for key in keys - there:
        starters.plant(key)
