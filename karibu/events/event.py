"""An event as the pipeline sees it, and the line items it may carry."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

# The event names of the Segment e-commerce spec V2 (https://segment.com/docs/connections/spec/ecommerce/v2/)
# keep their spelling; page and screen calls are stored under these names.
PAGE_VIEWED = "Page Viewed"
SCREEN_VIEWED = "Screen Viewed"


class Item(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line of a cart, an order or a product list. Price is for one piece, in the event's currency.

    `total` is what the line came to, where that is not price x quantity (a price by weight, an imported line total).
    """

    product_id: str = ""
    sku: str = ""
    name: str = ""
    brand: str = ""
    variant: str = ""
    category: str = ""
    price: Decimal | None = None
    quantity: int = 1
    total: Decimal | None = None
    coupon: str = ""
    url: str = ""
    image_url: str = ""


class Event(msgspec.Struct, gc=False):  # it holds no cycles, and thousands are alive at a time
    """One accepted event. Times are aware UTC. Empty text means absent.

    The first block comes from the wire (clock skew already corrected), the second is promoted from
    `properties` and `context` by commerce.promote(), the third is filled in by stages.
    """

    message_id: str
    type: str  # track identify page screen group alias
    name: str  # the track event's name, PAGE_VIEWED, SCREEN_VIEWED, "Identified", "Grouped", "Aliased"
    time: datetime
    received_at: datetime
    source_id: int
    source: str = ""
    channel: str = "web"  # web app server email import ...
    historical: bool = False  # part of an import: recorded, counted, but starts no journey
    import_id: int = 0
    anonymous_id: str = ""
    user_id: str = ""
    previous_id: str = ""
    group_id: str = ""
    traits: dict[str, Any] = msgspec.field(default_factory=dict)
    properties_json: bytes = b""  # as sent: most events are promoted, logged and never asked for more; see `properties`
    context_json: bytes = b""
    _properties: dict[str, Any] | None = None
    _context: dict[str, Any] | None = None

    order_id: str = ""
    cart_id: str = ""
    product_id: str = ""
    category: str = ""
    query: str = ""
    value: Decimal | None = None
    currency: str = ""
    quantity: int | None = None
    coupon: str = ""
    campaign: str = ""
    message: int | None = None  # id of the message whose link brought this event
    url: str = ""
    referrer: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    items: list[Item] = msgspec.field(default_factory=list)
    # Whether the context is known to say nothing of traits, consent or a message: most say where and with what alone.
    is_context_plain: bool = False

    customer_id: int = 0  # set by the identify stage: whose event this is now; 0 = nobody can be named
    # What the log keeps when it is not customer_id: a browser's own nameless customer, for what was done on it
    # before the first sign-in. It is merged into customer_id today, and can be taken apart again.
    recorded_as: int = 0

    @property
    def properties(self) -> dict[str, Any]:
        """All properties as sent, read when first asked for. They are not to be changed."""
        if self._properties is None:
            self._properties = read_json(self.properties_json)
        return self._properties

    @property
    def context(self) -> dict[str, Any]:
        """As `properties`."""
        if self._context is None:
            self._context = read_json(self.context_json)
        return self._context


def read_json(text: bytes) -> dict[str, Any]:
    return (_decode(text) or {}) if text else {}


def as_json(told: dict[str, Any]) -> bytes:
    """What stands in properties_json and context_json."""
    return _encode(told) if told else b""


_decode = msgspec.json.Decoder(dict[str, Any] | None).decode
_encode = msgspec.json.Encoder().encode
