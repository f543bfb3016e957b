"""One visit to the sample shop, as the events a browser would send: looked, searched, filled a cart, ordered."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from karibu.demo.catalogue import BY_ID, CURRENCY, PRODUCTS, Product
from karibu.demo.people import Person, Place

SEARCHES = ("basket", "gift", "coffee", "kitenge", "mug", "dress", "tea", "necklace", "baby", "blanket", "bag")
_WEIGHTS = [product.popularity for product in PRODUCTS]

Sent = dict[str, Any]


@dataclass
class Cart:
    """What lies in a cart: product id to pieces."""

    id: str
    pieces: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return sum((BY_ID[product].price * count for product, count in self.pieces.items()), Decimal(0))

    def facts(self) -> dict[str, Any]:
        lines = [{**facts(BY_ID[product]), "quantity": count} for product, count in self.pieces.items()]
        return {"cart_id": self.id, "value": float(self.total), "currency": CURRENCY, "products": lines}


@dataclass
class Visit:
    """Somebody's visit under way. `at` moves on with each thing done; `person` is None for a stranger."""

    random: Random
    at: datetime
    browser: str
    place: Place
    person: Person | None = None
    cart: Cart | None = None
    number: str = ""  # begins every messageId of this visit
    sent: int = 0

    def look_around(self, views: int) -> Iterator[Sent]:
        """Arrives, finds its way by a list or the search, and looks at some products."""
        yield self._event("page", properties={"url": "/shop/", "title": "Duka la Karibu"})
        if self.random.random() < 0.3:
            yield self.track("Products Searched", {"query": self.random.choice(SEARCHES)})
        elif views > 1:
            yield self.track("Product List Viewed", {"category": self.random.choice(PRODUCTS).category})
        for product in choose(self.random, views):
            yield self.track("Product Viewed", facts(product))

    def fill_cart(self, count: int) -> Iterator[Sent]:
        self.cart = Cart("cart-" + self.random.randbytes(8).hex())
        for product in choose(self.random, count):
            pieces = 2 if self.random.random() < 0.12 else 1
            self.cart.pieces[product.id] = self.cart.pieces.get(product.id, 0) + pieces
            yield self.track("Product Added", {"cart_id": self.cart.id, **facts(product), "quantity": pieces})

    def look_into_cart(self) -> Iterator[Sent]:
        assert self.cart
        yield self.track("Cart Viewed", self.cart.facts())

    def start_checkout(self) -> Iterator[Sent]:
        assert self.cart
        yield self.track("Checkout Started", self.cart.facts())

    def order(self, order_id: str) -> Iterator[Sent]:
        assert self.cart
        properties = {**self.cart.facts(), "order_id": order_id, "total": float(self.cart.total)}
        del properties["value"]
        yield self.track("Order Completed", properties)

    def introduce(self) -> Iterator[Sent]:
        """Says who they are, with what they agree to."""
        assert self.person
        traits: dict[str, Any] = {"name": self.person.name, "email": self.person.email}
        traits |= {"city": self.person.city, "country": self.place.country}
        if self.person.agrees:
            traits["email_consent"] = True
        yield self._event("identify", traits=traits)

    def pause(self, low: float, high: float) -> None:
        """Seconds go by."""
        self.at += timedelta(seconds=self.random.uniform(low, high))

    def track(self, name: str, properties: dict[str, Any]) -> Sent:
        return self._event("track", event=name, properties=properties)

    def _event(self, type_: str, **more: Any) -> Sent:
        self.sent += 1
        event: Sent = {
            "type": type_,
            "messageId": f"{self.number}-{self.sent}",
            "timestamp": self.at.isoformat(),
            "anonymousId": self.browser,
            "context": {"locale": self.place.language, "timezone": self.place.zone},
            **more,
        }
        if self.person:
            event["userId"] = self.person.key
        self.pause(8, 70)
        return event


def facts(product: Product) -> dict[str, Any]:
    """A product as the e-commerce events of the Segment spec name its properties."""
    return {
        "product_id": product.id,
        "name": product.name,
        "category": product.category,
        "price": float(product.price),
        "currency": product.currency,
        "url": product.path,
        "image_url": f"/static/{product.picture}",
    }


def choose(random: Random, count: int) -> list[Product]:
    """`count` products, the popular ones more often."""
    return random.choices(PRODUCTS, _WEIGHTS, k=count)
