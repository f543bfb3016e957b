"""`/api/v1/orders`, `/products`, `/carts`: the same rows as in the pages."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from karibu.customers.queries import family
from karibu.shop.models import Cart, Order, Product
from karibu.shop.tables import found_products
from karibu.web import paging
from karibu.web.access import allow

router = Router(tags=["shop"])


class LineOut(Schema):
    product_id: str
    name: str
    category: str
    price: Decimal | None
    quantity: int
    total: Decimal


class RefundOut(Schema):
    amount: Decimal
    at: datetime


class OrderOut(Schema):
    """Money is in `currency`; `*_converted` in the shop's, null while there is no rate for the order's day."""

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
    total_converted: Decimal | None
    refunded_converted: Decimal
    coupon: str
    channel: str
    source: str
    import_id: int | None
    updated_at: datetime


class OrderDetail(OrderOut):
    lines: list[LineOut]
    refunds: list[RefundOut]

    @staticmethod
    def resolve_lines(order: Order) -> list[Any]:
        return list(order.lines.order_by("position"))

    @staticmethod
    def resolve_refunds(order: Order) -> list[Any]:
        return list(order.refunds.order_by("at", "id"))


class ProductOut(Schema):
    id: int
    product_id: str
    sku: str
    name: str
    brand: str
    category: str
    price: Decimal | None
    currency: str
    url: str
    image_url: str
    properties: dict[str, Any]
    updated_at: datetime
    import_id: int | None


class CartOut(Schema):
    id: int
    cart_id: str
    customer_id: int
    status: str
    items: list[dict[str, Any]]
    value: Decimal
    currency: str
    created_at: datetime
    updated_at: datetime
    checkout_started_at: datetime | None
    order_id: str


class OrdersPage(Schema):
    items: list[OrderOut]
    next: str | None


class ProductsPage(Schema):
    items: list[ProductOut]
    next: str | None


class CartsPage(Schema):
    items: list[CartOut]
    next: str | None


@router.get("/orders", response=OrdersPage, summary="Orders, latest placed first")
@allow()
def orders(
    request: HttpRequest,
    customer: int | None = None,
    status: str = "",
    order_id: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """`customer`: any id the customer ever had. `order_id`: the shop's own."""
    rows = Order.objects.exclude(status=Order.Status.AWAITED)
    if customer is not None:
        rows = rows.filter(customer_id__in=family(customer))
    if status:
        rows = rows.filter(status=status)
    if order_id:
        rows = rows.filter(order_id=order_id)
    return paging.page(rows, limit, cursor, key=("-placed_at", "-id"))


@router.get("/orders/{int:number}", response=OrderDetail, summary="One order with its lines and refunds")
@allow()
def order(request: HttpRequest, number: int) -> Order:
    return get_object_or_404(Order.objects.exclude(status=Order.Status.AWAITED), pk=number)


@router.get("/products", response=ProductsPage, summary="Products")
@allow()
def products(
    request: HttpRequest, query: str = "", category: str = "", limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """`query`: part of the name, or the shop's id."""
    rows = found_products(Product.objects.all(), query) if query else Product.objects.all()
    return paging.page(rows.filter(category=category) if category else rows, limit, cursor, key=("-id",))


@router.get("/carts", response=CartsPage, summary="Carts, latest touched first")
@allow()
def carts(
    request: HttpRequest,
    customer: int | None = None,
    status: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """`status`: open, ordered or emptied."""
    rows = Cart.objects.all()
    if customer is not None:
        rows = rows.filter(customer_id__in=family(customer))
    if status:
        rows = rows.filter(status=status)
    return paging.page(rows, limit, cursor, key=("-updated_at", "-id"))
