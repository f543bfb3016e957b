"""Whom a product that changed would have brought in.

One that got cheaper: by the prices that views and carts showed then. What live notes of each changed product (goods.py)
is not kept; but each view and each cart of the log says a price, and those are what products learn theirs from. Stock
stands in product lists alone: of that, live keeps what changed.
"""

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from karibu.customers import raw
from karibu.events import engine, log
from karibu.events.arrays import with_bulk_arrays
from karibu.journeys.entries.product import Change, Goods
from karibu.journeys.goods import TODAY
from karibu.journeys.models import StockChange

_MOMENT = "CASE WHEN historical THEN time ELSE received_at END"
# What was paid teaches no price (shop/products.py).
_PRICES = f"""
    SELECT item.product_id AS product, item.price AS price, coalesce(currency, '') AS currency, moment
    FROM (SELECT currency, {_MOMENT} AS moment, unnest(items) AS item FROM events
        WHERE time >= $before AND time < $until AND name NOT LIKE 'Order %' AND items IS NOT NULL)
    WHERE item.price IS NOT NULL AND item.product_id <> ''"""  # noqa: S608 - an expression of ours
_FALLS = """
    CREATE OR REPLACE TEMP TABLE falls AS
    SELECT * FROM (
        SELECT *, lag(price) OVER w AS before, lag(currency) OVER w AS currency_before FROM prices
        WINDOW w AS (PARTITION BY product ORDER BY moment, price))
    WHERE currency = currency_before AND price <= before * (100 - $percent) / 100 AND moment > $since"""
_DEEDS = f"""
    SELECT customer, product_id AS product, {_MOMENT} AS moment, false AS bought FROM events
    WHERE time >= $before AND time < $until AND customer > 0 AND name IN (SELECT unnest($names))
        AND product_id IN (SELECT unnest($products))"""  # noqa: S608 - as above
_ORDERS = f"""
    SELECT customer, item.product_id AS product, moment, true AS bought
    FROM (SELECT customer, {_MOMENT} AS moment, unnest(items) AS item FROM events
        WHERE name = 'Order Completed' AND time >= $before AND time < $until AND customer > 0)
    WHERE item.product_id IN (SELECT unnest($products))"""  # noqa: S608 - as above
# Whoever did it in time comes, unless the last that they did with it was to order it.
_COMERS = """
    SELECT customer, moment, product AS comes, to_json({'product_id': product, 'currency': currency,
        'price_now': CAST(price AS VARCHAR), 'price_before': CAST(before AS VARCHAR)})::VARCHAR AS knowing
    FROM (
        SELECT today.person AS customer, f.*, max(d.moment) FILTER (NOT d.bought) AS did,
            max(d.moment) FILTER (d.bought) AS ordered
        FROM falls f JOIN (FROM deeds UNION ALL FROM orders) d ON d.product = f.product AND d.moment < f.moment
        JOIN today ON today.id = d.customer GROUP BY ALL)
    WHERE did >= moment - to_days($within) AND (ordered IS NULL OR ordered < did)"""
_STOCK = """
    CREATE OR REPLACE TEMP TABLE falls AS
    SELECT product, moment, NULL::DECIMAL(18, 4) AS price, NULL::DECIMAL(18, 4) AS before, '' AS currency
    FROM changed"""
_CHANGED = pa.schema([("product", pa.string()), ("moment", pa.timestamp("us", "UTC"))])
_PAIRS = pa.schema([("id", pa.int64()), ("person", pa.int64())])


def comers(rule: Goods, since: datetime, until: datetime) -> pa.Table | None:
    """(customer, moment, comes, knowing) as times.COLUMNS; None where there was no such change."""
    before = since - timedelta(days=rule.within_days)
    with engine.cursor() as own:
        find = _falls if rule.change == "price_drop" else _stock
        products = find(own, rule, since, before, until)
        if not products:
            return None
        asked = {"products": products, "before": before, "until": until}
        deeds = log.query(_DEEDS, {**asked, "names": rule.deeds}, since=before, until=until)
        own.register("deeds", deeds)
        own.register("orders", log.query(_ORDERS, asked, since=before, until=until))
        own.register("today", _today(deeds["customer"].unique().to_pylist()))
        return own.sql(_COMERS, params={"within": rule.within_days}).to_arrow_table()


def _falls(own: Any, rule: Goods, since: datetime, before: datetime, until: datetime) -> list[str]:
    """The products that got so much cheaper; when and by how much stands in the table `falls`."""
    own.register("prices", log.query(_PRICES, {"before": before, "until": until}, since=before, until=until))
    own.execute(_FALLS, {"percent": rule.percent, "since": since})
    return [row[0] for row in own.sql("SELECT DISTINCT product FROM falls ORDER BY 1").fetchall()]


def _stock(own: Any, rule: Goods, since: datetime, before: datetime, until: datetime) -> list[str]:
    """The products whose stock changed so; when stands in the table `falls`."""
    told = StockChange.objects.filter(at__gt=since, at__lt=until).order_by("at", "pk")
    rows = told.values_list("product_id", "at", "before", "after")
    meant = [(product, at) for product, at, *both in rows if rule.means(Change(product, None, None, "", "", *both))]
    own.register(
        "changed", pa.table([list(column) for column in zip(*meant, strict=True)] or [[], []], schema=_CHANGED)
    )
    own.execute(_STOCK)
    return sorted({product for product, _at in meant})


def _today(customers: list[int]) -> pa.Table:
    """Who they are known to be today, where that is somebody with a name."""
    cursor = with_bulk_arrays(raw.cursor())
    cursor.execute(TODAY, [customers])
    pairs = cursor.fetchall()
    return pa.table({"id": [pair[0] for pair in pairs], "person": [pair[1] for pair in pairs]}, schema=_PAIRS)
