"""A customer's page: where they let us write to them, their link into the shop's Telegram bot, and what they wrote."""

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from karibu.consents.methods import channel_name
from karibu.customers.models import Customer
from karibu.customers.timeline import Entry
from karibu.messages.channels import accounts
from karibu.messages.channels.models import Inbound, Subscription

ROOM = 300  # letters of what they wrote that the sentence holds; the whole is its evidence


def context(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    """Nothing while there is neither."""
    from karibu.messages.channels.telegram.account import link  # which brings the whole of HTTP along

    bot = accounts.in_use("telegram")
    theirs = Subscription.objects.filter(customer_id__in=family, gone_at=None).order_by("kind", "pk")
    rows = [(one.kind, one.since) for one in theirs]
    if not rows and bot is None:
        return None
    return {"subscriptions": rows, "telegram": link(bot, customer.pk) if bot else ""}


def entries(customer_ids: list[int], before: datetime | None, limit: int) -> list[Entry]:
    """The timeline's provider: what they wrote to us, in their words."""
    rows = Inbound.objects.filter(customer_id__in=customer_ids)
    earlier = rows if before is None else rows.filter(at__lt=before)
    return [_entry(row) for row in earlier.order_by("-at")[:limit]]


def _entry(row: Inbound) -> Entry:
    words = " ".join(row.text.split())
    said = words if len(words) <= ROOM else words[:ROOM] + "…"
    known = {
        _("Channel"): channel_name(row.kind),
        _("From"): row.address,
        _("Subject"): str(row.payload.get("subject", "")) if row.kind == "email" else "",
        _("Whole text"): row.text if said != row.text else "",
        _("Our answer"): row.reply,
    }
    return Entry(
        at=row.at,
        kind="messages",
        sentence=format_html(_("Wrote by {}: “{}”"), channel_name(row.kind), said or row.type),
        evidence=[(name, value) for name, value in known.items() if value],
        icon="messages",
    )
