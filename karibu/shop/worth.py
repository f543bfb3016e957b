"""What each customer's orders come to: Customer.orders, spent and last_order_at, in the shop's currency."""

from collections.abc import Iterable
from typing import Any

import psycopg


def keep_worth(cursor: psycopg.Cursor[Any], customers: Iterable[int]) -> None:
    """Counts again for these customers. Cancelled and awaited orders count nowhere; refunds are taken off.

    The rows are locked by a statement of their own: the counting that follows then sees what others committed.
    """
    ids = sorted(set(customers) - {0})
    if not ids:
        return
    cursor.execute("SELECT id FROM customers_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
    cursor.execute(
        """UPDATE customers_customer c SET orders = w.orders, spent = w.spent, last_order_at = w.last
           FROM (SELECT t.id, count(o.id) AS orders, max(o.placed_at) AS last,
                        coalesce(sum(o.total_converted - o.refunded_converted), 0) AS spent
                 FROM unnest(%s::bigint[]) AS t(id)
                 LEFT JOIN shop_order o ON o.customer_id = t.id AND o.status IN ('placed', 'refunded')
                 GROUP BY t.id) w
           WHERE c.id = w.id AND (c.orders, c.spent, c.last_order_at) IS DISTINCT FROM (w.orders, w.spent, w.last)""",
        [ids],
    )
