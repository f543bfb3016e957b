"""The browsers in which a customer lets us show notifications."""

import re
from collections.abc import Sequence

from karibu.customers.models import Customer
from karibu.messages.channels.models import Subscription

MOST = 10  # browsers of one person, the newest
_BROWSER = re.compile(r"browser (\d+)")


def addresses_of(customers: Sequence[Customer]) -> dict[int, str]:
    """All of a person's browsers are one address: "browser 12, browser 17"."""
    found: dict[int, list[int]] = {}
    rows = Subscription.objects.filter(kind="push", gone_at=None, customer_id__in=[one.pk for one in customers])
    for number, customer in rows.order_by("-pk").values_list("pk", "customer_id"):
        found.setdefault(customer, []).append(number)
    return {customer: ", ".join(f"browser {n}" for n in numbers[:MOST]) for customer, numbers in found.items()}


def usable(address: str) -> str:
    return address if numbers(address) else ""


def numbers(address: str) -> list[int]:
    """Which subscriptions an address names."""
    return [int(number) for number in _BROWSER.findall(address)]
