"""What is known of imports: which run, which were left behind, what one brought."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from karibu.imports.holding import is_alive
from karibu.imports.models import Import
from karibu.web.models import User
from karibu.web.running import Running

WAITS = timedelta(seconds=10)  # so long a job may take from being queued to being begun


def abandoned() -> list[int]:
    """Imports that nobody runs although they should be run: their runner died, or the worker that took the job."""
    left = list(Import.objects.filter(status=Import.Status.QUEUED, heartbeat_at__lt=timezone.now() - WAITS))
    left += [one for one in Import.objects.filter(status=Import.Status.RUNNING) if not is_alive(one)]
    return [one.pk for one in left]


def left_half_undone() -> list[tuple[int, str]]:
    """(import, by whom) where the worker that was to undo it died: undoing keeps the import's row locked."""
    with transaction.atomic():
        left = Import.objects.filter(status=Import.Status.UNDOING, heartbeat_at__lt=timezone.now() - WAITS)
        return [(one.pk, one.options.get("undone_by", "")) for one in left.select_for_update(skip_locked=True)]


def brought(imported: Import) -> dict[str, int]:
    """What stands in the shop because of this import: as many rows as the lists show of it."""
    from karibu.customers.queries import listed
    from karibu.events.queries import total
    from karibu.shop.models import OrderLine
    from karibu.shop.tables import listed_orders, listed_products

    mine: dict[str, Any] = {"import_id": imported.pk}
    orders = listed_orders().filter(**mine)
    return {
        "customers": listed().filter(**mine).count(),
        "orders": orders.count(),
        "lines": OrderLine.objects.filter(order__in=orders.values("pk")).count(),
        "products": listed_products().filter(**mine).count(),
        "events": total(source=source_name(imported.pk)) if imported.kind == Import.Kind.EVENTS else 0,
        "rejected": imported.counts.get("rejected", 0),
    }


def source_name(import_id: int) -> str:
    """What events and traits that an import brought name as their source."""
    return f"import {import_id}"


def running(user: User) -> list[Running]:
    """For the top bar."""
    if user.role == User.Role.AGENT:
        return []
    doing = Import.objects.filter(status__in=("queued", "running", "undoing")).order_by("pk")
    return [Running(one.filename, f"/imports/{one.pk}/", one.position, one.total) for one in doing[:5]]
