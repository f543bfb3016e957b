"""Browsers that a word finds though nobody's name is known: next to none among millions without a name."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

INDEX = models.Index(
    fields=["id"],
    name="customer_worded_browsers",
    condition=models.Q(
        ("erased_at__isnull", True),
        ("merged_into__isnull", True),
        ("is_anonymous", True),
        ("name", ""),
        ("search__isnull", False),
    ),
    include=["country"],
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0009_either_side_of_a_name")]
    operations = [
        # Begins anew what was stopped: an index that was half built keeps its name.
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX.name}", migrations.RunSQL.noop),
        AddIndexConcurrently("customer", INDEX),
    ]
