"""Suppressions hold addresses only: the trigger on them asks for no `is_hashed` any more."""

from django.db import migrations

FUNCTION = r"""
CREATE OR REPLACE FUNCTION segments_changed_consents_suppression() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    addresses text[];
BEGIN
    IF TG_OP = 'INSERT' THEN addresses := ARRAY(SELECT DISTINCT value FROM new_rows);
    ELSIF TG_OP = 'DELETE' THEN addresses := ARRAY(SELECT DISTINCT value FROM old_rows);
    ELSE addresses := ARRAY(SELECT value FROM new_rows UNION SELECT value FROM old_rows);
    END IF;
    PERFORM segments_note(ARRAY(SELECT DISTINCT id FROM unnest(addresses) AS a(value), segments_having(a.value) AS id));
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("segments", "0003_horizon"), ("consents", "0004_topics_and_reasons")]
    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]
