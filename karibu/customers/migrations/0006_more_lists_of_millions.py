"""Buyers in the order in which they were seen, and customers one by one without their rows."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models
from django.db.migrations.operations.base import Operation

LISTED = models.Q(merged_into__isnull=True, erased_at__isnull=True)
INDEXES = [
    ("activity", models.Index(fields=["-last_seen", "-customer"], name="activity_buyers", condition=models.Q(has_ordered=True))),
    ("customer", models.Index(fields=["id"], name="customer_by_id", condition=LISTED, include=["orders", "spent", "is_anonymous", "country"])),
    ("customer", models.Index(fields=["-spent", "-id"], name="customer_buyers", condition=LISTED & models.Q(orders__gt=0), include=["orders", "is_anonymous", "country"])),
]  # fmt: skip
MANY = 50_000  # customers of one statement, and so of one lock


def fill(apps: object, editor: object) -> None:
    """Those who have ordered already; again and again the same if it is stopped."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM customers_customer WHERE orders > 0")
        last = cursor.fetchone()[0]
        for start in range(0, last, MANY):
            cursor.execute(
                "UPDATE customers_activity a SET has_ordered = true FROM customers_customer c WHERE c.id = a.customer_id"
                " AND c.id > %s AND c.id <= %s AND c.orders > 0 AND NOT a.has_ordered",
                [start, start + MANY],
            )


def made(model: str, index: models.Index) -> list[Operation]:
    """Begins anew what was stopped: an index that was half built keeps its name, as does one with fewer columns."""
    again = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
    return [again, AddIndexConcurrently(model, index)]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0005_buyers_by_when_they_were_seen")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveIndex("customer", "customer_buyers")]),
        *[operation for model, index in INDEXES for operation in made(model, index)],
    ]
