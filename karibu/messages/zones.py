"""By which clock and in which country a person lives, as well as it can be known.

Their own zone, else the zone of their country where it has but one, else of their phone number, else where most people
of the country live, else the shop's. A zone that does not exist counts as none, and is counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from django.db.models import Count, Q, QuerySet
from phonenumbers import timezone

from karibu.customers.models import Customer

OWN, COUNTRY, PHONE, SHOP = "own", "country", "phone", "shop"


@dataclass(frozen=True, slots=True)
class Place:
    """`known_by` says how the zone is known; `is_invalid`: what stood there is no zone."""

    zone: ZoneInfo
    country: str  # ISO 3166-1, "" where nothing tells
    known_by: str
    is_invalid: bool = False


def of(customer: Customer, shop_zone: str, shop_country: str = "") -> Place:
    name, country = customer.timezone, customer.country
    if customer.phone and not (country and zone(name)):  # who says both needs no look at their number
        return _place(name, country, *_of_phone(customer.phone), shop_zone, shop_country)
    return _place(name, country, "", (), shop_zone, shop_country)


@lru_cache(maxsize=16384)
def _place(
    name: str, country: str, by_phone: str, phone_zones: tuple[str, ...], shop_zone: str, shop_country: str
) -> Place:
    land = country or by_phone or country_of(name)
    if own := zone(name):
        return Place(own, land, OWN)
    there = zones_of(land)
    candidates = [(there[0], COUNTRY)] if len(there) == 1 else []
    candidates += [(phone_zones[0], PHONE)] if len(phone_zones) == 1 else []
    candidates += [(there[0], COUNTRY)] if there else []
    for candidate, known_by in candidates:
        if found := zone(candidate):
            return Place(found, land, known_by, bool(name))
    return Place(zone(shop_zone) or ZoneInfo("UTC"), land or shop_country, SHOP, bool(name))


@lru_cache(maxsize=2048)
def zone(name: str) -> ZoneInfo | None:
    """The zone of this name; None where there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):  # which of them depends on the spelling
        return None


def zone_of(name: str, fallback: str) -> ZoneInfo:
    """The zone of this name; where it is none the fall-back's, and UTC after that."""
    return zone(name) or zone(fallback) or ZoneInfo("UTC")


def _of_phone(phone: str) -> tuple[str, tuple[str, ...]]:
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return "", ()
    found = tuple(name for name in timezone.time_zones_for_number(number) if name != timezone.UNKNOWN_TIMEZONE)
    return str(phonenumbers.region_code_for_number(number) or ""), found


@cache
def _table() -> dict[str, tuple[str, ...]]:
    lines = Path(__file__).with_name("zones.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return {country: tuple(names) for country, *names in rows}


@cache
def _countries() -> dict[str, str]:
    return {name: country for country, names in _table().items() for name in names}


def zones_of(country: str) -> tuple[str, ...]:
    """The zones of a country, where most people live first."""
    return _table().get(country, ())


def country_of(name: str) -> str:
    return _countries().get(name, "")


def survey(customers: QuerySet[Customer]) -> dict[str, int]:
    """How many of these people's clocks are known by what, and how many say a zone that does not exist ("invalid").

    One statement, however many they are: who has no valid zone is counted by whether a country or a number helps.
    """
    helped = Q(country__gt="") | Q(phone__gt="")
    rows = customers.order_by().values("timezone").annotate(people=Count("id"), helped=Count("id", filter=helped))
    return _sum(list(rows))


def _sum(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    found = {OWN: 0, "derived": 0, SHOP: 0, "invalid": 0}
    for row in rows:
        if zone(row["timezone"]):
            found[OWN] += row["people"]
            continue
        found["derived"] += row["helped"]
        found[SHOP] += row["people"] - row["helped"]
        found["invalid"] += row["people"] if row["timezone"] else 0
    return found
