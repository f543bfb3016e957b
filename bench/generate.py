"""Fills an installation with N customers and M events of a shop's year, the same every time, in the final layout."""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

# Everything random is a hash of (row, month, purpose): the same on every machine.
DRAWS = """
CREATE MACRO u(i, month, purpose) AS hash(i || purpose || month) / 18446744073709551616.0;
CREATE MACRO pick(list, x) AS list[1 + floor(x * len(list))::BIGINT];
CREATE MACRO price(product) AS (3 + floor(u(product, 0, 'price') * 18000) / 100)::DECIMAL(18,4);
CREATE MACRO browser(customer) AS 'b-' || md5(customer::VARCHAR);
"""
FIRST = "Amina Juma Neema Baraka Zuri Kito Asha Jabali Imani Rashidi Ana João Thandi Sipho Keza Eric Nia Sam Lea Omar"
LAST = "Mutoni Uwase Okello Mwangi Silva Santos Dlamini Nkosi Habimana Kamau Otieno Costa Moyo Banda Ndlovu Abebe"
CATEGORIES = "Shoes Baskets Fabrics Coffee Kitchen Jewellery Toys Books Beauty Garden"
SORTED = """
CREATE OR REPLACE TABLE sorted AS
SELECT i, 1 + floor({customers} * pow(u(i, {month}, 'who'), 1.3))::BIGINT AS customer,
       {start}::TIMESTAMPTZ + to_microseconds((u(i, {month}, 'when') * {length})::BIGINT) AS time
FROM range({rows}) AS rows(i) ORDER BY {order}
"""
EVENTS = """
WITH drawn AS (
    SELECT *, u(i, {month}, 'what') AS what, 'p-' || floor(1000 * pow(u(i, {month}, 'product'), 2))::INT AS thing
    FROM sorted
), named AS (
    SELECT *, price(thing) AS cost, CASE
        WHEN what < 0.45 THEN 'Page Viewed' WHEN what < 0.75 THEN 'Product Viewed'
        WHEN what < 0.83 THEN 'Product List Viewed' WHEN what < 0.88 THEN 'Products Searched'
        WHEN what < 0.94 THEN 'Product Added' WHEN what < 0.97 THEN 'Checkout Started'
        WHEN what < 0.99 THEN 'Order Completed' ELSE 'Identified' END AS name,
        (what >= 0.45 AND what < 0.75) OR (what >= 0.88 AND what < 0.99) AS is_product,
        pick(string_split('{categories}', ' '), u(thing, 0, 'category')) AS section
    FROM drawn
)
SELECT 'm-{month}-' || i AS message_id, customer, CASE name WHEN 'Page Viewed' THEN 'page' WHEN 'Identified' THEN
           'identify' ELSE 'track' END AS type, name, time, time + INTERVAL 40 MILLISECONDS AS received_at,
       1::BIGINT AS source_id, 'Web shop' AS source, 'web' AS channel, false AS historical,
       browser(customer) AS anonymous_id, CASE WHEN customer % 5 < 3 THEN 'u-' || customer END AS user_id,
       CASE WHEN name = 'Order Completed' THEN 'o-{month}-' || i END AS order_id,
       CASE WHEN what >= 0.88 AND what < 0.99 THEN 'c-' || customer || '-{month}' END AS cart_id,
       CASE WHEN is_product THEN thing END AS product_id, CASE WHEN is_product THEN section END AS category,
       CASE WHEN name = 'Products Searched' THEN lower(section) END AS query,
       CASE WHEN is_product THEN cost END AS value, CASE WHEN is_product THEN 'USD' END AS currency,
       CASE WHEN is_product THEN 1::BIGINT END AS quantity,
       'https://shop.example/' || CASE WHEN is_product THEN 'products/' || thing ELSE lower(section) END AS url,
       CASE WHEN u(i, {month}, 'from') < 0.3 THEN 'https://search.example/' END AS referrer,
       CASE WHEN name = 'Order Completed' THEN [{{'product_id': thing, 'name': section || ' ' || thing,
           'category': section, 'price': cost, 'quantity': 1::BIGINT}}] END AS items,
       CASE WHEN is_product THEN '{{"product_id":"' || thing || '","name":"' || section || ' ' || thing ||
           '","category":"' || section || '","price":' || cost || ',"currency":"USD","quantity":1}}' END AS properties,
       '{{"page":{{"url":"https://shop.example/' || lower(section) || '","path":"/' || lower(section) ||
           '","title":"' || section || '"}},"userAgent":"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36",'
           || '"locale":"en-RW","screen":{{"width":412,"height":915}}}}' AS context
FROM named
"""
CUSTOMERS = """
CREATE TABLE people AS
SELECT id, id % 5 < 3 AS is_known, u(id, 0, 'country') AS place,
       pick(string_split('{first}', ' '), u(id, 0, 'first')) AS first,
       pick(string_split('{last}', ' '), u(id, 0, 'last')) AS last,
       coalesce(orders, 0) AS orders, coalesce(spent, 0) AS spent, last_order_at,
       coalesce(first_seen, {start}::TIMESTAMPTZ) AS first_seen, coalesce(last_seen, {start}::TIMESTAMPTZ) AS last_seen
FROM (SELECT unnest(range(1, {customers} + 1)) AS id)
LEFT JOIN (SELECT customer AS id, count(*) AS orders, sum(value) AS spent, max(time) AS last_order_at
           FROM orders GROUP BY ALL) USING (id)
LEFT JOIN (SELECT customer AS id, min(first_seen) AS first_seen, max(last_seen) AS last_seen
           FROM seen GROUP BY ALL) USING (id)
"""
EMAIL = "lower(first) || '.' || lower(last) || id || '@example.com'"
TABLES: list[tuple[str, str]] = [
    (
        "customers.Customer",
        f"""SELECT id, CASE WHEN is_known THEN first || ' ' || last ELSE '' END AS name,
                   CASE WHEN is_known THEN {EMAIL} ELSE '' END AS email,
                   pick(['RW', 'KE', 'TZ', 'ZA', 'BR'], place) AS country, 'Web shop' AS first_source,
                   first_seen AS created_at, NOT is_known AS is_anonymous, orders, spent, last_order_at,
                   CASE WHEN is_known THEN lower(first) || ' ' || lower(last) || ' ' || {EMAIL} || ' ' ||
                       lower(last) || id || ' example com u ' || id ELSE '' END AS search FROM people ORDER BY id""",
    ),
    ("customers.Activity", "SELECT id AS customer_id, first_seen, last_seen FROM people ORDER BY id"),
    (
        "customers.Identity",
        f"""SELECT row_number() OVER () AS id, * FROM (
                SELECT 'anonymous' AS kind, browser(id) AS value, id AS customer_id, 'Web shop' AS source,
                       'first event' AS evidence, first_seen FROM people
                UNION ALL SELECT 'external', 'u-' || id, id, 'Web shop', 'identify', first_seen
                FROM people WHERE is_known
                UNION ALL SELECT 'email', {EMAIL}, id, 'Web shop', 'identify', first_seen
                FROM people WHERE is_known)""",
    ),
    (
        "shop.Order",
        """SELECT row_number() OVER () AS id, order_id, customer AS customer_id, cart_id, 'placed' AS status,
                  time AS placed_at, value AS total, 'USD' AS currency, value AS total_converted, 'web' AS channel,
                  'Web shop' AS source, time AS updated_at FROM orders ORDER BY time""",
    ),
    (
        "events.EventCount",
        """SELECT row_number() OVER () AS id, hour, 0 AS lane, source, channel, name, sum(count) AS count
           FROM counts GROUP BY ALL""",
    ),
]  # fmt: skip


def generate(customers: int, events: int, months: int = 12, *, say: Callable[[str], None] = print) -> None:
    """Writes the lake, month by month, and then PostgreSQL's tables. Both must be empty. Django must be set up."""
    from karibu.events import lake

    if lake.exists():
        raise SystemExit("This installation has a log already; generate fills an empty one.")
    begun = time.perf_counter()
    table = lake.created()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "drawn.db")) as own:
        own.execute(f"SET memory_limit = '1GB'; SET threads = 2; SET TimeZone = 'UTC'; {DRAWS}")
        spans = _spans(months)
        for number, (start, end) in enumerate(spans):
            _month(own, table, number, start, end, events // months, customers, is_open=end is spans[-1][1])
            say(f"{start:%Y-%m}: {(number + 1) * (events // months):,} events, {time.perf_counter() - begun:.0f} s")
        first, last = FIRST.replace("'", ""), LAST
        own.execute(CUSTOMERS.format(first=first, last=last, customers=customers, start=_sql(spans[0][0])))
        for model, select in TABLES:
            say(f"{model}: {_copy(own, model, select, Path(folder)):,} rows, {time.perf_counter() - begun:.0f} s")
    lake.confirm(table.version())


def _spans(months: int) -> list[tuple[datetime, datetime]]:
    """The last months, the present one up to now."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    starts = [now.replace(day=1, hour=0)]
    while len(starts) < months:
        starts.insert(0, (starts[0] - timedelta(days=1)).replace(day=1))
    return list(zip(starts, [*starts[1:], now], strict=True))


def _month(
    own: duckdb.DuckDBPyConnection, table: Any, number: int, start: datetime, end: datetime, rows: int,
    customers: int, *, is_open: bool,
) -> None:  # fmt: skip
    from karibu.events import lake, rewrite, schema

    length = int((end - start).total_seconds() * 1e6)
    spans = max(1, rows // rewrite.SPAN)  # "when" is the share of the month that has passed
    order = ("" if not is_open else f"floor({spans} * u(i, {number}, 'when')), ") + "customer, time"
    drawn = {"month": number, "customers": customers, "start": _sql(start), "length": length, "rows": rows}
    own.execute(SORTED.format(order=order, **drawn))
    select = EVENTS.format(month=number, categories=CATEGORIES)
    have = {column[0] for column in own.execute(f"DESCRIBE {select}").fetchall()}
    columns = ", ".join(name if name in have else f"NULL AS {name}" for name in schema.schema().names)
    batches = own.sql(f"SELECT {columns} FROM ({select})").to_arrow_reader(lake.ROW_GROUP)
    kind = rewrite.BY_TIME if is_open else rewrite.BY_CUSTOMER
    lake.commit(table, list(rewrite.written(batches, f"{start:%Y-%m}", kind)))
    _remember(own, select)


def _remember(own: duckdb.DuckDBPyConnection, select: str) -> None:
    """What PostgreSQL's tables are made of later: the month's orders, who was seen when, and its counts."""
    remembered = {
        "orders": f"SELECT order_id, cart_id, customer, time, value FROM ({select}) WHERE name = 'Order Completed'",
        "seen": "SELECT customer, min(time) AS first_seen, max(time) AS last_seen FROM sorted GROUP BY ALL",
        "counts": f"""SELECT date_trunc('hour', time) AS hour, source, channel, name, count(*) AS count
                      FROM ({select}) GROUP BY ALL""",
    }
    for table, rows in remembered.items():
        own.execute(f"CREATE TABLE IF NOT EXISTS {table} AS {rows} LIMIT 0")
        own.execute(f"INSERT INTO {table} {rows}")


def _copy(own: duckdb.DuckDBPyConnection, model: str, select: str, folder: Path) -> int:
    """Fills the model's table; columns that the query does not give get the model's defaults."""
    from django.apps import apps
    from django.db import connection, transaction

    fields = apps.get_model(model)._meta
    given = [column[0] for column in own.execute(f"DESCRIBE {select}").fetchall()]
    plain = {f.column: f.get_default() for f in fields.concrete_fields if f.column not in given and not f.null}
    defaults = {name: json.dumps(v) if isinstance(v, dict | list) else v for name, v in plain.items() if v is not None}
    extra = "".join(f", {_sql(value)} AS {name}" for name, value in defaults.items())
    file = folder / "rows.csv"
    own.execute(f"COPY (SELECT *{extra} FROM ({select})) TO '{file}' (FORMAT csv, HEADER false, FORCE_QUOTE *)")
    columns = ", ".join(f'"{name}"' for name in [*given, *defaults])
    nulls = ", ".join(f'"{f.column}"' for f in fields.concrete_fields if f.null and f.column in given)
    options = f"FORMAT csv{f', FORCE_NULL ({nulls})' if nulls else ''}"
    with transaction.atomic(), connection.cursor() as cursor, file.open("rb") as source:
        with cursor.copy(f"COPY {fields.db_table} ({columns}) FROM STDIN ({options})") as copy:
            while block := source.read(1 << 20):
                copy.write(block)
        if "id" in given:
            sequence = f"pg_get_serial_sequence('{fields.db_table}', 'id')"
            cursor.execute(f"SELECT setval({sequence}, max(id)) FROM {fields.db_table}")
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {fields.db_table}")
    counted = own.execute(f"SELECT count(*) FROM ({select})").fetchone()
    return int(counted[0]) if counted else 0


def _sql(value: Any) -> str:
    return str(value) if isinstance(value, bool | int) else f"'{value}'"


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench generate", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--months", type=int, default=12)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "karibu.config.settings")
    from karibu.config import postgres

    with postgres.running():
        import django

        django.setup()
        from karibu.config.prepare import migrate

        migrate()
        generate(options.customers, options.events, options.months)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
