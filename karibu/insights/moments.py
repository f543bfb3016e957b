"""Moments as sentences: who (a name, or "someone in Kigali"), what they did, when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.customers.models import Customer
from karibu.insights.live import TOLD, Moment
from karibu.insights.models import LaneMoments
from karibu.shop.models import Product
from karibu.web.formats import money
from karibu.web.templatetags.karibu import zone_name

DID = {
    "Page Viewed": gettext_lazy("looked around"),
    "Screen Viewed": gettext_lazy("looked around in the app"),
    "Products Searched": gettext_lazy("searched"),
    "Product List Viewed": gettext_lazy("looked through a list"),
    "Product Viewed": gettext_lazy("looked at %(product)s"),
    "Product Added": gettext_lazy("put %(product)s into the cart"),
    "Product Removed": gettext_lazy("took %(product)s out of the cart"),
    "Cart Viewed": gettext_lazy("looked into the cart"),
    "Checkout Started": gettext_lazy("went to the checkout"),
    "Coupon Applied": gettext_lazy("used a coupon"),
    "Order Completed": gettext_lazy("ordered for %(worth)s"),
    "Order Refunded": gettext_lazy("was refunded %(worth)s"),
    "Order Cancelled": gettext_lazy("cancelled an order"),
    "Identified": gettext_lazy("said who they are"),
    "Message Opened": gettext_lazy("opened a message"),
    "Message Clicked": gettext_lazy("clicked in a message"),
    "Message Received": gettext_lazy("wrote to you"),
}
ICONS = {
    "Product Added": "cart",
    "Product Removed": "cart",
    "Cart Viewed": "cart",
    "Checkout Started": "cart",
    "Order Completed": "orders",
    "Products Searched": "search",
    "Identified": "customers",
    "Message Opened": "messages",
    "Message Clicked": "messages",
    "Message Received": "messages",
}


@dataclass(frozen=True)
class Row:
    """One line of the live stream. `key` lets the browser leave out what it has already."""

    key: str
    who: str
    url: str
    did: str
    at: datetime
    icon: str
    is_order: bool


def latest(limit: int = TOLD) -> list[Row]:
    """What happened last, newest first, without reading the log."""
    kept = [moment for row in LaneMoments.objects.values_list("moments", flat=True) for moment in row]
    moments = sorted(msgspec.convert(kept, list[Moment]), key=lambda moment: moment.at, reverse=True)
    return rows(moments[:limit])


def rows(moments: Sequence[Moment]) -> list[Row]:
    """Two look-ups for all of them together: the people and the products."""
    people = _people({moment.customer for moment in moments})
    products = dict(
        Product.objects.filter(product_id__in={m.product for m in moments if m.product}).values_list(
            "product_id", "name"
        )
    )
    return [_row(moment, people.get(moment.customer), products.get(moment.product, "")) for moment in moments]


def _people(ids: Iterable[int]) -> dict[int, Customer]:
    """By the id that an event knew; whoever was merged since is shown as who they are now."""
    fields = ("id", "name", "email", "city", "timezone", "merged_into", "erased_at")
    found = Customer.objects.only(*fields).in_bulk([number for number in ids if number])
    winners = Customer.objects.only(*fields).in_bulk([c.merged_into for c in found.values() if c.merged_into])
    return {number: winners.get(c.merged_into or 0, c) for number, c in found.items()}


def _row(moment: Moment, customer: Customer | None, product: str) -> Row:
    return Row(
        key=f"{moment.at}-{moment.customer}-{moment.name}",
        who=_who(customer),
        url=f"/customers/{customer.pk}/" if customer else "",
        did=_did(moment, product),
        at=moment.time,
        icon=ICONS.get(moment.name, "eye"),
        is_order=moment.name == "Order Completed",
    )


def _who(customer: Customer | None) -> str:
    if customer is None or customer.erased_at:
        return _("Someone")
    if name := customer.name or customer.email:
        return name
    if customer.city:
        return _("Someone in %(place)s") % {"place": customer.city}
    # All that is known of a stranger is the zone of their clock.
    return _("Someone near %(place)s") % {"place": zone_name(customer.timezone)} if customer.timezone else _("Someone")


def _did(moment: Moment, product: str) -> str:
    sentence = str(DID.get(moment.name, moment.name.replace("%", "%%")))
    return sentence % {"product": product or _("a product"), "worth": _worth(moment)}


def _worth(moment: Moment) -> str:
    try:
        return money(Decimal(moment.value), moment.currency) if moment.value else _("something")
    except InvalidOperation:
        return _("something")
