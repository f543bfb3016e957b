"""What others ask of the shop: sums, counts, a cart as a message shows it. Money is in the shop's currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from karibu.shop.models import Cart, Order, Product, Storefront
from karibu.web.queries import shop

COUNTED = (Order.Status.PLACED, Order.Status.REFUNDED)


@dataclass(frozen=True)
class Sums:
    """Of the orders placed in a time: cancelled ones left out, refunds apart, exact in the shop's currency.

    `unconverted` counts orders in a currency without a known rate: they are in `orders`, their money nowhere.
    """

    orders: int
    revenue: Decimal
    refunded: Decimal
    unconverted: int

    @property
    def net(self) -> Decimal:
        return self.revenue - self.refunded


def orders_between(start: datetime, end: datetime) -> Sums:
    """Orders with start <= placed_at < end."""
    nothing = Decimal(0)
    row = Order.objects.filter(status__in=COUNTED, placed_at__gte=start, placed_at__lt=end).aggregate(
        orders=Count("id"),
        revenue=Coalesce(Sum("total_converted"), nothing),
        refunded=Coalesce(Sum("refunded_converted", filter=Q(total_converted__isnull=False)), nothing),
        unconverted=Count("id", filter=Q(total_converted=None)),
    )
    return Sums(**row)


def open_carts_count() -> int:
    return Cart.objects.filter(status=Cart.Status.OPEN).count()


def cart_for_message(cart_id: str) -> dict[str, Any]:
    """The cart as a Liquid template sees it; {} when there is none.

    {"id", "items": [{"name", "price", "quantity", "total", "image", "url", "product_id", "variant"}], "value",
    "currency", "count", "url"}; money is Decimal in the cart's currency, `url` leads back to this cart.
    """
    cart = Cart.objects.filter(cart_id=cart_id).first()
    if cart is None:
        return {}
    known = Product.objects.in_bulk([line["product_id"] for line in cart.items], field_name="product_id")
    items = [_shown(line, known.get(line["product_id"])) for line in cart.items]
    return {
        "id": cart.cart_id,
        "items": items,
        "value": cart.value,
        "currency": cart.currency or shop().currency,
        "count": sum(item["quantity"] for item in items),
        "url": cart_url(cart),
    }


def cart_url(cart: Cart) -> str:
    """Back to this cart, as the settings say; where they say nothing, the first item's page or the shop's front."""
    storefront = Storefront.objects.filter(pk=1).first()
    if storefront and (pattern := storefront.cart_url):
        return pattern.replace("{cart}", quote(cart.cart_id, safe=""))
    return next((line["url"] for line in cart.items if line.get("url")), shop().url)


def _shown(line: dict[str, Any], product: Product | None) -> dict[str, Any]:
    """What the cart does not say of a line, the product knows."""
    price = Decimal(line["price"]) if line["price"] is not None else product.price if product else None
    return {
        "product_id": line["product_id"],
        "variant": line.get("variant", ""),
        "name": line["name"] or (product.name if product else "") or line["product_id"],
        "price": price,
        "quantity": line["quantity"],
        "total": None if price is None else price * line["quantity"],
        "image": line["image_url"] or (product.image_url if product else ""),
        "url": line["url"] or (product.url if product else ""),
    }


def orders_of(customers: Iterable[int]) -> QuerySet[Order]:
    """The orders of these customers that a page shows, newest first."""
    return Order.objects.filter(customer_id__in=customers).exclude(status=Order.Status.AWAITED).order_by("-placed_at")
