"""The pipeline's shop stage: what the events of a batch say about products, carts and orders."""

from karibu.events.batch import Batch
from karibu.shop.carts import keep_carts
from karibu.shop.coupons import redeem
from karibu.shop.orders import keep_orders
from karibu.shop.products import learn_products
from karibu.shop.worth import keep_worth


def keep_shop(batch: Batch) -> None:
    """Brings products, carts, orders and their customers' worth up to date. Runs after identify.

    Fills `cart_id` of events that have none where the customer's automatic cart is meant. Rows are locked in the
    order products, carts, orders, customers, coupons; psycopg.errors.SerializationFailure means: run it again.
    """
    learn_products(batch.cursor, batch.events)
    keep_carts(batch.cursor, batch.events)
    keep_worth(batch.cursor, keep_orders(batch.cursor, batch.events))
    redeem(batch.cursor, batch.events)
