"""How PostgreSQL keeps the inbox: a queue, whose rows live for a second."""

from django.db import migrations

FORWARD = """
    -- Compressing what is read once and deleted costs more than it saves.
    ALTER TABLE collect_inboxrow ALTER COLUMN body SET STORAGE EXTERNAL;
    -- Vacuumed by rows, not by share, and at full speed, so that it stays small under load.
    ALTER TABLE collect_inboxrow SET (
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000000000,
        toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 50000,
        toast.autovacuum_vacuum_cost_delay = 0
    );
    -- Only ever inserted into and truncated: no table of hashes is worth a vacuum or statistics.
    ALTER TABLE collect_seen0 SET (autovacuum_enabled = off);
    ALTER TABLE collect_seen1 SET (autovacuum_enabled = off);
    ALTER TABLE collect_seen2 SET (autovacuum_enabled = off);
"""


class Migration(migrations.Migration):
    dependencies = [("collect", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
