"""The indexes of the list's orders know what it is filtered by, too."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

LISTED = models.Q(merged_into__isnull=True, erased_at__isnull=True)
ORDERS = {
    "customer_by_spent": (["-spent", "-id"], ["orders", "is_anonymous", "country"], LISTED),
    "customer_by_orders": (["-orders", "-id"], ["spent", "is_anonymous", "country"], LISTED),
    "customer_by_name": (["name", "id"], ["orders", "spent", "is_anonymous", "country"], LISTED),
    "customer_buyers": (["-spent", "-id"], ["is_anonymous", "country"], LISTED & models.Q(orders__gt=0)),
}


def made(name: str) -> list[Operation]:
    """Begins anew what was stopped: an index that was half built keeps its name."""
    fields, include, condition = ORDERS[name]
    index = models.Index(fields=fields, name=name, condition=condition, include=include)
    again = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)
    return [again, AddIndexConcurrently("customer", index)]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0003_room_on_pages")]
    operations = [operation for name in ORDERS for operation in made(name)] + [
        RemoveIndexConcurrently("customer", name) for name in ("customer_spent", "customer_orders", "customer_name")
    ]
