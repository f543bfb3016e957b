"""A customer's messages: the panel at the left of their page and the rows of their timeline."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q
from django.utils.html import format_html
from django.utils.translation import gettext as _

from karibu.customers.models import Customer
from karibu.customers.timeline import Entry
from karibu.messages.models import Message
from karibu.messages.status import Status, explain
from karibu.web import formats


def context(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    """How many messages they got, opened and clicked, and whether one would reach them; nothing of somebody unknown."""
    counts = Message.objects.filter(customer_id=customer.pk).aggregate(
        sent=Count("id", filter=Q(status=Status.SENT)),
        opened=Count("opened_at"),
        clicked=Count("clicked_at"),
        refused=Count("id", filter=Q(status=Status.REFUSED)),
        last=Max("sent_at"),
    )
    return (
        {**counts, "customer": customer} if counts["sent"] or counts["refused"] or not customer.is_anonymous else None
    )


def entries(customer_ids: list[int], before: datetime | None, limit: int) -> list[Entry]:
    """One row a message: its whole way in a sentence, dated by its latest turn."""
    rows = Message.objects.filter(customer_id__in=customer_ids).select_related("template").prefetch_related("visits")
    found = [_entry(row) for row in rows.order_by("-id")[: limit * 4 + 50]]
    return sorted((e for e in found if before is None or e.at < before), key=lambda e: e.at, reverse=True)[:limit]


def _entry(message: Message) -> Entry:
    from karibu.messages.story import steps  # which brings the gate and the templates along

    way = steps(message, list(message.visits.all()))[1:]
    words = message.subject or message.template.name
    return Entry(
        at=_dated(message),
        kind="messages",
        sentence=format_html("<b>{}</b>: {}", words, " → ".join(_parts(message))),
        evidence=[(formats.moment(step.at), f"{step.words} {step.detail}".strip()) for step in way],
        icon="messages",
        url=f"/messages/{message.pk}/",
    )


def _dated(message: Message) -> datetime:
    at: datetime | None = max(filter(None, (message.sent_at, message.opened_at, message.clicked_at)), default=None)
    return at or message.created_at


def _parts(message: Message) -> list[str]:
    """held → sent → opened → clicked, each only where it happened."""
    parts = [_("held: %(why)s") % {"why": explain(e["reason"])} for e in message.history if e["status"] == Status.HELD]
    if message.status != Status.HELD:
        label = str(Status(message.status).label).lower() if message.status in Status.values else message.status
        parts.append(f"{label}: {explain(message.reason)}" if message.reason else label)
    if message.opened_at:
        parts.append(_("opened"))
    elif any(v.kind == "opened" for v in message.visits.all()):
        parts.append(_("opened (machine)"))
    if message.clicked_at:
        parts.append(_("clicked"))
    elif any(v.kind == "clicked" for v in message.visits.all()):
        parts.append(_("clicked (machine)"))
    return parts
