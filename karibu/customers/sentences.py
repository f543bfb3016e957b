"""What people did, in plain sentences: the log's events as rows of the timeline."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.customers.timeline import Entry
from karibu.events import log
from karibu.events.log import LoggedEvent
from karibu.web import formats

KINDS = ("browsing", "cart", "orders", "profile", "segments", "other")
ELSEWHERE = ("Message Sent", "Message Received")  # the messages have rows of their own
ROOM = 300  # characters of a value shown as evidence
# What the sentences and their evidence speak of.
COLUMNS = (
    "message_id", "customer", "name", "time", "source", "channel", "anonymous_id", "user_id", "order_id", "cart_id",
    "category", "product_id", "query", "value", "currency", "quantity", "coupon", "campaign", "url", "referrer",
    "utm_campaign", "items", "properties", "traits",
)  # fmt: skip


def kind_names() -> dict[str, str]:
    """The words of the timeline's filter; kinds of other apps that are not here show as they are."""
    return {
        "browsing": _("Browsing"),
        "cart": _("Carts"),
        "orders": _("Orders"),
        "profile": _("Profile"),
        "messages": _("Messages"),
        "consents": _("Consents"),
        "journeys": _("Journeys"),
        "segments": _("Segments"),
        "changes": _("Changes"),
        "notes": _("Notes"),
        "other": _("Other"),
    }


class Phrase(NamedTuple):
    """How the events of one name are told."""

    kind: str
    icon: str
    tell: Callable[[LoggedEvent], SafeString]


def entries(customer_ids: list[int], before: datetime | None, limit: int, since: datetime | None = None) -> list[Entry]:
    """The timeline's provider: the newest events of these customers."""
    found = log.history(customer_ids, before, limit, without=ELSEWHERE, since=since, columns=COLUMNS)
    return [entry(event) for event in found]


def entry(event: LoggedEvent) -> Entry:
    phrase = PHRASES.get(event.name, _OTHER)
    return Entry(event.time, phrase.kind, phrase.tell(event), list(_evidence(event)), phrase.icon)


def _strong(text: str) -> SafeString:
    return format_html("<strong>{}</strong>", text)


def _amount(event: LoggedEvent) -> str:
    return formats.money(event.value, event.currency or "USD") if event.value is not None else ""


def _product(event: LoggedEvent) -> tuple[str, str]:
    """(name, price in words) of the one product that an event speaks of."""
    first = event.items[0] if event.items else {}
    name = str(first.get("name") or event.properties.get("name") or first.get("product_id") or event.product_id)
    price = first.get("price")
    shown = formats.money(Decimal(str(price)), event.currency or "USD") if price is not None else _amount(event)
    return name or _("a product"), shown


def _with_product(words: Callable[[], str], priced: Callable[[], str]) -> Callable[[LoggedEvent], SafeString]:
    def tell(event: LoggedEvent) -> SafeString:
        name, price = _product(event)
        return format_html(priced(), _strong(name), price) if price else format_html(words(), _strong(name))

    return tell


def _page(event: LoggedEvent) -> SafeString:
    title = str(
        event.properties.get("title") or event.properties.get("name") or event.properties.get("path") or event.url
    )
    return format_html(_("Visited the page {}"), _strong(title)) if title else SafeString(_("Visited a page"))


def _searched(event: LoggedEvent) -> SafeString:
    return format_html(_("Searched for {}"), _strong(f"“{event.query}”"))


def _list(event: LoggedEvent) -> SafeString:
    name = event.category or str(event.properties.get("list_id") or "")
    return format_html(_("Browsed {}"), _strong(name)) if name else SafeString(_("Browsed a list of products"))


def _added(event: LoggedEvent) -> SafeString:
    name, price = _product(event)
    first = event.items[0] if event.items else {}
    count = event.quantity or int(first.get("quantity") or 1)
    what = format_html("{} × {}", count, _strong(name)) if count != 1 else _strong(name)
    return (
        format_html(_("Put {} into the cart, {}"), what, price)
        if price
        else format_html(_("Put {} into the cart"), what)
    )


def _cart(event: LoggedEvent) -> SafeString:
    count = sum(int(item.get("quantity") or 1) for item in event.items)
    things = ngettext("{} thing", "{} things", count).format(count)
    return format_html(_("Looked at the cart with {}"), things) if count else SafeString(_("Looked at the cart"))


def _checkout(event: LoggedEvent) -> SafeString:
    amount = _amount(event)
    return format_html(_("Started the checkout of {}"), amount) if amount else SafeString(_("Started the checkout"))


def _order(words: Callable[[], str], priced: Callable[[], str]) -> Callable[[LoggedEvent], SafeString]:
    def tell(event: LoggedEvent) -> SafeString:
        number, amount = _strong(event.order_id or "?"), _amount(event)
        return format_html(priced(), number, amount) if amount else format_html(words(), number)

    return tell


def _identified(event: LoggedEvent) -> SafeString:
    names = ", ".join(sorted(event.traits)[:6])
    return format_html(_("Was identified with {}"), names) if names else SafeString(_("Was identified"))


def _coupon(event: LoggedEvent) -> SafeString:
    return format_html(_("Used the coupon {}"), _strong(event.coupon or "?"))


def _segment(words: Callable[[], str]) -> Callable[[LoggedEvent], SafeString]:
    return lambda event: format_html(words(), _strong(str(event.properties.get("segment") or "?")))


def _survey(event: LoggedEvent) -> SafeString:
    said = {name: event.properties.get(name) for name in ("score", "most", "text")}
    answer = format_html(_("Answered {} of {}"), _strong(str(said["score"])), str(said["most"]))
    return format_html("{}: “{}”", answer, str(said["text"])[:ROOM]) if said["text"] else answer


def _plain(words: Callable[[], str]) -> Callable[[LoggedEvent], SafeString]:
    return lambda event: SafeString(words())


def _other(event: LoggedEvent) -> SafeString:
    return format_html("{}", event.name)


_OTHER = Phrase("other", "events", _other)
PHRASES: dict[str, Phrase] = {
    "Page Viewed": Phrase("browsing", "eye", _page),
    "Screen Viewed": Phrase("browsing", "eye", _page),
    "Products Searched": Phrase("browsing", "search", _searched),
    "Product List Viewed": Phrase("browsing", "eye", _list),
    "Product Viewed": Phrase(
        "browsing", "product", _with_product(lambda: _("Looked at {}"), lambda: _("Looked at {}, {}"))
    ),
    "Product Clicked": Phrase(
        "browsing", "product", _with_product(lambda: _("Clicked on {}"), lambda: _("Clicked on {}, {}"))
    ),
    "Product Added": Phrase("cart", "cart", _added),
    "Product Removed": Phrase(
        "cart", "cart", _with_product(lambda: _("Took {} out of the cart"), lambda: _("Took {} out of the cart, {}"))
    ),
    "Product Added to Wishlist": Phrase(
        "cart", "star", _with_product(lambda: _("Put {} on the wish list"), lambda: _("Put {} on the wish list, {}"))
    ),
    "Cart Viewed": Phrase("cart", "cart", _cart),
    "Checkout Started": Phrase("cart", "cart", _checkout),
    "Checkout Step Completed": Phrase("cart", "cart", _plain(lambda: _("Went on with the checkout"))),
    "Payment Info Entered": Phrase("cart", "cart", _plain(lambda: _("Entered how to pay"))),
    "Coupon Applied": Phrase("cart", "coupon", _coupon),
    "Order Completed": Phrase("orders", "orders", _order(lambda: _("Ordered {}"), lambda: _("Ordered {} for {}"))),
    "Order Updated": Phrase(
        "orders", "orders", _order(lambda: _("Changed order {}"), lambda: _("Changed order {} to {}"))
    ),
    "Order Refunded": Phrase(
        "orders",
        "orders",
        _order(lambda: _("Got money back for order {}"), lambda: _("Got money back for order {}: {}")),
    ),
    "Order Cancelled": Phrase(
        "orders", "orders", _order(lambda: _("Cancelled order {}"), lambda: _("Cancelled order {} of {}"))
    ),
    "Identified": Phrase("profile", "customer", _identified),
    "Aliased": Phrase("profile", "merge", _plain(lambda: _("Was stated to be the same person as another id"))),
    "Segment Entered": Phrase("segments", "segments", _segment(lambda: _("Came into the segment {}"))),
    "Segment Left": Phrase("segments", "segments", _segment(lambda: _("Left the segment {}"))),
    "Survey Answered": Phrase("other", "star", _survey),
    "Grouped": Phrase("profile", "customers", _plain(lambda: _("Joined a group"))),
}


def _evidence(event: LoggedEvent) -> Iterator[tuple[str, str]]:
    """What the sentence rests on: the event as it was taken."""
    yield _("Event"), event.name
    yield _("Source"), f"{event.source} ({event.channel})" if event.channel else event.source
    given = {
        _("Address"): event.url,
        _("Came from"): event.referrer,
        _("Campaign"): event.utm_campaign or event.campaign,
        _("Cart"): event.cart_id,
        _("Browser"): event.anonymous_id,
        _("The shop's id"): event.user_id,
    }
    yield from ((name, value[:ROOM]) for name, value in given.items() if value)
    for item in event.items[1:] if event.name == "Product Viewed" else event.items:
        yield _("Product"), _line(item, event.currency)
    for name, value in {**event.traits, **event.properties}.items():
        if isinstance(value, str | int | float | bool) and name not in (
            "url",
            "referrer",
            "cart_id",
            "order_id",
            "currency",
        ):
            yield name, str(value)[:ROOM]
    yield _("Message id"), event.message_id


def _line(item: dict[str, object], currency: str) -> str:
    price = item.get("price")
    words = f"{item.get('quantity') or 1} × {item.get('name') or item.get('product_id') or '?'}"
    return f"{words}, {formats.money(Decimal(str(price)), currency or 'USD')}" if price is not None else words
