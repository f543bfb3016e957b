"""Buyers by what they spent know their names, so that those of a country can be put in that order without their rows."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

BUYERS = models.Index(
    fields=["-spent", "-id"],
    name="customer_buyers",
    condition=models.Q(("erased_at__isnull", True), ("merged_into__isnull", True), ("orders__gt", 0)),
    include=["orders", "is_anonymous", "country", "name"],
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0007_traits_are_not_counted")]
    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveIndex("customer", "customer_buyers")]),
        # Begins anew what was stopped: an index that was half built keeps its name, as does one with fewer columns.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS customer_buyers", migrations.RunSQL.noop),
        AddIndexConcurrently("customer", BUYERS),
    ]
