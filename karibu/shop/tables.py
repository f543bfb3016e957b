"""The shop's lists."""

from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, NullIf
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from karibu.customers import queries as customers
from karibu.customers.models import Customer
from karibu.shop.models import Cart, Order, Product
from karibu.web.tables import Choice, Column, Dates, Empty, Origin, Range, Table

ORDER_TONES = {"placed": "good", "cancelled": "bad", "refunded": "warn"}
CART_TONES = {"open": "info", "ordered": "good", "emptied": "quiet"}
ORDER_WORDS = {"placed": _("placed"), "cancelled": _("cancelled"), "refunded": _("refunded")}
CART_WORDS = {"open": _("open"), "ordered": _("ordered"), "emptied": _("emptied")}


def of_people(text: str) -> Q:
    """What belongs to whoever the text finds: few by their numbers, which an index serves; many by the words again."""
    found = customers.find(text)
    if found.are_few:
        return Q(customer_id__in=found.ids)
    ids = "SELECT id FROM customers_customer WHERE search @@ %s::tsquery"
    return Q(customer_id__in=RawSQL(ids, [found.asked]))  # noqa: S611 - ours, with a parameter


def with_customer(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Adds `customer`: the name, e-mail or phone of whose it is."""
    known = Customer.objects.filter(pk=OuterRef("customer_id")).annotate(
        shown=Coalesce(
            NullIf(F("name"), Value("")), NullIf(F("email"), Value("")), F("phone"), output_field=TextField()
        )
    )
    named: QuerySet[Any] = rows.annotate(customer=Subquery(known.values("shown")[:1]))
    return named


def customer_of(row: Any) -> str:
    return str(row.customer or _("Customer %s") % row.customer_id)


class Orders(Table):
    name = "orders"
    has_boxes = True
    columns = [
        Column("order", _("Order"), "order_id", link=lambda order: f"/orders/{order.pk}/"),
        Column("customer", _("Customer"), customer_of, link=lambda order: f"/customers/{order.customer_id}/"),
        Column("placed", _("Placed"), "placed_at", kind="moment", sort="placed_at"),
        Column("status", _("Status"), lambda order: ORDER_WORDS[order.status], kind="badge",
               tone=lambda order: ORDER_TONES[order.status]),
        Column("coupon", _("Coupon"), shown=False),
        Column("source", _("Source"), shown=False),
        Column("refunded", _("Refunded"), lambda order: order.refunded or None, kind="money", currency="currency"),
        Column("total", _("Total"), kind="money", currency="currency"),
        Column("converted", _("In the shop's currency"), "total_converted", kind="money", sort="total_converted",
               shown=False),
    ]  # fmt: skip
    filters = [
        Choice("status", _("Status"), choices=list(ORDER_WORDS.items())),
        Dates("placed", _("Placed"), path="placed_at"),
        Range("total", _("Total"), path="total_converted"),
        Choice("rate", _("Rate"), choices=[("missing", _("missing"))],
               apply=lambda rows, value: rows.filter(total_converted=None)),
        Origin("import", _("New by import"), path="import_id"),
    ]  # fmt: skip
    order = "-placed"
    search_label = _("Order, customer")
    empty = Empty(
        _("No orders yet"),
        _("Orders appear here as the shop sends “Order Completed”, or from a file of past orders."),
        "/imports/new/?kind=orders",
        _("Import orders"),
    )

    def search(self, rows: Any, text: str) -> Any:
        return rows.filter(Q(order_id__startswith=text) | of_people(text))


def pictured(product: Product) -> SafeString:
    """The product with its picture, where there is one that a page may show."""
    picture = product.image_url if product.image_url.startswith(("https://", "/")) else ""
    if not picture:
        return conditional_escape(str(product))
    return format_html('<img class="thumb" src="{}" alt="" loading="lazy" width="32" height="32">{}', picture, product)


class Products(Table):
    name = "products"
    has_boxes = True
    columns = [
        Column("name", _("Product"), str, sort="name", html=pictured, link=lambda product: f"/products/{product.pk}/"),
        Column("product_id", _("Id")),
        Column("sku", _("SKU"), shown=False),
        Column("brand", _("Brand"), shown=False),
        Column("category", _("Category")),
        Column("updated", _("Last changed"), "updated_at", kind="ago", sort="updated_at", shown=False),
        Column("price", _("Price"), kind="money", currency="currency"),
    ]
    filters = [
        Choice("category", _("Category"), choices=lambda: _values("category")),
        Choice("brand", _("Brand"), choices=lambda: _values("brand")),
        Origin("import", _("New by import"), path="import_id"),
    ]
    order = "name"
    search_label = _("Product, id, SKU")
    empty = Empty(
        _("No products yet"),
        _("Products are learnt from what shoppers look at and buy, or from your product list."),
        "/imports/new/?kind=products",
        _("Import products"),
    )

    def search(self, rows: Any, text: str) -> Any:
        return found_products(rows, text)


class Carts(Table):
    name = "carts"
    columns = [
        Column("customer", _("Customer"), customer_of, link=lambda cart: f"/customers/{cart.customer_id}/"),
        Column("items", _("Items"), lambda cart: ", ".join(_named(line) for line in cart.items), is_long=True),
        Column("status", _("Status"), lambda cart: CART_WORDS[cart.status], kind="badge",
               tone=lambda cart: CART_TONES[cart.status]),
        Column("since", _("Untouched since"), "updated_at", kind="ago", sort="updated_at"),
        Column("checkout", _("Checkout begun"), "checkout_started_at", kind="ago", shown=False),
        Column("cart_id", _("Cart id"), shown=False),
        Column("pieces", _("Pieces"), lambda cart: sum(line["quantity"] for line in cart.items), kind="count"),
        Column("value", _("Value"), kind="money", currency="currency"),
    ]  # fmt: skip
    filters = [
        Choice("status", _("Status"), choices=list(CART_WORDS.items())),
        Dates("since", _("Untouched since"), path="updated_at"),
        Range("value", _("Value")),
    ]
    order = "-since"
    search_label = _("Customer, cart id")
    empty = Empty(
        _("No carts yet"),
        _("Carts appear as shoppers put something in them: the shop sends “Product Added” or “Cart Viewed”."),
        "/settings/sources/",
        _("Connect the shop"),
    )

    def search(self, rows: Any, text: str) -> Any:
        return rows.filter(Q(cart_id__startswith=text) | of_people(text))


def listed_orders() -> QuerySet[Any]:
    return with_customer(Order.objects.exclude(status=Order.Status.AWAITED))


def listed_carts() -> QuerySet[Any]:
    return with_customer(Cart.objects.all())


def listed_products() -> QuerySet[Product]:
    return Product.objects.all()


def found_products(rows: QuerySet[Product], text: str) -> QuerySet[Product]:
    return rows.filter(Q(name__icontains=text) | Q(product_id__startswith=text) | Q(sku__startswith=text))


def _named(line: dict[str, Any]) -> str:
    name = line["name"] or line["product_id"]
    return f"{line['quantity']} × {name}" if line["quantity"] != 1 else str(name)


def _values(column: str) -> list[tuple[str, str]]:
    """The values of a column, for a filter; at most 200, so that a shop with thousands keeps a usable menu."""
    found = Product.objects.exclude(**{column: ""}).order_by(column).values_list(column, flat=True).distinct()[:200]
    return [(value, value) for value in found]
