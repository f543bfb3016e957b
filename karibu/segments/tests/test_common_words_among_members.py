"""A word that many have, among the members of a segment: the right ones, in order, counted."""

import pytest
from django.test import RequestFactory

from karibu.customers import queries as customers
from karibu.customers.tests.test_common_words import FILTERS, crowd, found_of, paged
from karibu.segments import queries, tables
from karibu.segments.models import Segment
from karibu.segments.tables import Members

__all__ = ["crowd"]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("few", [9, 1])  # more are found among all, and with 1 also in the segment
@pytest.mark.parametrize("page", [3, customers.A_PAGE])  # the word is common, or it is not
@pytest.mark.parametrize("walked", [(2, 3), (250, 1_000)])  # too few for a page, or all
@pytest.mark.parametrize(("few_members", "looked_up"), [(100, 100), (2, 100), (2, 2)])
def test_members_are_found_in_any_order_however_large_it_is(
    crowd, segment, monkeypatch, few_members, looked_up, walked, page, few
) -> None:
    monkeypatch.setattr(customers, "FEW", few)
    monkeypatch.setattr(customers, "A_PAGE", page)
    monkeypatch.setattr(queries, "FEW", few_members)
    monkeypatch.setattr(queries, "LOOKED_UP", looked_up)
    monkeypatch.setattr(tables, "WALKED", walked)
    monkeypatch.setattr(tables, "WALKED_AMONG_FEW", walked)
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
    assert (table.quick_count, table.count) == (len(expected) if few_members > 2 else None, len(expected))
    assert members_of_two("/?q=amina&country=KE").count == len(found_of(inside, FILTERS["&country=KE"]))


def test_a_word_that_most_members_have_is_not_looked_up_in_all_of_them(crowd, segment, monkeypatch) -> None:
    monkeypatch.setattr(customers, "FEW", 1)
    monkeypatch.setattr(customers, "A_PAGE", 3)
    monkeypatch.setattr(queries, "FEW", 2)
    monkeypatch.setattr(queries, "found_inside", None)
    made = Segment.objects.get(pk=segment("Everybody", *crowd).pk)
    table = Members(RequestFactory().get("/?q=amina&sort=spent"), made)
    expected = sorted(found_of(crowd, FILTERS[""]), key=lambda one: (one.spent, one.pk))
    assert [line.id for line in table.lines] == [one.pk for one in expected]


@pytest.mark.parametrize("query", ["", "q=amina", "q=amina&sort=name", "sort=id"])
@pytest.mark.parametrize("looked_up", [100, 2])
def test_the_csv_of_ticked_members_has_them_alone(crowd, segment, monkeypatch, query, looked_up) -> None:
    monkeypatch.setattr(customers, "FEW", 1)
    monkeypatch.setattr(queries, "FEW", 2)
    monkeypatch.setattr(queries, "LOOKED_UP", looked_up)
    made = Segment.objects.get(pk=segment("Everybody", *crowd).pk)
    ticked = [one.pk for one in found_of(crowd, FILTERS[""])[:2]]
    asked = f"/?{query}&format=csv&cols=id&" + "&".join(f"id={pk}" for pk in ticked)
    lines = list(Members(RequestFactory().get(asked), made)._csv())
    assert sorted(int(line[0]) for line in lines[1:]) == ticked
