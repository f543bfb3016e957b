"""Refunds: each counts once, and what it comes to is settled against its order as it is known now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from karibu.events.commerce import identifier
from karibu.events.event import Event


@dataclass(slots=True)
class Asked:
    """What one refund event said. Neither an amount nor items: all that is left of the order."""

    key: str
    at: datetime
    amount: Decimal | None
    items: list[dict[str, Any]]
    import_id: int | None = None


@dataclass
class Refunds:
    """The refunds of one batch, by the shop's order id and key."""

    by_order: dict[str, dict[str, Asked]] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        given = identifier(event.properties.get("refund_id") or event.properties.get("refundId"))
        key = f"{event.order_id}:{given}" if given else event.message_id[:400]
        items = [
            {"product_id": i.product_id, "quantity": i.quantity, "price": None if i.price is None else str(i.price)}
            for i in event.items
        ]
        amount = None if event.value is None else abs(event.value)
        asked = Asked(key, event.time, amount, items, event.import_id or None)
        self.by_order.setdefault(event.order_id, {}).setdefault(key, asked)


def keep_refunds(
    cursor: psycopg.Cursor[Any], placed: Mapping[int, Decimal], heard: Refunds, ids: Mapping[str, int]
) -> dict[int, Decimal]:
    """Adds what was heard, settles all refunds of the `placed` orders (id: total), returns {id: sum refunded}.

    Orders that have no refund are not in the answer.
    """
    if heard.by_order:
        _add(cursor, heard, ids)
    cursor.execute(
        "SELECT order_id, id, key, at, asked, items::text, amount FROM shop_refund WHERE order_id = ANY(%s)",
        [list(placed)],
    )
    rows = cursor.fetchall()
    if not rows:
        return {}
    prices = _prices(cursor, {row[0] for row in rows if row[4] is None and row[5] != "[]"})
    return _settle(cursor, rows, placed, prices)


def _add(cursor: psycopg.Cursor[Any], heard: Refunds, ids: Mapping[str, int]) -> None:
    rows = [
        (ids[order_id], asked.key, asked.amount, Jsonb(asked.items), asked.at, asked.import_id)
        for order_id, by_key in sorted(heard.by_order.items())
        if order_id in ids
        for asked in by_key.values()
    ]
    if rows:
        cursor.executemany(
            """INSERT INTO shop_refund (order_id, key, asked, items, amount, at, import_id)
               VALUES (%s, %s, %s, %s, 0, %s, %s) ON CONFLICT (key) DO NOTHING""",
            rows,
        )


def _prices(cursor: psycopg.Cursor[Any], orders: set[int]) -> dict[tuple[int, str], Decimal]:
    """What one piece of each product cost in these orders, for refunds that name products but no amounts."""
    if not orders:
        return {}
    cursor.execute(
        """SELECT order_id, product_id, sum(total) / nullif(sum(quantity), 0) FROM shop_orderline
           WHERE order_id = ANY(%s) GROUP BY 1, 2""",
        [list(orders)],
    )
    return {(order, product): price for order, product, price in cursor.fetchall() if price is not None}


def _settle(
    cursor: psycopg.Cursor[Any],
    rows: list[tuple[Any, ...]],
    placed: Mapping[int, Decimal],
    prices: Mapping[tuple[int, str], Decimal],
) -> dict[int, Decimal]:
    """In the order of their times, each takes what it asked for, as far as something is left."""
    sums: dict[int, Decimal] = {}
    for order, refund, _, _, asked, text, before in sorted(rows, key=lambda row: (row[0], row[3], row[2])):
        left = placed[order] - sums.setdefault(order, Decimal(0))
        items = msgspec.json.decode(text)
        wanted = asked if asked is not None else _worth(order, items, prices) if items else left
        amount = max(Decimal(0), min(wanted, left))
        sums[order] += amount
        if amount != before:
            cursor.execute("UPDATE shop_refund SET amount = %s WHERE id = %s", [amount, refund])
    return sums


def _worth(order: int, items: list[dict[str, Any]], prices: Mapping[tuple[int, str], Decimal]) -> Decimal:
    worth = Decimal(0)
    for item in items:
        price = Decimal(item["price"]) if item["price"] else prices.get((order, item["product_id"]), Decimal(0))
        worth += price * item["quantity"]
    return worth.quantize(Decimal("0.0001"))
