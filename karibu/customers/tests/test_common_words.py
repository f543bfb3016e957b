"""Whom a word finds that many have: the right people in the right order on every page, however they are looked for."""

from collections.abc import Callable

import pytest
from django.test import RequestFactory
from django.utils import timezone

from karibu.customers import queries, raw, rows, search
from karibu.customers.models import Customer
from karibu.customers.tables import Customers

pytestmark = pytest.mark.django_db

NAMES = [
    "Zuri Amina",
    "Amina",
    "",
    "amina b",
    "Ben",
    "Ámina",
    "Amina",
    "",
    "Ben Amina",
    "Claire",
    "",
    "Amina Z",
    "Zuri",
]


@pytest.fixture
def crowd() -> list[Customer]:
    """People and browsers in turn, with a name and without one; some are found by their name, some by an address."""
    people = []
    for number, name in enumerate([*NAMES, *NAMES]):
        has_address = name == "" and number % 3 != 1
        email = f"amina.{number}@example.test" if has_address else ""
        people.append(
            Customer.objects.create(
                name=name, email=email, is_anonymous=number % 4 == 0, country="RW" if number % 5 else "KE",
                spent=number * 7 % 5, created_at=timezone.now(),
            )
        )  # fmt: skip
    search.refresh(raw.cursor(), [one.pk for one in people])
    gone = {"erased_at": timezone.now()}
    Customer.objects.filter(pk=people[1].pk).update(**gone)
    return [one for one in people if one.pk != people[1].pk]


def found_of(crowd: list[Customer], fits: Callable[[Customer], bool]) -> list[Customer]:
    return [one for one in crowd if ("mina" in one.name or "amina" in one.email) and fits(one)]


def paged(table_of: Callable[[str], Customers], query: str) -> list[int]:
    """The ids of all pages of two, which must be the same on the way back."""
    there, back, url, last = [], [], f"/?{query}", ""
    while url:
        table = table_of(url)
        there.append([line.id for line in table.lines])
        last, url = url, table.next_url
    url = last
    while url:
        table = table_of(url)
        back.append([line.id for line in table.lines])
        url = table.previous_url
    assert back[::-1] == there
    return [number for page in there for number in page]


def customers_of_two(url: str) -> Customers:
    table = Customers(RequestFactory().get(url), queries.listed())
    table.page_size = 2  # type: ignore[misc]
    return table


FILTERS: dict[str, Callable[[Customer], bool]] = {
    "": lambda one: True,
    "&anonymous=no": lambda one: not one.is_anonymous,
    "&anonymous=yes": lambda one: one.is_anonymous,
    "&country=KE": lambda one: one.country == "KE",
}


@pytest.mark.parametrize("narrowed", FILTERS)
@pytest.mark.parametrize("walked", [rows.WALKED, (1, 3)])
def test_by_name_everybody_stands_once_and_in_order(crowd, monkeypatch, walked: tuple[int, int], narrowed: str) -> None:
    monkeypatch.setattr(queries, "FEW", 2)
    monkeypatch.setattr(rows, "WALKED", walked)
    ordered = sorted(found_of(crowd, FILTERS[narrowed]), key=lambda one: (one.name, one.pk))
    assert len(ordered) > 2
    expected = [one.pk for one in ordered]
    assert paged(customers_of_two, f"q=amina&sort=name{narrowed}") == expected
    assert paged(customers_of_two, f"q=amina&sort=-name{narrowed}") == expected[::-1]


def test_by_what_they_spent(crowd, monkeypatch) -> None:
    monkeypatch.setattr(queries, "FEW", 2)
    expected = [one.pk for one in sorted(found_of(crowd, FILTERS[""]), key=lambda one: (one.spent, one.pk))]
    assert paged(customers_of_two, "q=amina&sort=spent") == expected
    assert paged(customers_of_two, "q=amina&sort=-spent") == expected[::-1]


def test_those_of_one_name_are_found_without_sorting_all(crowd, monkeypatch) -> None:
    """Also where the first page has the nameless, of whom browsers without a word are not looked at."""
    monkeypatch.setattr(queries, "FEW", 2)
    monkeypatch.setattr(rows.CustomerRows, "_of_all", None)
    assert len(paged(customers_of_two, "q=amina&sort=name")) == len(found_of(crowd, FILTERS[""]))
