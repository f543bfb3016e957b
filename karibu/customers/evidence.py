"""What one event says about who did it: strong identifiers and traits, in Karibu's spellings. No database here."""

import re
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from karibu.customers import addresses, traits
from karibu.customers.strength import Strength
from karibu.events.event import Event

Key = tuple[str, str]  # (kind, value) of an Identity
ROOM = 300  # characters of an identifier
ORDERED = frozenset(("Order Completed", "Order Placed", "Order Updated"))
_ORDER_TRAITS = ("email", "phone", "name", "first_name", "last_name", "firstName", "lastName")
# What careless shops send for everybody; taken at its word it would make all of them one person.
_NOBODY = frozenset(
    (
        "",
        "0",
        "-1",
        "null",
        "none",
        "nil",
        "nan",
        "undefined",
        "anonymous",
        "guest",
        "unknown",
        "[object object]",
        "true",
        "false",
    )
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}")


class Evidence(NamedTuple):
    """`keys` are strong (each is one person), the external id first; `browser` and `previous` are ids as sent."""

    keys: list[Key]
    browser: str
    previous: str
    said: list[tuple[Strength, dict[str, Any]]]


def read(event: Event, region: str = "") -> Evidence:
    """`region` (ISO 3166-1) reads phone numbers in national spelling where the event names no country."""
    user = _identifier(event.user_id)
    said = _said(event, region)
    keys: list[Key] = [("external", user)] if user else []
    for _, spelled in said:
        keys += [key for key in _addresses(spelled) if key not in keys]
    previous = _identifier(event.previous_id) if event.type == "alias" else ""
    return Evidence(keys, _identifier(event.anonymous_id), previous, said)


def tells_traits(event: Event) -> bool:
    """Whether `read` has to look for traits at all: most events carry none."""
    return event.type == "identify" or event.name in ORDERED or _has_context_traits(event)


def _has_context_traits(event: Event) -> bool:
    return not event.is_context_plain and b'"traits"' in event.context_json and bool(event.context.get("traits"))


def needs_region(event: Event) -> bool:
    """Whether a phone number stands in the event that only a country makes readable."""
    return any(
        "phone" in given and not str(given["phone"]).lstrip().startswith(("+", "00")) for _, given in _given(event)
    )


def how(event: Event) -> str:
    """How we know, for the identity: "identify", "order 1042", "import 3", or the event's name."""
    if event.import_id:
        return f"import {event.import_id}"
    if event.order_id and event.name in ORDERED:
        return f"order {event.order_id}"[:200]
    return (event.type if event.type in ("identify", "alias") else event.name)[:200]


def guesses(event: Event) -> tuple[str, str]:
    """(language, time zone) as the browser has them, empty where it does not say or says nonsense."""
    language, zone = str(event.context.get("locale") or ""), str(event.context.get("timezone") or "")
    tag = language.replace("_", "-")[:16] if _LANGUAGE.fullmatch(language) else ""
    return tag, zone if zone in _zones() else ""


def _zones() -> frozenset[str]:
    global _known_zones
    if not _known_zones:
        _known_zones = frozenset(available_timezones())
    return _known_zones


_known_zones: frozenset[str] = frozenset()


def names_somebody(identifier: str) -> bool:
    """Whether an id is taken at its word: not "null", "0" and the like, which careless shops send for everybody."""
    return bool(_identifier(identifier))


def _identifier(text: str) -> str:
    cleaned = text.strip()[:ROOM]
    return "" if cleaned.lower() in _NOBODY else cleaned


def _said(event: Event, region: str) -> list[tuple[Strength, dict[str, Any]]]:
    if not tells_traits(event):
        return []
    return [
        (
            min(strength, Strength.IMPORT) if event.import_id else strength,
            traits.spelled(given, region_of(given) or region),
        )
        for strength, given in _given(event)
    ]


def _given(event: Event) -> list[tuple[Strength, dict[str, Any]]]:
    """The traits as sent, weakest first."""
    given: list[tuple[Strength, dict[str, Any]]] = []
    if _has_context_traits(event) and isinstance(event.context["traits"], dict):
        given.append((Strength.SHOP, event.context["traits"]))
    if event.type == "identify" and event.traits:
        given.append((Strength.SHOP, event.traits))
    if event.name in ORDERED and (ordered := _order_traits(event.properties)):
        given.append((Strength.ORDER, ordered))
    return given


def _order_traits(properties: dict[str, Any]) -> dict[str, Any]:
    customer = properties.get("customer")
    inside = customer if isinstance(customer, dict) else {}
    return {name: value for name in _ORDER_TRAITS if (value := properties.get(name) or inside.get(name))}


def region_of(given: dict[str, Any]) -> str:
    """The country that traits name, for reading the phone number beside it."""
    address = given.get("address")
    inside = address.get("country") if isinstance(address, dict) else None
    country = str(given.get("country") or given.get("countryCode") or inside or "").strip().upper()
    return country if len(country) == 2 and country.isalpha() else ""


def _addresses(spelled: dict[str, Any]) -> list[Key]:
    keys: list[Key] = []
    if email := spelled.get("email"):
        keys.append(("email", email))
    if phone := spelled.get("phone"):
        keys.append(("phone", addresses.phone_key(phone)))
    return keys
