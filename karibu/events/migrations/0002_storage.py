"""How PostgreSQL keeps the tail: blocks are compressed already, and come and go all the time."""

from django.db import migrations

SQL = """
ALTER TABLE events_tailblock ALTER COLUMN ipc SET STORAGE EXTERNAL;
ALTER TABLE events_tailblock SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE events_eventcount SET (fillfactor = 70);
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
