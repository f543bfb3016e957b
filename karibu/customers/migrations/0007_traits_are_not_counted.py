"""No plan depends on what stands in the traits, and counting them was a good part of what ANALYZE took."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_more_lists_of_millions")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE customers_customer ALTER COLUMN traits SET STATISTICS 0",
            "ALTER TABLE customers_customer ALTER COLUMN traits SET STATISTICS -1",
        )
    ]
