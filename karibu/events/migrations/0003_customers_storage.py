"""Who is in a block is written as it is: to compress 25,000 ids took a connection longer than all the rest of it."""

from django.db import migrations

FORWARD = "ALTER TABLE events_tailblock ALTER COLUMN customers SET STORAGE EXTERNAL;"
BACKWARD = "ALTER TABLE events_tailblock ALTER COLUMN customers SET STORAGE EXTENDED;"


class Migration(migrations.Migration):
    dependencies = [("events", "0002_storage")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
