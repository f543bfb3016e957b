"""The chat in which a customer lets us write to them."""

from collections.abc import Sequence

from karibu.customers.models import Customer
from karibu.messages.channels.models import Subscription


def addresses_of(customers: Sequence[Customer]) -> dict[int, str]:
    """The latest chat of each."""
    rows = Subscription.objects.filter(kind="telegram", gone_at=None, customer_id__in=[one.pk for one in customers])
    return dict(rows.order_by("pk").values_list("customer_id", "endpoint"))


def usable(address: str) -> str:
    """A chat's number."""
    found = address.strip()
    return found if found.lstrip("-").isdigit() else ""
