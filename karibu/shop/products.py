"""Products as events show them: every view, cart and order teaches what it says, and never blanks what is known."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

import psycopg

from karibu.events.event import Event, Item

CATALOGUE = "Product Imported"  # the name of events that stand for a row of a product list; they are not logged
TEXTS = ("sku", "name", "brand", "category", "url", "image_url")


@dataclass(slots=True)
class Known:
    """What is known of one product; `price_is_list` = from a view or a cart, not from what somebody paid."""

    product_id: str
    sku: str = ""
    name: str = ""
    brand: str = ""
    category: str = ""
    url: str = ""
    image_url: str = ""
    price: Decimal | None = None
    currency: str = ""
    updated_at: datetime | None = None
    import_id: int | None = None


_values = attrgetter(*(field.name for field in fields(Known)))  # asdict() copies deeply, which costs more than the rest
_facts = attrgetter(*(field.name for field in fields(Known) if field.name != "updated_at"))


def learn_products(cursor: psycopg.Cursor[Any], events: Iterable[Event]) -> None:
    """Upserts the products that the events' items name; touches no row that would stay the same."""
    named = _sightings(events)
    if not named:
        return
    known = _load(cursor, sorted(named))
    changed = []
    for product_id in sorted(named):
        product = known.get(product_id) or Known(product_id)
        if product.updated_at is None and not any(map(_tells_something, named[product_id])):
            continue
        if _learn(product, named[product_id]):
            changed.append(product)
    if changed:
        _save(cursor, changed)


def _sightings(events: Iterable[Event]) -> dict[str, list[tuple[Event, Item]]]:
    """By product. Of an item that many events share (they saw the same page) the latest sighting says it all."""
    latest: dict[int, tuple[Event, Item]] = {}
    for event in events:
        for item in event.items:
            seen = latest.get(id(item))
            if seen is None or event.time >= seen[0].time:
                latest[id(item)] = event, item
    named: dict[str, list[tuple[Event, Item]]] = {}
    for event, item in latest.values():
        if item.product_id:
            named.setdefault(item.product_id, []).append((event, item))
    return named


def _tells_something(sighting: tuple[Event, Item]) -> bool:
    """An imported order line that gives no more than an id is no entry in the catalogue."""
    event, item = sighting
    return not event.import_id or event.name == CATALOGUE or bool(item.name or item.category)


def _learn(product: Known, sightings: list[tuple[Event, Item]]) -> bool:
    is_new = product.updated_at is None
    before = None if is_new else _facts(product)
    for event, item in sightings:
        if event.import_id and product.updated_at and product.import_id != event.import_id and event.name != CATALOGUE:
            continue  # an import of orders teaches new products; it does not change those that are known
        newer = product.updated_at is None or event.time >= product.updated_at
        for name in TEXTS:
            said = getattr(item, name)
            if said and (newer or not getattr(product, name)):
                setattr(product, name, said)
        paid = event.name.startswith("Order ")
        if item.price is not None and (product.price is None or (newer and not paid)):
            product.price, product.currency = item.price, event.currency or product.currency
        if is_new and product.updated_at is None:
            product.import_id = event.import_id or None
        if newer:
            product.updated_at = event.time
    return before is None or bool(_facts(product) != before)


# What was read of products, by the version of the row it was read of: most batches name the same few hundred, and to
# ask which version there is now takes a fifth of reading them.
_read: dict[str, tuple[str, Known]] = {}
_REMEMBERED = 20_000
_VERSION = "xmin::text || ctid::text"


def _load(cursor: psycopg.Cursor[Any], ids: list[str]) -> dict[str, Known]:
    cursor.execute(f"SELECT product_id, {_VERSION} FROM shop_product WHERE product_id = ANY(%s)", [ids])  # noqa: S608
    remembered = {id_: _read.get(id_, ("", None)) for id_ in ids}
    found, changed = {}, []
    for id_, version in cursor.fetchall():
        known_as, product = remembered[id_]
        if product and known_as == version:
            found[id_] = Known(*_values(product))
        else:
            changed.append(id_)
    return found | (_load_whole(cursor, changed) if changed else {})


def _load_whole(cursor: psycopg.Cursor[Any], ids: list[str]) -> dict[str, Known]:
    cursor.execute(
        f"""SELECT {_VERSION}, product_id, sku, name, brand, category, url, image_url, price, currency, updated_at,
               import_id FROM shop_product WHERE product_id = ANY(%s)""",  # noqa: S608
        [ids],
    )
    if len(_read) > _REMEMBERED:
        _read.clear()
    found = {}
    for version, *values in cursor.fetchall():
        product = found[values[0]] = Known(*values)
        _read[product.product_id] = version, Known(*values)
    return found


def _save(cursor: psycopg.Cursor[Any], products: list[Known]) -> None:
    """Another lane may learn of the same new product meanwhile: then known fields win over blanks here, too."""
    columns = list(zip(*[_values(product) for product in products], strict=True))
    cursor.execute(
        """INSERT INTO shop_product AS p
               (product_id, sku, name, brand, category, url, image_url, price, currency, updated_at, import_id,
                properties)
           SELECT *, '{}'::jsonb FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::numeric[], %s::text[], %s::timestamptz[], %s::bigint[])
           ON CONFLICT (product_id) DO UPDATE SET
               sku = coalesce(nullif(excluded.sku, ''), p.sku),
               name = coalesce(nullif(excluded.name, ''), p.name),
               brand = coalesce(nullif(excluded.brand, ''), p.brand),
               category = coalesce(nullif(excluded.category, ''), p.category),
               url = coalesce(nullif(excluded.url, ''), p.url),
               image_url = coalesce(nullif(excluded.image_url, ''), p.image_url),
               price = coalesce(excluded.price, p.price),
               currency = coalesce(nullif(excluded.currency, ''), p.currency),
               updated_at = greatest(excluded.updated_at, p.updated_at)""",
        [list(column) for column in columns],
    )
