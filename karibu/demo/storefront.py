"""The sample shop's storefront at /shop/: a shop as any shop's would be, that tells Karibu everything through /k.js.

Pages only show; what shoppers do happens in their browser (static/demo/shop.js) and reaches us as events.
"""

import json
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from karibu.demo import queries
from karibu.demo.catalogue import BY_ID, CATEGORIES, CURRENCY, PRODUCTS, SHOP_NAME, Product
from karibu.messages.channels import accounts
from karibu.shop.models import Cart
from karibu.web.access import public

View = Callable[..., HttpResponse]
CATEGORY_BY_SLUG = {slugify(category): category for category in CATEGORIES}
RELATED = 4


def page(view: View) -> View:
    """A public page of the storefront; not found where the sample shop is not open."""

    @public
    @require_safe
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        source = queries.storefront_source()
        if source is None:
            raise Http404
        request.write_key = source.write_key  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return shown


@page
def front(request: HttpRequest) -> HttpResponse:
    return _list(request, PRODUCTS, heading="", mark=_list_viewed("front", "", PRODUCTS))


@page
def category(request: HttpRequest, slug: str) -> HttpResponse:
    name = CATEGORY_BY_SLUG.get(slug)
    if name is None:
        raise Http404
    found = [product for product in PRODUCTS if product.category == name]
    return _list(request, found, heading=name, mark=_list_viewed(slug, name, found))


@page
def search(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:200]
    found = _search(query)
    mark = ["track", "Products Searched", {"query": query, "products": [_named(p) for p in found]}] if query else None
    return _list(request, found, heading=query, mark=mark, is_search=True)


@page
def product(request: HttpRequest, product_id: str) -> HttpResponse:
    found = BY_ID.get(product_id)
    if found is None:
        raise Http404
    alike = [other for other in PRODUCTS if other.category == found.category and other is not found]
    context = {
        "product": _card(found),
        "mark": json.dumps(["track", "Product Viewed", _facts(found)]),
        "alike": [_card(other) for other in alike[:RELATED]],
    }
    return _show(request, "demo/product.html", context)


@page
def cart(request: HttpRequest) -> HttpResponse:
    return _show(request, "demo/cart.html", {"kept": _kept_cart(request.GET.get("cart", ""))})


@page
def way_back(request: HttpRequest) -> HttpResponse:
    """Where mails of a shop without an address of its own lead (`/cart/`): to the cart of the storefront."""
    query = request.META.get("QUERY_STRING", "")
    return redirect(f"{reverse('storefront-cart')}{'?' if query else ''}{query}")


@page
def checkout(request: HttpRequest) -> HttpResponse:
    return _show(request, "demo/checkout.html", {})


@page
def thanks(request: HttpRequest) -> HttpResponse:
    return _show(request, "demo/thanks.html", {})


@page
def worker(request: HttpRequest) -> HttpResponse:
    """The file that a shop puts on its own site, so that its visitors can be shown notifications."""
    return HttpResponse('importScripts("/push-worker.js");\n', content_type="text/javascript")


def _show(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    push = accounts.in_use("push")
    frame = {
        "shop_name": SHOP_NAME,
        "currency": CURRENCY,
        "write_key": request.write_key,  # type: ignore[attr-defined]
        "push_key": push.settings["public_key"] if push else "",
        "categories": [(slug, name) for slug, name in CATEGORY_BY_SLUG.items()],
    }
    return render(request, template, {**frame, **context})


def _list(
    request: HttpRequest, products: Iterable[Product], *, heading: str, mark: list[Any] | None, is_search: bool = False
) -> HttpResponse:
    context = {
        "heading": heading,
        "is_search": is_search,
        "products": [_card(product) for product in products],
        "mark": json.dumps(mark) if mark else "",
    }
    return _show(request, "demo/shop.html", context)


def _search(query: str) -> list[Product]:
    words = query.casefold().split()
    texts = ((product, f"{product.name} {product.category} {product.description}".casefold()) for product in PRODUCTS)
    return [product for product, text in texts if words and all(word in text for word in words)]


def _card(product: Product) -> dict[str, Any]:
    """What a template needs of a product, with what its buttons tell the browser."""
    return {
        "it": product,
        "picture": static(product.picture),
        "facts": json.dumps(_facts(product)),
        "click": json.dumps(["track", "Product Clicked", _facts(product)]),
    }


def _facts(product: Product) -> dict[str, Any]:
    """A product as the Segment e-commerce spec names its properties."""
    return {
        **_named(product),
        "category": product.category,
        "price": float(product.price),
        "currency": product.currency,
        "url": product.path,
        "image_url": f"{settings.STATIC_URL}{product.picture}",  # without the version: it is kept and mailed
    }


def _named(product: Product) -> dict[str, Any]:
    return {"product_id": product.id, "name": product.name}


def _list_viewed(list_id: str, category: str, products: Iterable[Product]) -> list[Any]:
    properties = {"list_id": list_id, "category": category, "products": [_named(p) for p in products][:20]}
    return ["track", "Product List Viewed", properties]


def _kept_cart(cart_id: str) -> str:
    """The open cart of this id as JSON for the browser to take up again, or "".

    Only ids that a browser made up at random: nobody can guess their way to another's cart. Nothing of the person
    is shown, only products of the catalogue.
    """
    found = Cart.objects.filter(cart_id=cart_id, cart_id__startswith="duka-", status=Cart.Status.OPEN).first()
    if found is None:
        return ""
    lines = [
        {**_facts(BY_ID[item["product_id"]]), "quantity": int(item.get("quantity") or 1)}
        for item in found.items
        if item.get("product_id") in BY_ID
    ]
    return json.dumps({"id": found.cart_id, "lines": lines})
