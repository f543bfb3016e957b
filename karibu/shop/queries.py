"""What others ask of the shop."""

from collections.abc import Iterable

from django.db.models import QuerySet

from karibu.shop.models import Order

COUNTED = (Order.Status.PLACED, Order.Status.REFUNDED)


def orders_of(customers: Iterable[int]) -> QuerySet[Order]:
    """The orders of these customers that a page shows, newest first."""
    return Order.objects.filter(customer_id__in=customers).exclude(status=Order.Status.AWAITED).order_by("-placed_at")
