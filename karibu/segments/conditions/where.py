"""Which events count: by name, and by what they carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from django.utils.translation import gettext as _

from karibu.events import commerce
from karibu.segments.conditions import operators, words
from karibu.segments.faults import DefinitionError
from karibu.segments.operand import compared, negated
from karibu.segments.scope import Happened, some

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Column, Table

    from karibu.segments.conditions.base import Names
    from karibu.segments.conditions.window import Within
    from karibu.segments.scope import Scope

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
# Where an event (about more than one product) does not say these itself, each of its items does.
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

    def said(self, names: Names) -> str:
        """ "category is “Shoes”", "any coupon", "no coupon"; before it stands "where", or "with"."""
        label = words.label(self.name)
        if self.op in operators.PRESENCE:
            return (_("any %(what)s") if self.op == "exists" else _("no %(what)s")) % {"what": label}
        return f"{label} {operators.said(self.op, self._called(names), denied=False)}"

    def _called(self, names: Names) -> Any:
        """The value in words: of products their names."""
        if self.name != "product_id" or self.op not in ("is", "is_not", "in", "not_in"):
            return self.value
        if isinstance(self.value, list):
            return [names.get(f"product:{one}", one) for one in self.value]
        return names.get(f"product:{self.value}", self.value)

    def holds(self, scope: Scope, events: Table, listing: Sequence[str]) -> BooleanValue:
        """Whether it holds for a row of `events`. `listing`: names of events whose items may say it, too."""
        if self.op in operators.NEGATIVE:
            return negated(self._is_so(scope, events, operators.OPPOSITES[self.op], listing))
        return self._is_so(scope, events, self.op, listing)

    def _is_so(self, scope: Scope, events: Table, op: str, listing: Sequence[str]) -> BooleanValue:
        own = said(scope, events, self.name)
        found = compared(scope, own, op, self.value)
        if self.name not in OF_ITEMS or not listing:
            return found
        fitting = events["items"].filter(lambda item: compared(scope, item[self.name], op, self.value))
        return found | (own.isnull() & named(events, listing) & (fitting.length() > 0))


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


def are_dated(where: Sequence[Property]) -> bool:
    """Whether one of them changes with the shop's calendar day."""
    return any(each.op in operators.CALENDAR for each in where)


def listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def told(where: Sequence[Property], names: Names) -> str:
    """ "with any coupon where category is “Shoes” and value is at least 50", or nothing."""
    having = _(" and ").join(each.said(names) for each in where if each.op in operators.PRESENCE)
    being = _(" and ").join(each.said(names) for each in where if each.op not in operators.PRESENCE)
    parts = ((_("with %(what)s"), having), (_("where %(what)s"), being))
    return " ".join(words % {"what": what} for words, what in parts if what)


def said(scope: Scope, events: Table, name: str) -> Column:
    """What events say of this property themselves, not their items."""
    return events[name] if name in PROMOTED else scope.carried(events.properties, name)


def named(events: Table, names: Sequence[str]) -> BooleanValue:
    return events.name == names[0] if len(names) == 1 else events.name.isin(names)


def fits(scope: Scope, events: Table, names: Sequence[str], where: Sequence[Property]) -> list[BooleanValue]:
    """What must hold for a row of `events` that counts."""
    return [named(events, names), *(each.holds(scope, events, listing(each.name, names)) for each in where)]


def listing(name: str, names: Sequence[str]) -> list[str]:
    """Which of these events say the property in their items, where they do not say it themselves.

    An event about one product says everything itself.
    """
    if name not in OF_ITEMS:
        return []
    return [event for event in names if event not in commerce.ONE_PRODUCT]


def happened(scope: Scope, names: Sequence[str], where: Sequence[Property], within: Within | None) -> Happened:
    """The events that count."""
    return Happened(
        lambda: table(scope, names, where, within),
        lambda: [*fits(scope, scope.events, names, where), *scope.inside(within, scope.events.time)],
        {},
    )


def table(scope: Scope, names: Sequence[str], where: Sequence[Property], within: Within | None) -> Table:
    """The events that count, as engines read them soonest from files."""
    events = scope.events
    inside = scope.inside(within, events.time)
    deep = [each for each in where if listing(each.name, names)]
    if not deep or not all(each.name in PROMOTED for each in deep):
        return events.filter([*fits(scope, events, names, where), *inside])
    # Items take long to read. Those events that say it themselves are asked apart: it is most of them.
    known = [events[each.name].notnull() for each in deep]
    plain = [named(events, names), *(each.holds(scope, events, []) for each in where), *known]
    told = events.filter([*plain, *inside])
    return told.union(events.filter([some([~each for each in known]), *fits(scope, events, names, where), *inside]))
