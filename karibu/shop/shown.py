"""What the shop adds to the customer's page and to the search of the top bar."""

from typing import Any

from django.utils.translation import gettext as _

from karibu.customers.models import Customer
from karibu.shop.models import Cart, Order, Product
from karibu.shop.queries import orders_of
from karibu.web import formats
from karibu.web.models import User
from karibu.web.search import Hit

FEW = 5


def orders_panel(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    orders = list(orders_of(family)[:FEW])
    if not orders:
        return None
    count = orders_of(family).count() if len(orders) == FEW else len(orders)
    return {"orders": orders, "count": count, "more": count > FEW, "customer": customer.pk}


def carts_panel(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    carts = list(Cart.objects.filter(customer_id__in=family, status=Cart.Status.OPEN).order_by("-updated_at")[:FEW])
    return {"carts": carts} if carts else None


def find(text: str, user: User) -> list[Hit]:
    """Orders by their id, products by id or by how their name begins."""
    orders = Order.objects.filter(order_id=text).exclude(status=Order.Status.AWAITED)[:1]
    products = [*Product.objects.filter(product_id=text)[:1], *Product.objects.filter(name__istartswith=text)[:FEW]]
    return [
        *(
            Hit(
                _("Orders"),
                order.order_id,
                f"/orders/{order.pk}/",
                formats.money(order.total, order.currency),
                "orders",
            )
            for order in orders
        ),
        *(
            Hit(_("Products"), str(product), f"/products/{product.pk}/", product.category, "product")
            for product in dict.fromkeys(products)
        ),
    ]
