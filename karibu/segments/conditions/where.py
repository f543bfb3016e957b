"""Which events count: by name, and by what they carry."""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from karibu.segments.conditions import operators, words
from karibu.segments.faults import DefinitionError

MOST_NAMES = 50
MOST_PROPERTIES = 50
# Columns of the log; a property of any other name is looked up in what the event carried.
PROMOTED = frozenset(
    [
        *(
            "category",
            "product_id",
            "order_id",
            "cart_id",
            "query",
            "value",
            "currency",
            "quantity",
            "coupon",
            "campaign",
        ),
        *(
            "url",
            "referrer",
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "utm_term",
            "utm_content",
            "channel",
            "source",
        ),
    ]
)
# An event has these if it says so itself, or if one of its items does.
OF_ITEMS = frozenset(["product_id", "sku", "name", "brand", "variant", "category", "price", "quantity"])
ALIASES = {"product": "product_id", "order": "order_id", "cart": "cart_id"}
_FORBIDDEN = frozenset("[]'\"?*\\`")  # they mean something in the paths of one engine or another


class Property(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One comparison. A dot leads into an object: `shipping.method`."""

    of: str = msgspec.field(name="property")
    op: str
    value: Any = None

    @property
    def name(self) -> str:
        return ALIASES.get(self.of, self.of)

    def check(self, path: str) -> None:
        check_name(self.of, f"{path}.property")
        operators.check(self.op, self.value, path)

    def said(self) -> str:
        return f"{words.label(self.name)} {operators.said(self.op, self.value, denied=False)}"


def check_name(name: str, path: str) -> None:
    parts = name.split(".")
    if not all(part == part.strip() != "" for part in parts) or _FORBIDDEN & set(name) or not name.isprintable():
        raise DefinitionError(path, _("“%(name)s” cannot be the name of a property.") % {"name": name[:40]})


def check_names(names: str | list[str], path: str) -> None:
    """The names of events that count: one, or any of several."""
    listed = [names] if isinstance(names, str) else names
    if not listed or not all(name.strip() for name in listed):
        raise DefinitionError(path, _("Name at least one event."))
    if len(listed) > MOST_NAMES:
        raise DefinitionError(path, _("At most %(n)s events.") % {"n": MOST_NAMES})


def check_properties(where: Sequence[Property], path: str) -> None:
    if len(where) > MOST_PROPERTIES:
        raise DefinitionError(path, _("At most %(n)s properties.") % {"n": MOST_PROPERTIES})
    for i, each in enumerate(where):
        each.check(f"{path}[{i}]")


def listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def said(where: Sequence[Property]) -> str:
    """ "with category is “Shoes” and value is at least 50", or nothing."""
    return _("with %(what)s") % {"what": _(" and ").join(each.said() for each in where)} if where else ""
