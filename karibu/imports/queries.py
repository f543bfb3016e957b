"""What is known of imports: which run, which were left behind, what one brought."""

from typing import Any

from django.db.models import Q
from django.utils import timezone

from karibu.imports.models import Import
from karibu.imports.run import STALE
from karibu.web.models import User
from karibu.web.running import Running


def abandoned() -> list[int]:
    """Imports that say they run but whose heart has stopped."""
    late = timezone.now() - STALE
    dead = Q(heartbeat_at__lt=late) | Q(heartbeat_at=None)
    return list(Import.objects.filter(dead, status=Import.Status.RUNNING).values_list("pk", flat=True))


def brought(imported: Import) -> dict[str, int]:
    """What stands in the shop because of this import."""
    from karibu.customers.models import Customer
    from karibu.shop.models import Order, OrderLine, Product

    mine: dict[str, Any] = {"import_id": imported.pk}
    return {
        "customers": Customer.objects.filter(**mine).count(),
        "orders": Order.objects.filter(**mine).count(),
        "lines": OrderLine.objects.filter(order__import_id=imported.pk).count(),
        "products": Product.objects.filter(**mine).count(),
        "rejected": imported.counts.get("rejected", 0),
    }


def running(user: User) -> list[Running]:
    """For the top bar."""
    if user.role == User.Role.AGENT:
        return []
    doing = Import.objects.filter(status__in=("queued", "running", "undoing")).order_by("pk")
    return [Running(one.filename, f"/imports/{one.pk}/", one.position, one.total) for one in doing[:5]]
