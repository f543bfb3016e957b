"""A small shop with every kind of thing that can be asked for: merged, erased and nameless people, odd values, ties."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from karibu.consents.models import Consent, Suppression
from karibu.customers.merging import merge_customers
from karibu.customers.models import Customer
from karibu.events import flush, log
from karibu.events.event import Event, Item
from karibu.events.tests.making import append, event
from karibu.segments import columns, mirror
from karibu.segments.models import Rfm
from karibu.segments.tests.people import straight
from karibu.segments.tests.reference import Reference
from karibu.shop.models import Cart
from karibu.web.models import Shop

NOW = datetime(2026, 11, 20, 15, 30, 0, 123456, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")  # its clocks went back on 1 November
CHURN = """SELECT customer_id, spent::float8 / 128
    FROM (SELECT id AS customer_id, spent, is_anonymous FROM customers_customer) AS c
    WHERE {who} AND NOT is_anonymous"""
SIZES: list[Any] = [
    *("M", "L", "42", 42, 39.5, 40, "40.5", "1_000", "1d", "0x1p3", "inf", "NaN", "1e2", " 42", "-3", "٤٢", ".5", "5."),
    *(True, False, {"a": 1}, ["M", "L"], "", "1e400", "12345678901234567890", "42\n"),
]
BIRTHDAYS = [
    *("1990-11-20", "1985-11-25", "2000-02-29", "1989-12-31", "1990-01-01", "1999-11-27T23:30:00Z", "1970-11-28"),
    *("2026-02-30", "90-01-01", "1990/11/20", "yesterday", "1990-11-2", "2026-11-19", "2026-11-01", "2026-10-31"),
    "1990-11-20\n",
]
_BRANDS, _SECTIONS = ["Inzuki", "Azizi", ""], ["Shoes", "Baskets", "Toys", ""]


def fill() -> None:
    """The same people and events each time; half of the events in the lake, half in the tail."""
    drawn = random.Random(11)
    Shop.objects.update_or_create(pk=1, defaults={"timezone": ZONE.key})
    people = [_person(drawn, n).pk for n in range(60)]
    events = [_event(drawn, drawn.choice(people[:50])) for _ in range(900)]
    events += _borders(people[0])
    lately = [NOW - timedelta(days=n, hours=5) for n in range(6)]
    events += [event(customer_id=people[50 + n], time=when, **_ordered(drawn)) for n, when in enumerate(lately)]
    append(*events[:500])
    flush.flush_everything()
    append(*events[500:])
    for winner, loser in zip(people[:8:2], people[30:38:2], strict=True):
        merge_customers(winner, loser, by="test", reason="")
    Customer.objects.filter(pk__in=people[45:47]).update(erased_at=NOW)
    _statements(drawn, people)


@contextmanager
def predicting() -> Iterator[None]:
    """A registered prediction `churn`."""
    columns.register_prediction("churn", CHURN)
    try:
        yield
    finally:
        del columns._predictions["churn"]


def reference(now: datetime = NOW, zone: ZoneInfo = ZONE) -> Reference:
    """The same shop for the reference."""
    everybody = list(Customer.objects.values_list("pk", flat=True))
    family = dict(zip(*mirror.family(everybody).to_pydict().values(), strict=True))
    events = log.query("SELECT * FROM events").to_pylist()
    told = [{**each, "person": family.get(each["customer"], each["customer"])} for each in events]
    rows = list(straight().values())  # which gives the traits their columns
    traits = {trait: f"t{number}" for trait, number in columns.trait_numbers().items()}
    return Reference(rows, told, traits, now, zone)


def _person(drawn: random.Random, n: int) -> Customer:
    traits: dict[str, Any] = {}
    if n % 4:
        traits["Size"] = SIZES[n % len(SIZES)]
    if n % 3:
        traits["birthday"] = BIRTHDAYS[n % len(BIRTHDAYS)]
    if n % 5 == 0:
        traits["tags"] = drawn.sample(["vip", "press", "wholesale"], 2)
    orders = drawn.choice([0, 0, 1, 2, 5])
    return Customer.objects.create(
        name=drawn.choice(["Amina Juma", "amina", "Keza", ""]),
        email=drawn.choice([f"p{n}@example.com", f"p{n}@example.org", ""]),
        phone="",
        country=drawn.choice(["RW", "KE", "BR", ""]),
        city=drawn.choice(["Kigali", ""]),
        traits=traits,
        created_at=NOW
        - timedelta(days=drawn.choice([0, 1, 19, 20, 30, 350, 364, 365, 366, 700]), hours=drawn.randrange(24)),
        is_anonymous=n % 6 == 0,
        orders=orders,
        spent=Decimal(drawn.choice(["0", "10", "54.89", "54.90", "100", "100.01"])) if orders else 0,
        last_order_at=_when(drawn) if orders else None,
    )


def _when(drawn: random.Random) -> datetime:
    """Often at the same moment as something else, and around the ends of windows."""
    near = [timedelta(days=30), timedelta(hours=36), timedelta(days=1), timedelta(days=60), timedelta(days=90)]
    if drawn.random() < 0.3:
        return NOW - drawn.choice(near) + timedelta(microseconds=drawn.choice([-1, 0, 1]))
    return NOW - timedelta(hours=drawn.randrange(24 * 80), minutes=30 * drawn.randrange(2))


def _borders(customer: int) -> list[Event]:
    """Around the shop's midnights, when the clocks went back, and in the future."""
    moments = [
        "2026-11-01T04:00:00",
        "2026-11-01T03:59:59",
        "2026-11-19T04:59:59",
        "2026-11-19T05:00:00",
        "2026-11-21T00:00:00",
    ]
    return [event(customer_id=customer, time=datetime.fromisoformat(f"{moment}+00:00")) for moment in moments]


def _event(drawn: random.Random, customer: int) -> Event:
    fields: dict[str, Any] = {"customer_id": customer, "time": _when(drawn), "channel": drawn.choice(["web", "app"])}
    return event(**fields, **drawn.choice(_EVENTS)(drawn))


def _viewed(drawn: random.Random) -> dict[str, Any]:
    product, section = f"p-{drawn.randrange(4)}", drawn.choice(_SECTIONS)
    return {
        "name": "Product Viewed",
        "product_id": product,
        "category": section,
        "value": Decimal(5),
        "properties": {"brand": "Azizi"},
    }


def _added(drawn: random.Random) -> dict[str, Any]:
    item = _item(drawn)
    return {"name": "Product Added", "product_id": item.product_id, "items": [item], "quantity": item.quantity}


def _ordered(drawn: random.Random) -> dict[str, Any]:
    items = [_item(drawn) for _ in range(drawn.randrange(4))]
    one = {"product_id": items[0].product_id, "category": items[0].category} if len(items) == 1 else {}
    return {
        "name": "Order Completed",
        "items": items,
        "value": drawn.choice([Decimal("54.90"), Decimal("100"), Decimal("99.9999"), Decimal("0.01"), None]),
        "quantity": sum(item.quantity for item in items) or None,
        "coupon": drawn.choice(["TEN", "", "WELCOME"]),
        "properties": {"price": drawn.choice([60, "7.5", None, "much"])} if drawn.random() < 0.3 else {},
        **one,
    }


def _item(drawn: random.Random) -> Item:
    price = drawn.choice([Decimal("49.99"), Decimal("50"), Decimal("7.5"), None])
    section, brand = drawn.choice(_SECTIONS), drawn.choice(_BRANDS)
    return Item(
        product_id=f"p-{drawn.randrange(4)}", category=section, brand=brand, price=price, quantity=drawn.randrange(1, 5)
    )


def _played(drawn: random.Random) -> dict[str, Any]:
    properties = {
        "game": drawn.choice(["Bao", "Igisoro", None, 42, True, ["Bao"], ""]),
        "points": drawn.choice([{"won": drawn.choice([7, 6.5, "8", "many", None, 1e2, {"x": 1}])}, {}, 5, "7"]),
        "on": drawn.choice(["2026-11-01", "2026-11-19T22:00:00Z", "2026-02-30", 20261119, None]),
        "a b": "c", "$x/y~z": "odd",
    }  # fmt: skip
    return {"name": "Game Played", "properties": properties}


def _told(drawn: random.Random) -> dict[str, Any]:
    name = drawn.choice(["Message Sent", "Message Opened", "Message Clicked"])
    properties = {
        "message_id": 5,
        "sender": drawn.choice(["journey:3", "journey:4", "campaign:3"]),
        "template": drawn.choice([1, 2]),
    }
    return {"name": name, "properties": properties}


def _other(drawn: random.Random) -> dict[str, Any]:
    name = drawn.choice(["Products Searched", "Checkout Started", "Page Viewed", "Order Refunded"])
    return {
        "name": name,
        "query": drawn.choice(["shoes", "SHOE LACES", "", "ring"]),
        "utm_source": drawn.choice(["", "ads"]),
    }


_EVENTS = [_viewed, _added, _ordered, _ordered, _played, _told, _other]


def _statements(drawn: random.Random, people: list[int]) -> None:
    for n, person in enumerate(people[:40]):
        topic, status = drawn.choice(["offers", "news", "*"]), drawn.choice(["given", "withdrawn"])
        Consent.objects.create(
            customer_id=person,
            channel="email",
            topic=topic,
            status=status,
            method="form",
            source="Shop",
            strength=50,
            at=NOW,
        )
        if n % 3 == 0:
            group = drawn.choice(["champions", "loyal", "at_risk", "lost"])
            living = Customer.objects.filter(pk=person, merged_into=None).exists()
            Rfm.objects.create(
                customer_id=person, recency=5, frequency=4, monetary=3, group=group, at=NOW
            ) if living else None
        if n % 4 == 0:
            Cart.objects.create(cart_id=f"c-{n}", customer_id=person, value=n, created_at=NOW, updated_at=NOW)
    address = (
        Customer.objects.exclude(email="").filter(merged_into=None, erased_at=None).values_list("email", flat=True)
    )
    for email in address[:5]:
        Suppression.objects.create(channel="email", value=email.lower(), reason="hard_bounce", at=NOW)
