"""What pages ask about tasks."""

from typing import Any

from karibu.customers.models import Customer
from karibu.desk.models import Task

SHOWN = 5


def panel(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    """What is to be done about this person, the most urgent first."""
    tasks = list(Task.objects.filter(customer_id__in=family, done_at=None).order_by("due_at", "pk")[:SHOWN])
    return {"tasks": tasks} if tasks else None
