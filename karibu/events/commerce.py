"""The e-commerce events of the Segment spec V2: from the properties that SDKs send to the promoted fields of Event.

https://segment.com/docs/connections/spec/ecommerce/v2/ names the events and their properties. Shops also send the
names of V1 ("Completed Order"), snake case ("order_completed"), camel case keys and numbers as ids: all are read here,
once, so that everything after the collection knows one spelling.
"""

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from karibu.events.event import Event, Item

# Events about one product, whose fields stand at the top level of the properties.
ONE_PRODUCT = frozenset(
    {
        "Product Clicked",
        "Product Viewed",
        "Product Added",
        "Product Removed",
        "Product Shared",
        "Product Reviewed",
        "Product Added to Wishlist",
        "Product Removed from Wishlist",
        "Wishlist Product Added to Cart",
    }
)
# Events about a list of products whose worth is what they add up to, where no total is given.
WHOLE_CART = frozenset(
    {
        "Cart Viewed",
        "Cart Shared",
        "Checkout Started",
        "Checkout Step Viewed",
        "Checkout Step Completed",
        "Payment Info Entered",
        "Order Updated",
        "Order Completed",
        "Order Cancelled",
    }
)
OTHERS = frozenset(
    {
        "Products Searched",
        "Product List Viewed",
        "Product List Filtered",
        "Promotion Viewed",
        "Promotion Clicked",
        "Order Refunded",
        "Coupon Entered",
        "Coupon Applied",
        "Coupon Denied",
        "Coupon Removed",
    }
)
NAMES = ONE_PRODUCT | WHOLE_CART | OTHERS
V1 = {
    "Completed Order": "Order Completed",
    "Updated Order": "Order Updated",
    "Refunded Order": "Order Refunded",
    "Cancelled Order": "Order Cancelled",
    "Order Canceled": "Order Cancelled",
    "Viewed Product": "Product Viewed",
    "Clicked Product": "Product Clicked",
    "Added Product": "Product Added",
    "Removed Product": "Product Removed",
    "Viewed Product Category": "Product List Viewed",
    "Product Category Viewed": "Product List Viewed",
    "Viewed Cart": "Cart Viewed",
    "Started Checkout": "Checkout Started",
    "Viewed Promotion": "Promotion Viewed",
    "Clicked Promotion": "Promotion Clicked",
    "Searched Products": "Products Searched",
    "Shared Product": "Product Shared",
    "Shared Cart": "Cart Shared",
}

# Our field: the keys it may come under, the best first.
ORDER = ("order_id", "orderId", "orderID", "order_number", "orderNumber")
CART = ("cart_id", "cartId", "cartID", "cart_token")
PRODUCT = ("product_id", "productId", "productID", "sku")
CATEGORY = ("category", "category_id", "categoryId", "product_category", "list_id", "listId")
QUERY = ("query", "search_term", "searchTerm", "search_query", "keyword")
VALUE = ("total", "revenue", "value", "amount", "order_total", "cart_total")
CURRENCY = ("currency", "currency_code", "currencyCode")
QUANTITY = ("quantity", "qty")
COUPON = ("coupon", "coupon_code", "couponCode", "coupon_id", "couponId", "coupon_name", "discount_code")
CAMPAIGN = ("campaign", "campaign_id", "campaignId")
PRODUCTS = ("products", "items", "line_items")
PRICE = ("price", "unit_price", "unitPrice")
IMAGE = ("image_url", "imageUrl", "image", "imageURL")
LINK = ("url", "product_url", "productUrl")
FIELDS = {
    "order": ORDER,
    "cart": CART,
    "product": PRODUCT,
    "category": CATEGORY,
    "query": QUERY,
    "value": VALUE,
    "currency": CURRENCY,
    "quantity": QUANTITY,
    "coupon": COUPON,
    "campaign": CAMPAIGN,
    "products": PRODUCTS,
    "price": PRICE,
    "image": IMAGE,
    "link": LINK,
    "id": ("id",),
    "name": ("name", "title"),
    "brand": ("brand",),
    "variant": ("variant",),
    "referrer": ("referrer",),
}
# A key, the field it gives and how good it is (0: the best). One pass over an event's few properties finds them all,
# where asking for each of these keys would cost ten times as much: this runs for every event there is.
_KEYS = {key: (field, rank) for field, keys in FIELDS.items() for rank, key in enumerate(keys)}

# Told by product and page, hardly by person.
VIEWS = frozenset({"Product Viewed", "Product Clicked", "Product List Viewed", "Page Viewed", "Screen Viewed"})
PROMOTED = (
    *("product_id", "category", "query", "value", "currency", "quantity", "coupon", "campaign", "url", "referrer"),
    *("order_id", "cart_id", "items"),
)
REMEMBERED, WORTH_REMEMBERING = 4000, 2000  # properties, and bytes of one
_remembered: dict[tuple[str, bytes], list[tuple[str, Any]]] = {}

ROOM_OF_MONEY = 40  # characters of an amount that is worth remembering
LIMIT = Decimal(10) ** 12  # of money, either way; anything beyond is a mistake
MOST_PIECES = 10**9
PLACES = Decimal("0.0001")
_COMPACT = str.maketrans("", "", " _-")
_SPELLINGS = {name.lower().translate(_COMPACT): name for name in NAMES} | {
    old.lower().translate(_COMPACT): name for old, name in V1.items()
}


def promote(event: Event) -> None:
    """Fills the promoted fields of `event` from its properties and context, and gives its name the spec's spelling.

    Never raises: a value that cannot be read (money that is no number or beyond LIMIT, an id of 201 characters)
    leaves its field empty and stays in the properties, which are not changed. Items may be shared between events.
    """
    if event.type == "track" and event.name not in NAMES:
        event.name = _SPELLINGS.get(event.name.lower().translate(_COMPACT), event.name)
    if event.context_json:
        _promote_context(event)
    if not event.properties_json:
        return
    if event.name in VIEWS:
        _promote_again(event)
    else:
        _promote_properties(event, event.properties)


def _promote_again(event: Event) -> None:
    """Everybody who looks at a product sends the same properties: they are read once, and then remembered."""
    said = (event.name, event.properties_json)
    promoted = _remembered.get(said)
    if promoted is None:
        plain = Event(message_id="", type="", name=event.name, time=event.time, received_at=event.time, source_id=0)
        _promote_properties(plain, event.properties)
        promoted = [(field, value) for field in PROMOTED if (value := getattr(plain, field)) not in ("", None, [])]
        if len(_remembered) >= REMEMBERED:
            _remembered.clear()
        if len(said[1]) <= WORTH_REMEMBERING:
            _remembered[said] = promoted
    for field, value in promoted:
        setattr(event, field, value)


def money(value: object) -> Decimal | None:
    """An amount exactly as written, to four places; None for what is no amount. A float counts by its text."""
    if value is None:
        return None
    kind = value.__class__
    if kind is float or kind is int or (kind is str and len(value) <= ROOM_OF_MONEY):  # type: ignore[arg-type]
        return _remembered_money(value)
    return _money(value)


def _money(value: object) -> Decimal | None:
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or value == "":
        return None
    if isinstance(value, str) and "_" in value:  # Python's digit groups, nobody's money
        return None
    try:
        amount = Decimal(value)
        if not -LIMIT < amount < LIMIT:  # NaN raises
            return None
        if amount.as_tuple().exponent < -4:  # type: ignore[operator]  # finite: an int
            amount = amount.quantize(PLACES, ROUND_HALF_EVEN)
    except ArithmeticError:
        return None
    return amount


# A shop has some thousand prices, and each is sent again and again. 1 and True are not the same price.
_remembered_money = lru_cache(maxsize=5000, typed=True)(_money)


def identifier(value: object) -> str:
    """An id as text: numbers as a shop would write them, "" for what cannot be an id."""
    if type(value) is str:
        text = value.strip()
        return text if len(text) <= 200 and "\x00" not in text else ""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and (isinstance(value, bool) or abs(value) >= LIMIT**2):
        return ""
    if not isinstance(value, str | int | float) or value in (math.inf, -math.inf) or value != value:
        return ""
    text = str(value).strip()
    return text if len(text) <= 200 and "\x00" not in text else ""


def item_of(product: Mapping[str, Any], found: dict[str, Any] | None = None) -> Item | None:
    """One line from one product's properties; None where nothing says which product it is."""
    found = _found(product) if found is None else found
    said = {to[0]: to[1](value) for field, value in found.items() if (to := _OF_ITEM.get(field))}
    said["product_id"] = said.get("product_id") or identifier(found.get("id"))
    if not (said["product_id"] or said.get("name")):
        return None
    quantity = found.get("quantity")
    if quantity is not None:
        said["quantity"], said["total"] = _pieces(quantity, said.get("price"))
    if "sku" in product:
        said["sku"] = identifier(product["sku"])
    if "coupon" in product:
        said["coupon"] = _text(product["coupon"], 200)
    return Item(**said)


def worth(items: list[Item]) -> Decimal | None:
    """What the lines come to; None when no line has a price."""
    totals = [line_total(item) for item in items if item.price is not None or item.total is not None]
    return sum(totals, Decimal(0)) if totals else None


def line_total(item: Item) -> Decimal:
    if item.total is not None:
        return item.total
    return item.price * item.quantity if item.price is not None else Decimal(0)


def _found(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What the properties say, by field: the value under the best key that has one."""
    found: dict[str, Any] = {}
    ranks: dict[str, int] = {}
    for key, value in properties.items():
        known = _KEYS.get(key)
        if known and value is not None and value != "":
            field, rank = known
            if rank < ranks.get(field, 9):
                found[field], ranks[field] = value, rank
    return found


def _promote_properties(event: Event, properties: dict[str, Any]) -> None:
    found = _found(properties)
    if not found:
        return
    for field, value in found.items():
        if to := _OF_EVENT.get(field):
            setattr(event, to[0], to[1](value))
    if "url" in properties:
        event.url = _text(properties["url"], 2000) or event.url
    event.items = _items(event, properties, found)
    if len(event.items) == 1:
        event.product_id = event.product_id or event.items[0].product_id
        event.category = event.category or event.items[0].category
    if event.quantity is None and event.items and (event.name in WHOLE_CART or event.name in ONE_PRODUCT):
        event.quantity = sum(item.quantity for item in event.items)
    event.value = _value(event, found.get("value"))


def _items(event: Event, properties: dict[str, Any], found: dict[str, Any]) -> list[Item]:
    listed = found.get("products")
    if isinstance(listed, Mapping):
        listed = [listed]
    if isinstance(listed, list):
        return [item for each in listed if isinstance(each, dict) and (item := item_of(each))]
    if event.name in ONE_PRODUCT and (item := item_of(properties, found)):
        return [item]
    return []


def _value(event: Event, said: object) -> Decimal | None:
    given = money(said)
    if given is None and (event.name in WHOLE_CART or event.name in ONE_PRODUCT):
        given = worth(event.items)
        if given is not None and abs(given) >= LIMIT:
            return None
    return given


class _Page(msgspec.Struct, gc=False):
    url: Any = None
    referrer: Any = None


class _Campaign(msgspec.Struct, gc=False):
    source: Any = None
    medium: Any = None
    name: Any = None
    term: Any = None
    content: Any = None


class _Context(msgspec.Struct, gc=False):
    """What is promoted of a context, and what stages look at themselves; the rest of it is passed over."""

    page: _Page | None = None
    campaign: _Campaign | None = None
    traits: Raw | UnsetType = UNSET
    consent: Raw | UnsetType = UNSET
    message: Raw | UnsetType = UNSET


class _LooseContext(msgspec.Struct):
    page: Any = None
    campaign: Any = None


_context = msgspec.json.Decoder(_Context).decode
_loose_context = msgspec.json.Decoder(_LooseContext).decode


def _promote_context(event: Event) -> None:
    try:
        context = _context(event.context_json)
        event.is_context_plain = context.traits is context.consent is context.message is UNSET
    except msgspec.ValidationError:  # a page that is no object takes nothing from the campaign
        said = _loose_context(event.context_json)
        page = msgspec.convert(said.page, _Page) if isinstance(said.page, dict) else None
        campaign = msgspec.convert(said.campaign, _Campaign) if isinstance(said.campaign, dict) else None
        context = _Context(page, campaign)
    if page := context.page:
        event.url, event.referrer = _text(page.url, 2000), _text(page.referrer, 2000)
    if campaign := context.campaign:
        event.utm_source, event.utm_medium = _text(campaign.source, 200), _text(campaign.medium, 200)
        event.utm_campaign = _text(campaign.name, 200)
        if campaign.term or campaign.content:
            event.utm_term, event.utm_content = _text(campaign.term, 200), _text(campaign.content, 200)


def _text(value: object, limit: int) -> str:
    if value.__class__ is str:
        return value if len(value) <= limit and "\x00" not in value else value[:limit].replace("\x00", "")
    return identifier(value)[:limit]


def _currency(value: object) -> str:
    if not isinstance(value, str) or len(value) != 3 or not (value.isascii() and value.isalpha()):
        return ""
    return value.upper()


def _whole(value: object) -> int | None:
    amount = money(value)
    if amount is None or amount != amount.to_integral_value() or abs(amount) > MOST_PIECES:
        return None
    return int(amount)


def _pieces(value: object, price: Decimal | None) -> tuple[int, Decimal | None]:
    """How many pieces, and the line's total where that is not price x pieces: 1.5 kg count as 2 pieces."""
    amount = money(value)
    if amount is None or amount < 0 or amount > MOST_PIECES:
        return 1, None
    if amount == amount.to_integral_value():
        return int(amount), None
    return max(1, round(amount)), (price * amount).quantize(PLACES) if price is not None else None


def _upto(limit: int) -> Callable[[object], str]:
    return lambda value: _text(value, limit)


Reader = Callable[[Any], Any]
# Where a field goes, and how its value is read: only the few fields that an event has are looked at.
_OF_EVENT: dict[str, tuple[str, Reader]] = {
    "order": ("order_id", identifier),
    "cart": ("cart_id", identifier),
    "product": ("product_id", identifier),
    "category": ("category", _upto(300)),
    "query": ("query", _upto(500)),
    "currency": ("currency", _currency),
    "coupon": ("coupon", _upto(200)),
    "campaign": ("campaign", _upto(200)),
    "referrer": ("referrer", _upto(2000)),
    "quantity": ("quantity", _whole),
}
_OF_ITEM: dict[str, tuple[str, Reader]] = {
    "product": ("product_id", identifier),
    "name": ("name", _upto(500)),
    "brand": ("brand", _upto(200)),
    "variant": ("variant", _upto(200)),
    "category": ("category", _upto(300)),
    "price": ("price", money),
    "link": ("url", _upto(2000)),
    "image": ("image_url", _upto(2000)),
}
