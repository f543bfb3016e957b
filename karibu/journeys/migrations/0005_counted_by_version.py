"""Numbers at each step by version; and passages are written without looking their enrollment up again."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


def made(model: str, name: str, *fields: str) -> list[Operation]:
    """Begins anew what was stopped: an index that was half built keeps its name."""
    again = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)
    return [again, AddIndexConcurrently(model, models.Index(fields=list(fields), name=name))]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("journeys", "0004_doors_and_goals")]
    operations = [
        *made("enrollment", "enrollment_stands", "journey", "status", "version", "step"),
        *made("passage", "passage_place", "journey_id", "version", "step"),
        RemoveIndexConcurrently("enrollment", "enrollment_where"),
        RemoveIndexConcurrently("passage", "passage_step"),
        migrations.AlterField(
            model_name="passage",
            name="enrollment",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="passages",
                to="journeys.enrollment",
            ),
        ),
    ]
