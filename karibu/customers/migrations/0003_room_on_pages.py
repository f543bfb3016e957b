"""Room on each page for a customer's next version: it then stays where it is, and no index has to learn of it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_customer_import")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE customers_customer SET (fillfactor = 80)",
            "ALTER TABLE customers_customer RESET (fillfactor)",
        )
    ]
