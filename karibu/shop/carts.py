"""Carts from events: by the shop's cart id, or, where it sends none, one automatic open cart per customer.

An order closes the cart it names or, naming none, the customer's open one. Events that come late (older than the
order that closed the cart) do not open it again; a cart id that the shop uses anew after an order starts afresh.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import psycopg

from karibu.events.commerce import PRODUCTS, QUANTITY
from karibu.events.event import Event, Item

FILLING = frozenset({"Product Added", "Product Removed", "Cart Viewed", "Checkout Started"})
PASSING = frozenset({"Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered"})
ABOUT_CARTS = FILLING | PASSING | {"Order Completed"}
AUTOMATIC = "auto:"
COLUMNS = """cart_id, customer_id, status, items, value, currency, created_at, updated_at, checkout_started_at,
             order_id, import_id"""


@dataclass(slots=True)
class Held:
    """One cart while a batch is worked on; lines are as in Cart.items, by product and variant."""

    cart_id: str
    customer_id: int
    status: str
    lines: dict[tuple[str, str], dict[str, Any]]
    value: Decimal
    currency: str
    created_at: datetime
    updated_at: datetime
    checkout_started_at: datetime | None = None
    order_id: str = ""
    import_id: int | None = None
    is_loaded: bool = False
    is_changed: bool = False


def keep_carts(cursor: psycopg.Cursor[Any], events: Iterable[Event]) -> None:
    """Brings carts up to date; gives events that mean the customer's automatic cart its id."""
    heard = [event for event in events if event.name in ABOUT_CARTS and event.customer_id]
    if not heard:
        return
    carts = Carts(cursor, heard)
    for event in heard:
        if event.name == "Order Completed":
            carts.close(event)
        elif cart := carts.meant(event):
            _take(cart, event)
    _save(cursor, [cart for cart in carts.by_id.values() if cart.is_changed])


class Carts:
    """The carts that the events of one batch may mean, locked."""

    def __init__(self, cursor: psycopg.Cursor[Any], events: Sequence[Event]) -> None:
        named = sorted({event.cart_id or automatic_id(event) for event in events})
        nameless = sorted({event.customer_id for event in events if not event.cart_id})
        self.by_id = _load(cursor, named, nameless)
        self.ordered = _ordered(cursor, [cart for cart in named if cart not in self.by_id])
        self.last_order = _last_orders(cursor, nameless)

    def meant(self, event: Event) -> Held | None:
        """The cart this event is about, made where it is new; None for what came too late to matter."""
        if not event.cart_id:
            return self._automatic(event)
        cart = self.by_id.get(event.cart_id)
        if cart is None and event.name in FILLING:
            done = self.ordered.get(event.cart_id)
            cart = None if done and done >= event.time else self._make(event, event.cart_id)
        elif cart and cart.status == "ordered":
            if event.time <= cart.updated_at or event.name not in FILLING:
                return None
            _start_afresh(cart, event)
        return cart

    def close(self, event: Event) -> None:
        if event.cart_id:
            named = self.by_id.get(event.cart_id)
            # A cart filled after this order was placed is the next one under a reused id.
            closing = [named] if named and (named.status != "open" or named.created_at <= event.time) else []
        else:
            closing = self._open_of(event.customer_id, event.time)
            event.cart_id = closing[0].cart_id if closing else ""
        for cart in closing:
            cart.status, cart.order_id, cart.is_changed = "ordered", event.order_id, True
            cart.updated_at = max(cart.updated_at, event.time)
        last = self.last_order.get(event.customer_id)
        self.last_order[event.customer_id] = max(last or event.time, event.time)

    def _open_of(self, customer: int, before: datetime) -> list[Held]:
        """All open automatic carts (a merge may have brought two together), else the latest open one."""
        mine = [
            cart
            for cart in self.by_id.values()
            if cart.customer_id == customer and cart.status == "open" and cart.created_at <= before
        ]
        mine.sort(key=lambda cart: cart.updated_at, reverse=True)
        return [cart for cart in mine if cart.cart_id.startswith(AUTOMATIC)] or mine[:1]

    def _automatic(self, event: Event) -> Held | None:
        open_ = [
            cart
            for cart in self.by_id.values()
            if cart.customer_id == event.customer_id and cart.status == "open" and cart.cart_id.startswith(AUTOMATIC)
        ]
        cart = max(open_, key=lambda each: each.updated_at, default=None)
        last = self.last_order.get(event.customer_id)
        if cart is None and event.name in FILLING and not (last and last >= event.time):
            begun = automatic_id(event)
            # Another began in the same microsecond (a device may say the same time for ever) and is over.
            cart = self._make(event, f"{begun}:{_mark(event)}" if begun in self.by_id else begun)
        if cart:
            event.cart_id = cart.cart_id
        return cart

    def _make(self, event: Event, cart_id: str) -> Held:
        time = event.time
        cart = Held(cart_id, event.customer_id, "open", {}, Decimal(0), event.currency, time, time)
        cart.import_id = event.import_id or None
        self.by_id[cart_id] = cart
        return cart


def _take(cart: Held, event: Event) -> None:
    cart.is_changed = True
    cart.customer_id = event.customer_id
    cart.currency = event.currency or cart.currency
    cart.updated_at = max(cart.updated_at, event.time)
    if event.name == "Product Added":
        for item in event.items:
            _add(cart.lines, item)
    elif event.name == "Product Removed":
        for item in event.items:
            _remove(cart.lines, item, all_of_it=not any(key in event.properties for key in QUANTITY))
    elif event.name in FILLING and (event.items or any(key in event.properties for key in PRODUCTS)):
        cart.lines = {_key(item): _line(item) for item in event.items}
    if event.name == "Checkout Started" or event.name in PASSING:
        cart.checkout_started_at = cart.checkout_started_at or event.time
    cart.value = _worth(cart, event)
    cart.status = "open" if cart.lines else "emptied"


def _worth(cart: Held, event: Event) -> Decimal:
    """What the lines come to; where no line has a price, what a whole-cart event says."""
    prices = [Decimal(line["price"]) * line["quantity"] for line in cart.lines.values() if line["price"] is not None]
    if prices or not cart.lines:
        return sum(prices, Decimal(0))
    is_whole = event.name not in ("Product Added", "Product Removed")
    return event.value if event.value is not None and is_whole else cart.value


def automatic_id(event: Event) -> str:
    """What the cart is called that this event would begin for a customer whose shop names none."""
    return f"{AUTOMATIC}{event.customer_id}:{event.time:%Y%m%d%H%M%S%f}"


def _mark(event: Event) -> str:
    return hashlib.blake2b(f"{event.source_id}\0{event.message_id}".encode(), digest_size=8).hexdigest()


def _start_afresh(cart: Held, event: Event) -> None:
    cart.lines, cart.status, cart.order_id = {}, "open", ""
    cart.created_at, cart.checkout_started_at = event.time, None


def _key(item: Item) -> tuple[str, str]:
    return (item.product_id or item.name, item.variant)


def _line(item: Item) -> dict[str, Any]:
    return {
        "product_id": item.product_id,
        "name": item.name,
        "price": None if item.price is None else str(item.price),
        "quantity": item.quantity,
        "image_url": item.image_url,
        "url": item.url,
        "variant": item.variant,
    }


def _add(lines: dict[tuple[str, str], dict[str, Any]], item: Item) -> None:
    old = lines.get(_key(item))
    new = _line(item)
    if old:
        new = {**old, **{name: value for name, value in new.items() if value not in ("", None)}}
        new["quantity"] = old["quantity"] + item.quantity
    lines[_key(item)] = new


def _remove(lines: dict[tuple[str, str], dict[str, Any]], item: Item, *, all_of_it: bool) -> None:
    old = lines.get(_key(item))
    if old is None:
        return
    old["quantity"] -= item.quantity
    if all_of_it or old["quantity"] <= 0:
        del lines[_key(item)]


def _load(cursor: psycopg.Cursor[Any], named: list[str], nameless: list[int]) -> dict[str, Held]:
    cursor.execute(
        f"""SELECT {COLUMNS.replace("items", "items::text")} FROM shop_cart
            WHERE cart_id = ANY(%s) OR (customer_id = ANY(%s) AND status = 'open')
            ORDER BY id FOR UPDATE""",  # noqa: S608
        [named, nameless],
    )
    found = {}
    for cart_id, customer, status, items, value, currency, *rest in cursor.fetchall():
        lines = {
            (line["product_id"] or line["name"], line.get("variant", "")): line for line in msgspec.json.decode(items)
        }
        found[cart_id] = Held(cart_id, customer, status, lines, value, currency, *rest)
        found[cart_id].is_loaded = True
    return found


def _ordered(cursor: psycopg.Cursor[Any], carts: list[str]) -> dict[str, datetime]:
    """When carts that are not known were ordered: their events come after their order."""
    if not carts:
        return {}
    cursor.execute("SELECT cart_id, max(placed_at) FROM shop_order WHERE cart_id = ANY(%s) GROUP BY 1", [carts])
    return dict(cursor.fetchall())


def _last_orders(cursor: psycopg.Cursor[Any], customers: list[int]) -> dict[int, datetime]:
    if not customers:
        return {}
    cursor.execute(
        "SELECT id, last_order_at FROM customers_customer WHERE id = ANY(%s) AND last_order_at IS NOT NULL",
        [customers],
    )
    return dict(cursor.fetchall())


def _json(lines: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(lines).decode()


def _save(cursor: psycopg.Cursor[Any], carts: Sequence[Held]) -> None:
    if not carts:
        return
    rows = [
        (c.cart_id, c.customer_id, c.status, _json(list(c.lines.values())), c.value, c.currency, c.created_at,
         c.updated_at, c.checkout_started_at, c.order_id, c.import_id)
        for c in sorted(carts, key=lambda cart: cart.cart_id)
    ]  # fmt: skip
    cursor.execute(
        f"""INSERT INTO shop_cart AS c ({COLUMNS})
            SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]::jsonb[], %s::numeric[], %s::text[],
                %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::bigint[])
            ON CONFLICT (cart_id) DO UPDATE SET ({COLUMNS}) = ROW (
                {", ".join(f"excluded.{name.strip()}" for name in COLUMNS.split(","))})
            WHERE c.cart_id = ANY(%s) RETURNING c.cart_id""",  # noqa: S608
        [*[list(column) for column in zip(*rows, strict=True)], [c.cart_id for c in carts if c.is_loaded]],
    )
    if len(cursor.fetchall()) < len(carts):
        raise psycopg.errors.SerializationFailure("a cart was begun by another worker meanwhile")
