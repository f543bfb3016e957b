"""What templates may say about a person: gathered for a whole group of messages with a handful of queries.

Only plain data leaves here. Names that senders put into a message's context never cover ours.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from karibu.consents import links
from karibu.customers.models import Customer
from karibu.messages import about, bounds
from karibu.messages.addresses import public_url
from karibu.messages.content import Facts
from karibu.messages.models import Message
from karibu.shop.models import Cart
from karibu.web.models import Shop


def gather(messages: Iterable[Message], customers: Mapping[int, Customer]) -> dict[int, Facts]:
    """{message id: what its template sees}."""
    messages = list(messages)
    shop = of_shop(the_shop())
    wanted = {str(m.context["cart_id"]) for m in messages if m.context.get("cart_id")}
    carts = {cart.cart_id: cart for cart in Cart.objects.filter(cart_id__in=wanted)}
    more = about.gather(messages, shop)
    return {
        m.id: {
            **m.context,
            "coupon": of_coupon(m.context.get("coupon")),
            "preferences_url": links.page(links.PREFERENCES, m.customer_id),
            **more[m.id],
            "shop": shop,
            "customer": of_customer(customers.get(m.customer_id)),
            "cart": of_cart(carts.get(str(m.context.get("cart_id"))), shop, m.context),
        }
        for m in messages
    }


class Code(dict[str, Any]):
    """A coupon: `{{ coupon }}` is its code, and so is `{{ coupon.code }}`."""

    def __str__(self) -> str:
        return str(self["code"])


def of_coupon(given: object) -> object:
    """What the sender found for the person; None where there is none: nothing is promised then."""
    if isinstance(given, Mapping):
        return Code(given) if given.get("code") else None
    return given or None


def the_shop() -> Shop:
    return Shop.objects.filter(pk=1).first() or Shop(pk=1)


def of_shop(shop: Shop) -> Facts:
    url = shop.url or f"{public_url()}/"
    address = " ".join(shop.address.split())
    return filled({"name": shop.name, "address": address, "url": url, "currency": shop.currency})


def of_customer(customer: Customer | None) -> Facts:
    if customer is None:
        return {}
    first = customer.traits.get("first_name") or customer.traits.get("firstName") or customer.name.split(" ")[0]
    known = {name: getattr(customer, name) for name in ("id", "name", "email", "country", "city", "language")}
    return filled({**customer.traits, **known, "first_name": first})


def filled(facts: Facts) -> Facts:
    """Without empty texts: Liquid takes "" for true, and `{% if customer.first_name %}` means "is it known"."""
    return {name: value for name, value in facts.items() if value != ""}


def of_cart(cart: Cart | None, shop: Facts, context: Mapping[str, Any]) -> Facts:
    """The cart as it is now. `url` is where it can be picked up again."""
    if cart is None:
        return {}
    base = str(context.get("cart_url") or f"{shop['url'].rstrip('/')}/cart/?{urlencode({'cart': cart.cart_id})}")
    items = [_item(item, shop["url"]) for item in cart.items if isinstance(item, dict)]
    currency = cart.currency or shop["currency"]
    return {"id": cart.cart_id, "items": items, "value": cart.value, "currency": currency, "url": base}


def _item(item: Mapping[str, Any], shop_url: str) -> Facts:
    price, quantity = _number(item.get("price")), _number(item.get("quantity")) or Decimal(1)
    facts = {
        **item,
        "price": price,
        "quantity": int(quantity),
        "total": price * quantity if price is not None else None,
        "url": absolute(item.get("url"), shop_url),
        "image_url": absolute(item.get("image_url"), shop_url),
    }
    return filled(facts)


def absolute(url: object, shop_url: str) -> str:
    """Pictures and links in mail need a whole address; shops often send `/products/7`."""
    text = str(url or "")
    if text.startswith("/") and not text.startswith("//"):
        scheme, _, rest = shop_url.partition("://")
        return f"{scheme}://{rest.split('/')[0]}{text}"
    return text


def _number(value: object) -> Decimal | None:
    """What stands in an event, where it can be reckoned with: nobody pays 1e999999999, but anybody can send it."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and -bounds.MOST < number < bounds.MOST else None
