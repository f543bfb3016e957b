"""Orders from their events, the same whatever order the events arrive in.

Every event about an order is a statement. Each field of the order comes from the latest statement that says it
(`told` keeps the stamp of that statement), the moment of placing from the earliest completion, the refunds are a set.
None of this depends on the order of arrival, and hearing a statement twice changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec
import psycopg

from karibu.events.commerce import PLACES, line_total
from karibu.events.event import Event, Item
from karibu.shop.rates import convert, shop_currency
from karibu.shop.refunds import Refunds, keep_refunds

ABOUT_ORDERS = frozenset({"Order Completed", "Order Updated", "Order Refunded", "Order Cancelled"})
LOADED = """id, order_id, customer_id, cart_id, status, placed_at, cancelled_at, total, refunded, currency, coupon,
            channel, source, updated_at, import_id, told::text"""


@dataclass(slots=True)
class Held:
    """One order while a batch is worked on. `lines` is set when they change; `id` is 0 until it is inserted."""

    id: int
    order_id: str
    customer_id: int
    cart_id: str
    status: str
    placed_at: datetime
    cancelled_at: datetime | None
    total: Decimal
    refunded: Decimal
    currency: str
    coupon: str
    channel: str
    source: str
    updated_at: datetime
    import_id: int | None
    told: dict[str, str]
    lines: list[Item] | None = None
    is_loaded: bool = True
    is_changed: bool = False
    customers: set[int] = field(default_factory=set)  # whose worth changes: the former and the present one


def keep_orders(cursor: psycopg.Cursor[Any], events: Iterable[Event]) -> set[int]:
    """Brings the orders that `events` speak of up to date; returns the customers whose worth may have changed."""
    heard = [e for e in events if e.name in ABOUT_ORDERS and e.order_id and e.customer_id]
    if not heard:
        return set()
    orders = _hold(cursor, sorted({event.order_id for event in heard}))
    refunds = Refunds()
    for event in heard:
        order = orders.get(event.order_id)
        if order is None:
            order = orders[event.order_id] = _begun(event)
        _hear(order, event, refunds)
    changed = [orders[key] for key in sorted(orders) if orders[key].is_changed]
    _write(cursor, changed, refunds)
    return {customer for order in changed for customer in {*order.customers, order.customer_id}}


def _hold(cursor: psycopg.Cursor[Any], order_ids: list[str]) -> dict[str, Held]:
    cursor.execute(
        f"SELECT {LOADED} FROM shop_order WHERE order_id = ANY(%s) ORDER BY id FOR UPDATE",  # noqa: S608
        [order_ids],
    )
    return {row[1]: Held(*row, msgspec.json.decode(told)) for *row, told in cursor.fetchall()}  # type: ignore[call-arg]


def _begun(event: Event) -> Held:
    return Held(
        id=0, order_id=event.order_id, customer_id=event.customer_id, cart_id="", status="awaited",
        placed_at=event.time, cancelled_at=None, total=Decimal(0), refunded=Decimal(0), currency="", coupon="",
        channel=event.channel, source=event.source, updated_at=event.time, import_id=None, told={}, is_loaded=False,
    )  # fmt: skip


def _hear(order: Held, event: Event, refunds: Refunds) -> None:
    foreign = event.import_id and "placed" in order.told and order.import_id != event.import_id
    if foreign and event.name != "Order Refunded":
        return  # an import adds orders and refunds; it does not change orders that are known already
    order.is_changed = True
    order.customers.add(order.customer_id)
    order.updated_at = max(order.updated_at, event.time)
    if "placed" not in order.told:
        order.placed_at = min(order.placed_at, event.time)  # until the completion says it
    if event.name == "Order Refunded":
        refunds.hear(event)
        return
    if event.name == "Order Cancelled":
        order.cancelled_at = min(order.cancelled_at or event.time, event.time)
        return
    if event.name == "Order Completed":
        _place(order, event)
    _take_fields(order, event)


def _place(order: Held, event: Event) -> None:
    """The earliest completion says when, by whom and where from."""
    stamp = _stamp(event)
    if "placed" in order.told and order.told["placed"] <= stamp:
        return
    if "placed" not in order.told:
        order.import_id = event.import_id or None
    order.told["placed"] = stamp
    order.placed_at, order.customer_id = event.time, event.customer_id
    order.channel, order.source = event.channel, event.source


def _take_fields(order: Held, event: Event) -> None:
    if event.value is not None and _is_latest(order, "total", event):
        order.total = event.value
    if event.currency and _is_latest(order, "currency", event):
        order.currency = event.currency
    if event.coupon and _is_latest(order, "coupon", event):
        order.coupon = event.coupon
    if event.cart_id and _is_latest(order, "cart", event):
        order.cart_id = event.cart_id
    if event.items and _is_latest(order, "lines", event):
        order.lines = event.items


def _is_latest(order: Held, what: str, event: Event) -> bool:
    stamp = _stamp(event)
    if order.told.get(what, "") > stamp:
        return False
    order.told[what] = stamp
    return True


def _stamp(event: Event) -> str:
    """Sorts by time, then a completion before an update of the same moment, then by message."""
    rank = 0 if event.name == "Order Completed" else 1
    return f"{event.time.strftime('%Y%m%d%H%M%S%f')}.{rank}.{event.message_id[:40]}"


def _write(cursor: psycopg.Cursor[Any], orders: list[Held], refunds: Refunds) -> None:
    home = shop_currency()
    for order in orders:
        order.currency = order.currency or home
        order.status = _status(order, is_refunded=False)
    _insert(cursor, [order for order in orders if not order.is_loaded])
    _write_lines(cursor, [order for order in orders if order.lines is not None])
    ids = {order.order_id: order.id for order in orders}
    sums = keep_refunds(cursor, {o.id: o.total for o in orders if "placed" in o.told}, refunds, ids)
    for order in orders:
        order.refunded = sums.get(order.id, Decimal(0))
        order.status = _status(order, is_refunded=order.id in sums)
    _update(cursor, [order for order in orders if order.is_loaded or order.id in sums])
    foreign = [order.id for order in orders if order.currency != home]
    if foreign:
        convert(cursor, foreign, home)


def _status(order: Held, *, is_refunded: bool) -> str:
    if "placed" not in order.told:
        return "awaited"
    if order.cancelled_at:
        return "cancelled"
    return "refunded" if is_refunded and order.refunded >= order.total else "placed"


WRITTEN = """order_id, customer_id, cart_id, status, placed_at, cancelled_at, total, refunded, currency,
             coupon, channel, source, updated_at, import_id, told"""
TYPES = """%s::text[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
           %s::numeric[], %s::numeric[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
           %s::bigint[], %s::text[]::jsonb[]"""


def _columns(orders: Sequence[Held]) -> list[list[object]]:
    """As WRITTEN and TYPES say; one list a column, for unnest()."""
    rows = [
        (o.order_id, o.customer_id, o.cart_id, o.status, o.placed_at, o.cancelled_at, o.total, o.refunded, o.currency,
         o.coupon, o.channel, o.source, o.updated_at, o.import_id, msgspec.json.encode(o.told).decode())
        for o in orders
    ]  # fmt: skip
    return [list(column) for column in zip(*rows, strict=True)]


def _insert(cursor: psycopg.Cursor[Any], orders: Sequence[Held]) -> None:
    """Gives each its id. Where another transaction inserted one meanwhile, the batch must start again."""
    if not orders:
        return
    cursor.execute(
        f"""INSERT INTO shop_order ({WRITTEN}, total_converted, refunded_converted)
            SELECT t.*, t.total, t.refunded FROM unnest({TYPES}) AS t({WRITTEN})
            ON CONFLICT (order_id) DO NOTHING RETURNING order_id, id""",  # noqa: S608
        _columns(orders),
    )
    ids: dict[str, int] = dict(cursor.fetchall())
    if len(ids) < len(orders):
        raise psycopg.errors.SerializationFailure("an order was begun by another worker meanwhile")
    for order in orders:
        order.id = ids[order.order_id]


def _update(cursor: psycopg.Cursor[Any], orders: Sequence[Held]) -> None:
    if not orders:
        return
    cursor.execute(
        f"""UPDATE shop_order s SET ({WRITTEN}, total_converted, refunded_converted) = (
                {", ".join(f"t.{name.strip()}" for name in WRITTEN.split(","))}, t.total, t.refunded)
            FROM unnest({TYPES}) AS t({WRITTEN}) WHERE s.order_id = t.order_id""",  # noqa: S608
        _columns(orders),
    )


def _write_lines(cursor: psycopg.Cursor[Any], orders: Sequence[Held]) -> None:
    if not orders:
        return
    cursor.execute("DELETE FROM shop_orderline WHERE order_id = ANY(%s)", [[order.id for order in orders]])
    columns = "order_id, position, product_id, name, category, price, quantity, total"
    with cursor.copy(f"COPY shop_orderline ({columns}) FROM STDIN") as copy:
        for order in orders:
            for position, item in enumerate(order.lines or [], 1):
                copy.write_row(_line(order.id, position, item))


def _line(order: int, position: int, item: Item) -> tuple[object, ...]:
    total = line_total(item)
    price = item.price if item.price is not None else (total / item.quantity if item.quantity else total)
    price = price.quantize(PLACES, ROUND_HALF_EVEN)
    return (order, position, item.product_id, item.name, item.category, price, item.quantity, total)
