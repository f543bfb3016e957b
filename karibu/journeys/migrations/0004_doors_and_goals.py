"""Goals, the clocks of dates and schedules, and a note of each product that changes, whoever changes it."""

import django.db.models.deletion
from django.db import migrations, models

# Old and new rows are counted together, not joined: a join would keep the plan that was made for the first few rows.
FORWARD = """
CREATE FUNCTION journeys_product_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO journeys_productchange (product_id, price_before, price, currency_before, currency, properties_before,
        properties, at)
    SELECT product_id, max(price) FILTER (WHERE NOT is_new), max(price) FILTER (WHERE is_new),
        max(currency) FILTER (WHERE NOT is_new), max(currency) FILTER (WHERE is_new),
        (array_agg(properties) FILTER (WHERE NOT is_new))[1], (array_agg(properties) FILTER (WHERE is_new))[1], now()
    FROM (SELECT false AS is_new, product_id, price, currency, properties FROM old_rows
          UNION ALL SELECT true, product_id, price, currency, properties FROM new_rows) AS both_sides
    GROUP BY product_id
    HAVING count(*) = 2 AND count(DISTINCT (price, currency, properties)) = 2;
    IF FOUND THEN PERFORM pg_notify('karibu', 'entries'); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journeys_product_changed AFTER UPDATE ON shop_product
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journeys_product_changed();
ALTER TABLE journeys_productchange SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
"""
MONEY = {"decimal_places": 4, "max_digits": 18, "null": True}


class Migration(migrations.Migration):
    dependencies = [("journeys", "0003_drafts_can_be_undone"), ("shop", "0002_coupons")]
    operations = [
        migrations.AddField("enrollment", "converted_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Clock",
            fields=[
                (
                    "journey",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="journeys.journey",
                    ),
                ),
                ("looked_until", models.DateTimeField()),
                ("slot", models.DateTimeField(null=True)),
                ("cursor", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="ProductChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("product_id", models.CharField(max_length=200)),
                ("price_before", models.DecimalField(**MONEY)),
                ("price", models.DecimalField(**MONEY)),
                ("currency_before", models.CharField(max_length=3)),
                ("currency", models.CharField(max_length=3)),
                ("properties_before", models.JSONField()),
                ("properties", models.JSONField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(FORWARD, "DROP FUNCTION journeys_product_changed() CASCADE"),
    ]
