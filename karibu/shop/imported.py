"""Taking out of the shop what one import brought."""

from typing import Any

import psycopg

from karibu.shop.rates import convert, shop_currency
from karibu.shop.refunds import Refunds, keep_refunds
from karibu.shop.worth import keep_worth


def take_out(cursor: psycopg.Cursor[Any], import_id: int) -> dict[str, int]:
    """Removes the orders, lines, refunds, carts and products of this import; returns how many of each.

    An order that has something which came otherwise (a refund, a cancellation) is awaited again. Products that
    other orders still name stay.
    """
    _take_out_refunds(cursor, import_id)
    cursor.execute(
        """SELECT o.id, o.order_id, o.customer_id,
                  o.cancelled_at IS NOT NULL OR EXISTS (SELECT 1 FROM shop_refund r WHERE r.order_id = o.id)
           FROM shop_order o WHERE o.import_id = %s ORDER BY o.id FOR UPDATE""",
        [import_id],
    )
    orders = cursor.fetchall()
    ids = [row[0] for row in orders]
    cursor.execute("DELETE FROM shop_orderline WHERE order_id = ANY(%s)", [ids])
    lines = cursor.rowcount
    cursor.execute("DELETE FROM shop_order WHERE id = ANY(%s)", [[row[0] for row in orders if not row[3]]])
    cursor.execute(
        """UPDATE shop_order SET status = 'awaited', told = told - 'placed' - 'total' - 'lines', total = 0,
               refunded = 0, total_converted = 0, refunded_converted = 0, import_id = NULL WHERE id = ANY(%s)""",
        [[row[0] for row in orders if row[3]]],
    )
    carts = _take_out_carts(cursor, import_id, [row[1] for row in orders])
    cursor.execute(
        """DELETE FROM shop_product p WHERE p.import_id = %s
           AND NOT EXISTS (SELECT 1 FROM shop_orderline l WHERE l.product_id = p.product_id)""",
        [import_id],
    )
    products = cursor.rowcount
    keep_worth(cursor, {row[2] for row in orders})
    return {"orders": len(orders), "lines": lines, "carts": carts, "products": products}


def _take_out_refunds(cursor: psycopg.Cursor[Any], import_id: int) -> None:
    """Refunds of orders that came otherwise: those orders are settled again."""
    cursor.execute(
        """DELETE FROM shop_refund r USING shop_order o WHERE o.id = r.order_id AND r.import_id = %s
           RETURNING o.id, o.import_id, o.total, o.customer_id""",
        [import_id],
    )
    others = {row[0]: row[2:] for row in cursor.fetchall() if row[1] != import_id}
    if not others:
        return
    sums = keep_refunds(cursor, {order: total for order, (total, _) in others.items()}, Refunds(), {})
    for order, (total, _) in others.items():
        left = sums.get(order, 0)
        cursor.execute(
            """UPDATE shop_order SET refunded = %s, status = CASE WHEN status = 'refunded' AND %s < %s THEN 'placed'
               ELSE status END WHERE id = %s""",
            [left, left, total, order],
        )
    convert(cursor, list(others), shop_currency())
    keep_worth(cursor, {customer for _, customer in others.values()})


def _take_out_carts(cursor: psycopg.Cursor[Any], import_id: int, orders: list[str]) -> int:
    """Carts that the import made go; those that only its orders closed are open again."""
    cursor.execute("DELETE FROM shop_cart WHERE import_id = %s", [import_id])
    gone = cursor.rowcount
    cursor.execute(
        """UPDATE shop_cart SET order_id = '', status = CASE WHEN items = '[]'::jsonb THEN 'emptied' ELSE 'open' END
           WHERE status = 'ordered' AND order_id = ANY(%s)""",
        [orders],
    )
    return gone
