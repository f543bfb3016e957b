"""A word that many have, among the members of a segment: the right ones, in order, counted."""

import pytest
from django.test import RequestFactory

from karibu.customers import queries as customers
from karibu.customers.tests.test_common_words import FILTERS, crowd, found_of, paged
from karibu.segments import queries
from karibu.segments.models import Segment
from karibu.segments.tables import Members

__all__ = ["crowd"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("few", [9, 1])  # more are found among all, and with 1 also in the segment
@pytest.mark.parametrize("looked_up", [queries.LOOKED_UP, 0])
def test_members_are_found_in_any_order_however_large_it_is(crowd, segment, monkeypatch, looked_up, few) -> None:
    monkeypatch.setattr(customers, "FEW", few)
    monkeypatch.setattr(queries, "FEW", 2)
    monkeypatch.setattr(queries, "LOOKED_UP", looked_up)
    inside = crowd[::2]
    made = Segment.objects.get(pk=segment("Every other", *inside).pk)

    def members_of_two(url: str) -> Members:
        table = Members(RequestFactory().get(url), made)
        table.page_size = 2  # type: ignore[misc]
        return table

    expected = found_of(inside, FILTERS[""])
    assert 2 < len(expected) <= 9 < len(found_of(crowd, FILTERS[""]))
    for sort, key in (("name", lambda one: (one.name, one.pk)), ("spent", lambda one: (one.spent, one.pk))):
        ordered = [one.pk for one in sorted(expected, key=key)]
        assert paged(members_of_two, f"q=amina&sort={sort}") == ordered
        assert paged(members_of_two, f"q=amina&sort=-{sort}") == ordered[::-1]
    table = members_of_two("/?q=amina")
    assert (table.quick_count, table.count) == (len(expected) if looked_up else None, len(expected))
    assert members_of_two("/?q=amina&country=KE").count == len(found_of(inside, FILTERS["&country=KE"]))
