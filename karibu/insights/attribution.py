"""Which message earned which order: the last click of a person within five days before it, written once per order.

Machines' clicks do not count. What was refunded since is taken off when revenue is read (definitions.NET), so a
row never has to change. An order that was placed before the click, or imported from before there were messages,
finds no click and stays without a row.
"""

from datetime import timedelta

from karibu.events.batch import Batch

WINDOW = timedelta(days=5)
PREFIX = "Order "  # Order Completed, Order Updated ...: whatever may have made an order known

# Merges move messages to the winner, so the order's customer has the clicks of the whole family.
# k.js says in the order's event which message brought its browser here: a browser that runs our snippet is
# no scanner, so a click on that message counts even where it looked like one.
CREDIT = """
INSERT INTO insights_attribution
    (order_id, message_id, sender, channel, customer_id, clicked_at, ordered_at, revenue, currency)
SELECT o.order_id, t.id, t.sender, t.channel, o.customer_id, t.at, o.placed_at, o.total, o.currency
FROM unnest(%(orders)s::text[], %(messages)s::bigint[]) AS placed(order_id, message_id)
JOIN shop_order o ON o.order_id = placed.order_id
CROSS JOIN LATERAL (
    SELECT m.id, m.sender, m.channel, v.at
    FROM messages_message m JOIN messages_visit v ON v.message_id = m.id
    WHERE m.customer_id = o.customer_id AND v.kind = 'clicked'
        AND (NOT v.is_machine OR m.id = placed.message_id)
        AND v.at <= o.placed_at AND v.at >= o.placed_at - %(window)s::interval
    ORDER BY v.at DESC, m.id DESC
    LIMIT 1
) t
ORDER BY o.order_id
ON CONFLICT (order_id) DO NOTHING
"""


def attribute(batch: Batch) -> None:
    """A pipeline stage after `shop`: gives each order of the batch to the message that brought it, if one did."""
    orders = {e.order_id: e.message for e in batch.events if e.order_id and e.name.startswith(PREFIX)}
    if orders:
        batch.cursor.execute(CREDIT, {"orders": [*orders], "messages": [*orders.values()], "window": WINDOW})
