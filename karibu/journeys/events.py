"""Which events a journey listens to: by name, and by conditions on what they carry."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec
from django.utils.translation import gettext as _

from karibu.events.event import Event
from karibu.events.log import LoggedEvent
from karibu.segments.faults import DefinitionError

# Properties that events/commerce promotes to fields of their own; anything else is looked up in `properties`.
PROMOTED = frozenset(
    ["cart_id", "order_id", "product_id", "category", "query", "value", "currency", "quantity", "coupon", "campaign"]
)
# A cart or an order belongs to one person at a time, so its id alone says which run is meant.
SHARED_KEYS = frozenset(["cart_id", "order_id"])

Happened = Event | LoggedEvent  # in the pipeline, or as the log holds it
Operator = Literal["is", "is_not", "in", "not_in", "contains", "gt", "gte", "lt", "lte", "exists", "missing"]


class Condition(msgspec.Struct, forbid_unknown_fields=True):
    property: str
    op: Operator
    value: Any = None

    def holds(self, event: Happened) -> bool:
        """An unknown or incomparable value never holds (except for `is_not`, `not_in` and `missing`)."""
        return compared(self, value_of(event, self.property))

    def sentence(self) -> str:
        wanted = ", ".join(map(str, self.value)) if isinstance(self.value, list) else str(self.value)
        return f"{self.property.replace('_', ' ')} {_words(self.op)} {wanted if self.value is not None else ''}".strip()


class EventRule(msgspec.Struct, forbid_unknown_fields=True):
    event: str | list[str]
    where: list[Condition] = []

    @property
    def names(self) -> list[str]:
        return [self.event] if isinstance(self.event, str) else self.event

    def check(self, path: str) -> None:
        if not self.names or not all(name.strip() for name in self.names):
            raise DefinitionError(f"{path}.event", _("Name at least one event."))
        for i, condition in enumerate(self.where):
            if condition.op in ("in", "not_in") and not isinstance(condition.value, list):
                raise DefinitionError(f"{path}.where[{i}].value", _("Expected a list of values."))

    def matches(self, event: Happened) -> bool:
        """Whether the conditions hold; the name has been compared already."""
        return all(condition.holds(event) for condition in self.where)

    def sentence(self) -> str:
        said = either([doing(name) for name in self.names])
        conditions = _(" and ").join(condition.sentence() for condition in self.where)
        return _("%(does)s where %(conditions)s") % {"does": said, "conditions": conditions} if conditions else said


def compared(condition: Condition, found: Any) -> bool:
    """Whether the condition holds of the value `found` (None: unknown)."""
    return _HOLDS[condition.op](found, condition.value)


def value_of(event: Happened, name: str) -> Any:
    """What the event carries under that name, or None."""
    found = getattr(event, name) if name in PROMOTED else event.properties.get(name)
    return None if found == "" else found


def key_of(event: Happened, name: str) -> str | None:
    """The value that tells runs apart, as text; "" for a journey without a key, None when the event has none."""
    if not name:
        return ""
    found = value_of(event, name)
    return None if found is None else str(found)[:200]


def doing(name: str) -> str:
    """The event as something people do."""
    known = {
        "Product Viewed": _("looks at a product"),
        "Product Added": _("puts something into a cart"),
        "Product Removed": _("takes something out of a cart"),
        "Cart Viewed": _("looks at a cart"),
        "Checkout Started": _("starts a checkout"),
        "Order Completed": _("orders"),
        "Order Cancelled": _("cancels an order"),
        "Order Refunded": _("gets money back"),
        "Products Searched": _("searches"),
        "Signed Up": _("signs up"),
        "Survey Answered": _("answers a survey"),
    }
    return known.get(name) or _("does “%(event)s”") % {"event": name}


def either(said: list[str]) -> str:
    """ "a, b or c"."""
    if len(said) < 2:
        return "".join(said)
    return _("%(several)s or %(last)s") % {"several": ", ".join(said[:-1]), "last": said[-1]}


def thing(key: str) -> str:
    """What a key tells apart: "cart" for `cart_id`."""
    known = {"cart_id": _("cart"), "order_id": _("order"), "product_id": _("product")}
    return known.get(key) or key.replace("_", " ")


def _words(op: str) -> str:
    return {
        "is": _("is"),
        "is_not": _("is not"),
        "in": _("is one of"),
        "not_in": _("is none of"),
        "contains": _("contains"),
        "gt": _("is above"),
        "gte": _("is at least"),
        "lt": _("is below"),
        "lte": _("is at most"),
        "exists": _("is known"),
        "missing": _("is not known"),
    }[op]


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _compared(test: Callable[[Decimal, Decimal], bool]) -> Callable[[Any, Any], bool]:
    def holds(found: Any, wanted: Any) -> bool:
        left, right = _number(found), _number(wanted)
        return left is not None and right is not None and test(left, right)

    return holds


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return found is not None and _number(found) == _number(wanted)
    return found is not None and str(found) == str(wanted)


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "is": _same,
    "is_not": lambda found, wanted: not _same(found, wanted),
    "in": lambda found, wanted: any(_same(found, one) for one in wanted),
    "not_in": lambda found, wanted: not any(_same(found, one) for one in wanted),
    "contains": lambda found, wanted: found is not None and str(wanted).casefold() in str(found).casefold(),
    "gt": _compared(lambda left, right: left > right),
    "gte": _compared(lambda left, right: left >= right),
    "lt": _compared(lambda left, right: left < right),
    "lte": _compared(lambda left, right: left <= right),
    "exists": lambda found, _wanted: found is not None,
    "missing": lambda found, _wanted: found is None,
}
