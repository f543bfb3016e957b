"""Whether somebody has ordered, beside when they were seen (0006 fills it in and makes a list's index of it).

It stands twice. The database keeps the second: orders are counted in several places, and none
of them can forget it.
"""

from django.db import migrations, models

TRIGGERS = """
CREATE FUNCTION customers_has_ordered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE customers_activity SET has_ordered = NEW.orders > 0 WHERE customer_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_has_ordered AFTER UPDATE OF orders ON customers_customer FOR EACH ROW
    WHEN ((OLD.orders > 0) IS DISTINCT FROM (NEW.orders > 0)) EXECUTE FUNCTION customers_has_ordered();
CREATE FUNCTION customers_seen_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE customers_activity a SET has_ordered = true FROM new_rows n JOIN customers_customer c ON c.id = n.customer_id
    WHERE c.orders > 0 AND a.customer_id = n.customer_id AND NOT a.has_ordered;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_seen_first AFTER INSERT ON customers_activity REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION customers_seen_first();
"""
NO_TRIGGERS = "DROP FUNCTION customers_has_ordered() CASCADE; DROP FUNCTION customers_seen_first() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_lists_of_millions")]
    operations = [
        migrations.AddField("activity", "has_ordered", models.BooleanField(default=False, db_default=False)),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
