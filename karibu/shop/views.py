"""Orders, products, carts, and the rates that foreign money is counted at."""

from datetime import timedelta

from django.contrib import messages
from django.db.models import Count, Max, Min, Q, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from karibu.customers.queries import family, labels
from karibu.events import log
from karibu.shop import queries
from karibu.shop.forms import RateForm
from karibu.shop.models import Cart, Order, OrderLine, Product, Rate
from karibu.shop.rates import enter_rate, remove_rate, shop_currency
from karibu.shop.tables import Carts, Orders, Products, listed_carts, listed_orders, listed_products
from karibu.web.access import actor, allow
from karibu.web.actions import record


@require_GET
@allow()
def orders(request: HttpRequest) -> HttpResponseBase:
    unconverted = Order.objects.filter(total_converted=None).exclude(status="awaited").exists()
    return Orders(request, listed_orders()).respond("shop/orders.html", {"tab": "orders", "unconverted": unconverted})


@require_GET
@allow()
def order(request: HttpRequest, number: int) -> HttpResponse:
    found = get_object_or_404(Order.objects.exclude(status=Order.Status.AWAITED), pk=number)
    lines = list(found.lines.order_by("position"))
    known = Product.objects.in_bulk([line.product_id for line in lines], field_name="product_id")
    context = {
        "order": found,
        "customer": labels([found.customer_id]).get(found.customer_id, ""),
        "lines": [(line, known.get(line.product_id)) for line in lines],
        "lines_total": sum(line.total for line in lines),
        "refunds": list(found.refunds.order_by("at", "id")),
        "difference": found.total - sum(line.total for line in lines),
        "net": found.total - found.refunded,
        "home": shop_currency(),
        "cart": Cart.objects.filter(cart_id=found.cart_id).first() if found.cart_id else None,
        "touch": _how_it_came(found),
    }
    return render(request, "shop/order.html", context)


@require_GET
@allow()
def products(request: HttpRequest) -> HttpResponseBase:
    return Products(request, listed_products()).respond("shop/products.html", {"tab": "products"})


@require_GET
@allow()
def product(request: HttpRequest, number: int) -> HttpResponse:
    found = get_object_or_404(Product, pk=number)
    sold = OrderLine.objects.filter(product_id=found.product_id, order__status__in=queries.COUNTED)
    home = shop_currency()
    sums = sold.aggregate(
        orders=Count("order", distinct=True),
        pieces=Sum("quantity"),
        revenue=Sum("total", filter=Q(order__currency=home)),
        buyers=Count("order__customer_id", distinct=True),
        first=Min("order__placed_at"),
        last=Max("order__placed_at"),
    )
    context = {
        "product": found,
        "picture": found.image_url if found.image_url.startswith(("https://", "/")) else "",
        "link": found.url if found.url.startswith(("https://", "http://")) else "",
        "sums": sums,
        "home": home,
        "recent": listed_orders().filter(lines__product_id=found.product_id).order_by("-placed_at").distinct()[:10],
        "viewers": _viewers(found),
        "carts": listed_carts()
        .filter(status=Cart.Status.OPEN, items__contains=[{"product_id": found.product_id}])
        .order_by("-updated_at")[:10],
    }
    return render(request, "shop/product.html", context)


@require_GET
@allow()
def carts(request: HttpRequest) -> HttpResponseBase:
    return Carts(request, listed_carts()).respond("shop/carts.html", {"tab": "carts"})


@require_http_methods(["GET", "HEAD", "POST"])
@allow("owner")
def rates(request: HttpRequest) -> HttpResponse:
    form = RateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        number = enter_rate(given["currency"], given["day"], given["rate"])
        record(actor(request), "entered rate", given["currency"], day=str(given["day"]), rate=str(given["rate"]))
        said = ngettext("%(n)d order was counted again.", "%(n)d orders were counted again.", number) % {"n": number}
        messages.success(request, said)
        return redirect("rates")
    context = {
        "form": form,
        "rates": Rate.objects.order_by("currency", "-day"),
        "home": shop_currency(),
        "missing": Order.objects.filter(total_converted=None)
        .exclude(status="awaited")
        .values("currency")
        .annotate(orders=Count("id"), first=Min("placed_at"))
        .order_by("currency"),
    }
    return render(request, "shop/rates.html", context, status=422 if form.errors else 200)


@require_POST
@allow("owner")
def rate_remove(request: HttpRequest, number: int) -> HttpResponse:
    found = get_object_or_404(Rate, pk=number)
    record(actor(request), "removed rate", found.currency, day=str(found.day), rate=str(found.rate))
    remove_rate(found)
    messages.success(request, _("The rate is gone."))
    return redirect("rates")


def _how_it_came(found: Order) -> log.LoggedEvent | None:
    """The completion as it stands in the log, with its campaign and referrer."""
    told = log.history(family(found.customer_id), found.placed_at + timedelta(seconds=1), 5, ["Order Completed"])
    return next((event for event in told if event.order_id == found.order_id), None)


def _viewers(found: Product) -> int:
    table = log.query(
        "SELECT count(DISTINCT customer) AS people FROM events WHERE name = 'Product Viewed' AND product_id = $product",
        {"product": found.product_id},
    )
    return int(table["people"][0].as_py())
