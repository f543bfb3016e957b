"""By name, known people without one and browsers with one: few on either side of millions."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

INDEXES = [
    models.Index(
        fields=["id"],
        name="customer_nameless",
        condition=models.Q(
            ("erased_at__isnull", True), ("merged_into__isnull", True), ("is_anonymous", False), ("name", "")
        ),
        include=["orders", "spent", "country"],
    ),
    models.Index(
        fields=["name", "id"],
        name="customer_named_browsers",
        condition=models.Q(
            ("erased_at__isnull", True), ("merged_into__isnull", True), ("is_anonymous", True), ("name__gt", "")
        ),
        include=["orders", "spent", "country"],
    ),
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0008_buyers_with_their_names")]
    # Begins anew what was stopped: an index that was half built keeps its name.
    operations = [
        each
        for index in INDEXES
        for each in (
            migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop),
            AddIndexConcurrently("customer", index),
        )
    ]
