"""Questions about customers that other apps ask."""

from django.db.models import Q

from karibu.customers.models import Customer


def resolve(customer_id: int) -> int | None:
    """Whom this id is today: itself, or the winner it was merged into; None when there never was such an id."""
    row = Customer.objects.filter(pk=customer_id).values_list("merged_into", flat=True)
    return next((merged_into or customer_id for merged_into in row), None)


def family(customer_id: int) -> list[int]:
    """The customer's own id and those of all that were merged into it: what to ask the event log for."""
    return list(
        Customer.objects.filter(Q(pk=customer_id) | Q(merged_into=customer_id))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
