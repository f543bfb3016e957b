"""What changes with products brings in who looked at them or put them into a cart, and has not ordered them since."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from karibu.customers import raw
from karibu.customers.raw import Cursor
from karibu.events import log
from karibu.journeys import doors, live
from karibu.journeys.doors import Arrival
from karibu.journeys.entries.product import Change, Goods
from karibu.journeys.live import Way
from karibu.journeys.models import StockChange
from karibu.shop import stock

logger = logging.getLogger("karibu.journeys")
MOST = 500  # products looked at together
KEPT = timedelta(days=400)

_TAKE = """
    DELETE FROM journeys_productchange WHERE id IN (
        SELECT id FROM journeys_productchange ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING id, product_id, price_before, price, currency_before, currency, properties_before, properties, at"""
# Who did what with which of these products, and when last; the log knows people under earlier numbers, too.
_DID = """
    SELECT customer, product_id, max(time) AS at FROM events
    WHERE name IN (SELECT unnest($names)) AND product_id IN (SELECT unnest($products)) AND time >= $since
        AND customer > 0
    GROUP BY customer, product_id"""
TODAY = """
    SELECT n.id, c.id FROM unnest(%s::bigint[]) AS n(id) JOIN customers_customer o ON o.id = n.id
    JOIN customers_customer c ON c.id = coalesce(o.merged_into, o.id)
    WHERE c.erased_at IS NULL AND NOT c.is_anonymous"""
_ORDERED = """
    SELECT o.customer_id, l.product_id, max(o.placed_at) FROM shop_order o JOIN shop_orderline l ON l.order_id = o.id
    WHERE o.customer_id = ANY(%s) AND l.product_id = ANY(%s) AND o.status IN ('placed', 'refunded')
    GROUP BY 1, 2"""


def look(now: datetime) -> int:
    """Lets in who is concerned by some of the changes that nobody has looked at; returns how many changes."""
    with transaction.atomic():
        cursor = raw.cursor()
        cursor.execute(_TAKE, [MOST])
        rows: list[Any] = sorted(cursor.fetchall(), key=lambda row: row[0])
        each = [(Change(*row[1:6], *map(live.decoded, row[6:8])), row[8]) for row in rows]
        _keep_stock(each)
        changes = together(change for change, _at in each)
        for way in live.rules(cursor).goods if changes else ():
            rule = way.definition.entry.product
            meant = {change.product_id: change for change in changes if rule and _is_meant(rule, change)}
            if rule and meant:
                for some in doors.parts(arrivals(cursor, way, rule, meant, now)):
                    doors.enter(cursor, some, now)
    return len(rows)


def _keep_stock(changes: Sequence[tuple[Change, datetime]]) -> None:
    """For rehearsals: the stock of the past stands nowhere else."""
    told = [(c.product_id, at, _summary(c.properties_before), _summary(c.properties)) for c, at in changes]
    StockChange.objects.bulk_create(
        StockChange(product_id=product, at=at, before=before, after=after)
        for product, at, before, after in told
        if before != after
    )


def _summary(properties: Any) -> dict[str, Any]:
    return stock.summary(properties) if isinstance(properties, dict) else {}


def forget_stock(now: datetime) -> None:
    """What is older than any rehearsal looks back."""
    StockChange.objects.filter(at__lt=now - KEPT).delete()


def _is_meant(rule: Goods, change: Change) -> bool:
    """Properties that nobody can read are no change, and hold up no other."""
    try:
        return rule.means(change)
    except (AttributeError, TypeError, ValueError):
        logger.warning("a changed product could not be understood")
        return False


def together(changes: Iterable[Change]) -> list[Change]:
    """One for each product: what it was before the first, and is after the last."""
    found: dict[str, Change] = {}
    for change in changes:
        first = found.get(change.product_id, change)
        found[change.product_id] = replace(
            change,
            price_before=first.price_before,
            currency_before=first.currency_before,
            properties_before=first.properties_before,
        )
    return list(found.values())


def arrivals(cursor: Cursor, way: Way, rule: Goods, meant: Mapping[str, Change], now: datetime) -> list[Arrival]:
    """Everybody who did what the rule asks for with one of these products, once for each."""
    since = now - timedelta(days=rule.within_days)
    found = _did(cursor, rule.deeds, sorted(meant), since)
    ordered = _ordered(cursor, {customer for customer, _ in found}, sorted(meant))
    return [
        Arrival(way, customer, product, now, context(meant[product]))
        for (customer, product), at in sorted(found.items())
        if not (bought := ordered.get((customer, product))) or bought < at
    ]


def context(change: Change) -> dict[str, str]:
    """What messages may say: {{ product_id }}, {{ price_before }}, {{ price_now }}, {{ currency }}."""
    said = {"product_id": change.product_id, "currency": change.currency}
    if change.price is not None:
        said["price_now"] = f"{change.price:f}"
    if change.price_before is not None:
        said["price_before"] = f"{change.price_before:f}"
    return said


def _did(
    cursor: Cursor, names: Sequence[str], products: Sequence[str], since: datetime
) -> dict[tuple[int, str], datetime]:
    told = log.query(_DID, {"names": names, "products": products, "since": since}, since=since).to_pylist()
    cursor.execute(TODAY, [sorted({row["customer"] for row in told})])
    today = dict(cursor.fetchall())
    found: dict[tuple[int, str], datetime] = defaultdict(lambda: since)
    for row in told:
        if customer := today.get(row["customer"]):
            key = customer, row["product_id"]
            found[key] = max(found[key], row["at"])
    return found


def _ordered(cursor: Cursor, customers: Collection[int], products: Sequence[str]) -> dict[tuple[int, str], datetime]:
    cursor.execute(_ORDERED, [sorted(customers), products])
    return {(customer, product): at for customer, product, at in cursor.fetchall()}
