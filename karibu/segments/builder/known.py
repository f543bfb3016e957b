"""What the builder offers to choose from: traits, events, properties, products, segments … of this shop.

One object serves one request; each list is asked for once, when a control first needs it.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.consents import topics
from karibu.consents.methods import CHANNELS
from karibu.customers.models import Customer
from karibu.events import queries as events
from karibu.messages import senders
from karibu.messages.channels import KINDS
from karibu.messages.models import Template
from karibu.segments import columns, words
from karibu.segments.builder import log_values
from karibu.segments.builder.controls import NONE, Options
from karibu.segments.conditions.rfm import GROUPS
from karibu.segments.conditions.words import label
from karibu.segments.models import Segment
from karibu.shop.models import Product
from karibu.web import choices

Groups = list[tuple[Any, Options]]
SEEN = 200  # event names
LATELY = timedelta(days=30)
STANDARD = (
    "Product Viewed", "Product List Viewed", "Products Searched", "Product Added", "Product Removed", "Cart Viewed",
    "Checkout Started", "Order Completed", "Order Refunded", "Order Cancelled", "Page Viewed", "Signed Up", "Signed In",
    "Survey Answered",
)  # fmt: skip
SUGGESTED = frozenset(("city", "first_source", "timezone"))  # columns that many people have the same in
NUMBERS = frozenset(("value", "price", "quantity", "score"))


@dataclass(frozen=True)
class Trait:
    """`kind` is a key of rows.values.OPS; `choices` are all values there may be, `hints` some of them."""

    name: str
    label: str
    kind: str = "text"
    choices: Options = ()
    hints: Options = ()


class Known:
    def trait(self, name: str) -> Trait:
        return self._traits.get(name) or Trait(name, label(name))

    def hints(self, trait: Trait) -> Options:
        """Values that it has."""
        return _had_lately(trait.name) if trait.name in SUGGESTED else trait.hints

    def trait_groups(self) -> Groups:
        own = [(one.name, one.label) for one in self._traits.values() if one.name not in words.ABOUT | words.WORTH]
        return [
            ("", [NONE]),
            (_("About them"), [(name, label(name)) for name in words.ABOUT]),
            (_("What they are worth"), [(name, label(name)) for name in words.WORTH]),
            (_("What the shop told"), own),
        ]

    def event_groups(self) -> Groups:
        seen = [name for name, _count in self._event_names]
        return [
            ("", [NONE]),
            (_("In the log, most often first"), [(name, name) for name in seen]),
            (_("Not seen yet"), [(name, name) for name in STANDARD if name not in seen]),
        ]

    def property_groups(self, event: str) -> Groups:
        usual = [(name, label(name)) for name in words.PROPERTIES]
        told = log_values.properties(event) if event else []
        others = [(name, name) for name in told if name not in words.PROPERTIES]
        return [("", [NONE]), (_("Usual"), usual), (_("In this event"), others)]

    def property_kind(self, name: str) -> str:
        return "number" if name in NUMBERS else "text"

    def message_groups(self) -> Groups:
        """Whose messages, or which."""
        named = senders.names(self._senders)
        journeys = [(one, named[one]) for one in self._senders if one.startswith("journey:")]
        campaigns = [(one, named[one]) for one in self._senders if one.startswith("campaign:")]
        templates = [(f"template:{n}", name) for n, name in Template.objects.order_by("name").values_list("pk", "name")]
        return [
            ("", [("", _("any message"))]),
            (_("Of a journey"), journeys),
            (_("Of a campaign"), campaigns),
            (_("With the template"), templates),
            (_("By"), [(f"channel:{key}", dict(CHANNELS).get(key, key)) for key in KINDS]),
        ]

    def channels(self) -> Options:
        return [(key, str(said)) for key, said in CHANNELS]

    def topics(self) -> Options:
        return topics.choices()

    def rfm_groups(self) -> Options:
        return [(key, str(said)) for key, said in GROUPS.items()]

    def predictions(self) -> Options:
        return [(name[2:], name[2:].replace("_", " ")) for name in columns.predictions()]

    def segments(self) -> Options:
        live = Segment.objects.filter(archived_at=None).order_by("name", "pk")
        return [(str(number), name) for number, name in live.values_list("pk", "name")]

    def product_name(self, product_id: str) -> str:
        """What the shop calls it; "" where it is not known by another name."""
        if not product_id:
            return ""
        name = Product.objects.filter(product_id=product_id).values_list("name", flat=True).first() or ""
        return f"({name})" if name and name != product_id else ""

    def said(self, definition: dict[str, Any]) -> str:
        return words.sentence(definition)

    @cached_property
    def _traits(self) -> dict[str, Trait]:
        fixed = {name: self._fixed(name, label(name), kind) for name, kind in (words.ABOUT | words.WORTH).items()}
        told = {one.name: _told(one) for one in columns.traits() if one.name not in fixed}
        return {**fixed, **dict(sorted(told.items()))}

    def _fixed(self, name: str, said: str, kind: str) -> Trait:
        match name:
            case "country":
                return Trait(name, said, choices=[pair for pair in choices.countries() if pair[0]])
            case "language":
                return Trait(name, said, choices=_languages())
        return Trait(name, said, kind)

    @cached_property
    def _event_names(self) -> list[tuple[str, int]]:
        return events.names()[:SEEN]

    @cached_property
    def _senders(self) -> list[str]:
        """Who ever sent something, by jumping along the index from one to the next."""
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH RECURSIVE jump(sender) AS ((SELECT min(sender) FROM messages_message) UNION ALL"
                " SELECT (SELECT min(sender) FROM messages_message WHERE sender > jump.sender)"
                " FROM jump WHERE jump.sender IS NOT NULL) SELECT sender FROM jump WHERE sender IS NOT NULL"
            )
            return [row[0] for row in cursor.fetchall()]


def event_names() -> list[str]:
    """Those of the last weeks, most often first, and what shops tell besides."""
    lately = [name for name, _count in events.names(timezone.now() - LATELY)][:SEEN]
    return list(dict.fromkeys([*lately, *STANDARD]))


def property_names() -> Options:
    """The properties that people ask for most."""
    return [(name, label(name)) for name in words.PROPERTIES]


def suggestions(event: str, name: str, text: str) -> Options:
    """Values for a property of such an event that begin with or contain what was typed, with their names."""
    if name == "product_id":
        return _products(text)
    folded = text.lower()
    return [(value, "") for value in log_values.values(event, name) if folded in value.lower()]


def _products(text: str) -> Options:
    found = Product.objects.filter(name__icontains=text) if text else Product.objects.order_by("-updated_at", "-id")
    return list(found.values_list("product_id", "name")[:30])


def _told(trait: columns.KnownTrait) -> Trait:
    """A trait that the shop told, with some of the values it has."""
    return Trait(trait.name, label(trait.name), trait.kind, hints=[(value, "") for value in trait.values])


def _had_lately(column: str) -> Options:
    """What the latest customers have in this column, most often first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM (SELECT {column} FROM customers_customer ORDER BY id DESC LIMIT 5000) lately"  # noqa: S608 - one of SUGGESTED
            f" WHERE {column} > '' GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT 60"
        )
        return [(row[0], "") for row in cursor.fetchall()]


def _languages() -> Options:
    """The languages that customers have, by name."""
    seen = Customer.objects.raw(
        "SELECT 0 AS id, language FROM (SELECT language FROM customers_customer WHERE language > ''"
        " ORDER BY id DESC LIMIT 5000) lately GROUP BY language"
    )
    return sorted(((row.language, choices.language(row.language)) for row in seen), key=lambda pair: pair[1])
