"""Which products are sold out, as far as the shop says: a product list's own column, kept among its properties."""

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from karibu.shop.models import Product

NUMBERS = ("stock", "inventory", "inventory_quantity", "stock_quantity", "quantity_available")
FLAGS = ("in_stock", "instock", "is_in_stock", "available")
WORDS = ("availability", "stock_status")
NO = frozenset({"false", "no", "0", "outofstock", "soldout", "discontinued"})


def sold_out(product_ids: Collection[str]) -> set[str]:
    """Those of these products that are known to be sold out, in one query; what says nothing of its stock is not."""
    rows = Product.objects.filter(product_id__in=product_ids).values_list("product_id", "properties")
    return {product_id for product_id, properties in rows if is_out(properties)}


def is_out(properties: Mapping[str, Any]) -> bool:
    """Whether a product with these properties is known to be sold out."""
    left = pieces(properties)
    if left is not None:
        return left <= 0
    said = _said(properties)
    return any(_plain(str(said[name]), "") in NO for name in (*FLAGS, *WORDS) if name in said)


def pieces(properties: Mapping[str, Any]) -> Decimal | None:
    """How many are left, where the shop says a number."""
    said = _said(properties)
    numbers = [_number(said[name]) for name in NUMBERS if name in said]
    return max((number for number in numbers if number is not None), default=None)


def summary(properties: Mapping[str, Any]) -> dict[str, Any]:
    """All that these properties say of its stock, as properties that say the same; nothing where they say nothing."""
    left = pieces(properties)
    if left is not None:
        return {"stock": str(left)}
    known = not _said(properties).keys().isdisjoint((*FLAGS, *WORDS))
    return {"in_stock": "no" if is_out(properties) else "yes"} if known else {}


def _said(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {_plain(name, "_"): value for name, value in properties.items()}


def _plain(text: str, gap: str) -> str:
    """`In Stock` and `in_stock` are one name; `Sold out` and `sold_out` one word."""
    return gap.join(text.rpartition("/")[2].replace("_", " ").replace("-", " ").lower().split())


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
