"""Nothing is ever looked for in what somebody entered with, but ANALYZE counted it, often while many enter."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("journeys", "0008_everybody_or_those_put_in")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE journeys_enrollment ALTER COLUMN context SET STATISTICS 0",
            "ALTER TABLE journeys_enrollment ALTER COLUMN context SET STATISTICS -1",
        )
    ]
