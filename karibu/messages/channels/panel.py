"""Where a customer lets us write to them, and their own link into the shop's Telegram bot: on their page."""

from typing import Any

from karibu.customers.models import Customer
from karibu.messages.channels import accounts
from karibu.messages.channels.models import Subscription


def context(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    """Nothing while there is neither."""
    from karibu.messages.channels.telegram.account import link  # which brings the whole of HTTP along

    bot = accounts.in_use("telegram")
    theirs = Subscription.objects.filter(customer_id__in=family, gone_at=None).order_by("kind", "pk")
    rows = [(one.kind, one.since) for one in theirs]
    if not rows and bot is None:
        return None
    return {"subscriptions": rows, "telegram": link(bot, customer.pk) if bot else ""}
