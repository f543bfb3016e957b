"""The list of customers in each of its orders, with each of its filters, page by page: who fits, once, in order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.test import RequestFactory

from karibu.customers import queries, raw, search
from karibu.customers.models import Activity, Customer
from karibu.customers.tables import Customers
from karibu.web.tables import Slice

pytestmark = pytest.mark.django_db
BEGUN = datetime(2026, 3, 1, 8, tzinfo=UTC)
SORTS = {
    "name": lambda c: c.name,
    "orders": lambda c: c.orders,
    "spent": lambda c: c.spent,
    "id": lambda c: c.pk,
    "last_seen": lambda c: c.activity.last_seen if hasattr(c, "activity") else None,
}
FILTERS = {
    "": lambda c: True,
    "buyers=1": lambda c: c.orders > 0,
    "anonymous=yes": lambda c: c.is_anonymous,
    "anonymous=no&spent_min=0": lambda c: not c.is_anonymous,
    "country=RW&buyers=1": lambda c: c.country == "RW" and c.orders > 0,
    "spent_min=0": lambda c: True,
    "spent_min=-5": lambda c: True,
    "spent_min=5": lambda c: c.spent >= 5,
    "spent_max=10": lambda c: c.spent <= 10,
    "q=amina": lambda c: c.name.startswith("Amina"),
}


@pytest.fixture
def people():
    for n in range(9):
        orders = n % 3
        one = Customer.objects.create(
            name=["", "Amina", "Zuri"][n % 3 and n % 2 + 1], is_anonymous=n % 3 == 0, country=["RW", "KE"][n % 2],
            orders=orders, spent=Decimal(orders and n * 3), created_at=BEGUN,
        )  # fmt: skip
        search.refresh(raw.cursor(), [one.pk])
        if n != 4:
            Activity.objects.create(customer=one, first_seen=BEGUN, last_seen=BEGUN + timedelta(days=n * 7 % 5))
    Customer.objects.create(name="", is_anonymous=False, created_at=BEGUN)
    Customer.objects.create(name="Neema", is_anonymous=True, created_at=BEGUN)
    Customer.objects.create(name="Amina", created_at=BEGUN, erased_at=BEGUN, orders=1, spent=7)
    return list(queries.listed().select_related("activity"))


def listed(query: str) -> list[int]:
    """By pages of two."""
    table = Customers(RequestFactory().get(f"/customers/?{query}"), queries.listed())
    found, after = [], None
    while page := table.rows.take(Slice(table.key, 2, after)):
        found += [(row.pk, row.label) for row in page]
        after = table.rows.key_of(page[-1], table.key)
    return found


def listed_back(query: str) -> list[int]:
    """From the end to the beginning, by pages of two."""
    table = Customers(RequestFactory().get(f"/customers/?{query}"), queries.listed())
    found, before = [], None
    while page := table.rows.take(Slice(table.key, 2, before, backwards=True)):
        found += [row.pk for row in page]
        before = table.rows.key_of(page[-1], table.key)
    return found


def test_by_name_it_is_the_same_backwards_and_for_a_word_that_many_have(people, monkeypatch):
    for sort, chosen in product(("name", "-name"), ("anonymous=no", "anonymous=yes", "q=amina")):
        query = f"sort={sort}&{chosen}"
        pages = listed(query)
        assert pages and listed_back(query) == [number for number, _ in pages][::-1]
        with monkeypatch.context() as small:
            small.setattr(queries, "FEW", 1)
            assert listed(query) == pages and listed_back(query) == [number for number, _ in pages][::-1]


def test_whoever_fits_is_listed_once_and_in_order(people):
    for (sort, by), down, (chosen, fits) in product(SORTS.items(), (False, True), FILTERS.items()):
        fitting = sorted((c for c in people if fits(c)), key=lambda c: c.pk, reverse=down)
        known = sorted((c for c in fitting if by(c) is not None), key=by, reverse=down)
        wanted = [(c.pk, c.label) for c in [*known, *(c for c in fitting if by(c) is None)]]
        assert listed(f"sort={'-' if down else ''}{sort}&{chosen}") == wanted, (sort, down, chosen)
