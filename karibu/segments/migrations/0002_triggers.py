"""Whoever changes what the mirror has a column for leaves a note of whom: in Touched for the live segments, in Stale
for the mirror itself. Triggers see every way in: pipeline, pages, imports, and somebody at the database's own prompt."""

from django.db import migrations

# Old and new rows are compared as sets: a join of the two would keep the plan that was made for the first few rows.
NOTE = """
CREATE FUNCTION segments_note(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(ids) BETWEEN 1 AND 1000 THEN
        INSERT INTO segments_touched (customers, event, rows_changed) VALUES (ids, '', true);
        INSERT INTO segments_stale (customers) VALUES (ids);
    ELSIF cardinality(ids) > 1000 THEN
        WITH parts AS MATERIALIZED (
            SELECT array_agg(id) AS customers FROM unnest(ids) WITH ORDINALITY AS u(id, n) GROUP BY n / 1000
        ), touched AS (
            INSERT INTO segments_touched (customers, event, rows_changed) SELECT customers, '', true FROM parts
        )
        INSERT INTO segments_stale (customers) SELECT customers FROM parts;
    END IF;
END $$;
"""

# {table: (the customer, what counts beside it, which rows count)}
TABLES = {
    "customers_customer": (
        "id",
        "name, email, phone, country, city, language, timezone, traits, first_source, created_at, is_anonymous, orders,"
        " spent, last_order_at, merged_into, erased_at",
        "true",
    ),
    "consents_consent": ("customer_id", "channel, topic, status, strength, at", "true"),
    "shop_cart": ("customer_id", "value, updated_at", "status = 'open'"),
    "shop_order": ("customer_id", "placed_at", "status IN ('placed', 'refunded')"),
    "segments_rfm": ("customer_id", '"group", recency, frequency, monetary', "true"),
}

# An address may be that of several customers: their search words know it, and who once had it as an identifier.
ADDRESSES = r"""
CREATE FUNCTION segments_having(address text) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    word text := left(ltrim(lower(address), '+'), 100);
BEGIN
    IF word <> '' THEN
        RETURN QUERY SELECT c.id FROM customers_customer c
            WHERE c.search @@ ('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''')::tsquery
                AND address IN (lower(c.email), lower(c.phone));
    END IF;
    RETURN QUERY SELECT i.customer_id FROM customers_identity i
        WHERE i.kind IN ('email', 'phone') AND i.value = address;
END $$;
CREATE FUNCTION segments_changed_consents_suppression() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    addresses text[];
BEGIN
    IF TG_OP = 'INSERT' THEN addresses := ARRAY(SELECT DISTINCT value FROM new_rows WHERE NOT is_hashed);
    ELSIF TG_OP = 'DELETE' THEN addresses := ARRAY(SELECT DISTINCT value FROM old_rows WHERE NOT is_hashed);
    ELSE addresses := ARRAY(SELECT value FROM new_rows UNION SELECT value FROM old_rows);
    END IF;
    PERFORM segments_note(ARRAY(SELECT DISTINCT id FROM unnest(addresses) AS a(value), segments_having(a.value) AS id));
    RETURN NULL;
END $$;
"""


def function(table: str, customer: str, others: str, counts: str) -> str:
    row = f"id, {customer}, {others}" if customer != "id" and table != "segments_rfm" else f"{customer}, {others}"
    new, old = (f"SELECT {row} FROM {side}_rows WHERE {counts}" for side in ("new", "old"))
    was = f" UNION SELECT {customer} FROM ({old} EXCEPT {new}) AS was" if customer != "id" else ""
    return f"""
CREATE FUNCTION segments_changed_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN ids := ARRAY(SELECT DISTINCT {customer} FROM new_rows WHERE {counts});
    ELSIF TG_OP = 'DELETE' THEN ids := ARRAY(SELECT DISTINCT {customer} FROM old_rows WHERE {counts});
    ELSE ids := ARRAY(SELECT {customer} FROM ({new} EXCEPT {old}) AS changed{was});
    END IF;
    PERFORM segments_note(ids);
    RETURN NULL;
END $$;
"""


def triggers(table: str) -> str:
    rows = {
        "insert": "NEW TABLE AS new_rows",
        "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "OLD TABLE AS old_rows",
    }
    return "".join(
        f"CREATE TRIGGER segments_{verb} AFTER {verb.upper()} ON {table} REFERENCING {seen}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION segments_changed_{table}();\n"
        for verb, seen in rows.items()
    )


WATCHED = [*TABLES, "consents_suppression"]
FORWARD = (
    NOTE
    + ADDRESSES
    + "".join(function(table, *said) for table, said in TABLES.items())
    + "".join(triggers(table) for table in WATCHED)
)
BACKWARD = (
    "".join(f"DROP FUNCTION segments_changed_{table}() CASCADE;\n" for table in WATCHED)
    + "DROP FUNCTION segments_having(text); DROP FUNCTION segments_note(bigint[]);"
)
# Queues, whose rows live for seconds: vacuumed by rows, not by share.
QUEUES = """
ALTER TABLE segments_touched SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
ALTER TABLE segments_stale SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("segments", "0001_initial"),
        ("customers", "0001_initial"),
        ("consents", "0001_initial"),
        ("shop", "0001_initial"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD), migrations.RunSQL(QUEUES, migrations.RunSQL.noop)]
