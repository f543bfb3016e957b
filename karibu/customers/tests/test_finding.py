"""Few are sorted, of many the list is walked: whoever searches sees no difference, page by page."""

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from karibu.customers import queries
from karibu.customers.models import Activity, Customer
from karibu.customers.tables import Customers
from karibu.web.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture
def crowd(send) -> list[int]:
    """Nine Aminas and two others, the one seen last first; one Amina was never seen."""
    names = [f"Amina {n}" for n in range(9)] + ["Ben", "Claire"]
    send(
        *(
            {"type": "identify", "userId": f"u{n}", "timestamp": f"2026-03-{20 - n}T08:00:00Z",
             "traits": {"name": name, "country": "RW" if n % 2 else "KE"}}
            for n, name in enumerate(names)
        )
    )  # fmt: skip
    unseen = Customer.objects.get(name="Amina 4")
    Activity.objects.filter(customer=unseen).delete()
    aminas = Customer.objects.filter(name__startswith="Amina").exclude(pk=unseen.pk)
    return [*aminas.order_by("-activity__last_seen").values_list("pk", flat=True), unseen.pk]


def seen_by_paging(query: str) -> tuple[list[int], list[object]]:
    """The ids on all pages of two, one after the other; and each page's quick count."""
    ids, counts, url = [], [], f"/customers/?{query}"
    while url:
        table = Customers(RequestFactory().get(url), queries.listed())
        table.page_size = 2
        ids += [row.pk for row in table._page[0]]
        counts.append(table.quick_count)
        url = table.next_url
    return ids, counts


@pytest.mark.parametrize("few", [100, 9, 8, 3])
def test_every_page_of_a_search_is_the_same_however_many_are_found(crowd, monkeypatch, few: int) -> None:
    monkeypatch.setattr(queries, "FEW", few)
    ids, counts = seen_by_paging("q=amina")
    assert ids == crowd
    assert set(counts) == ({9} if few >= 9 else {None})


def test_many_are_told_as_more_than_and_counted_exactly_behind_the_page(crowd, monkeypatch, client) -> None:
    monkeypatch.setattr(queries, "FEW", 3)
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    page = client.get("/customers/?q=amina").content.decode()
    assert "more than 3<" in page and "count=1" in page
    assert client.get("/customers/?q=amina&count=1").content.decode().strip() == "9 of 11"


@pytest.mark.parametrize("few", [100, 2])
def test_filters_and_a_search_together_are_counted_exactly(crowd, monkeypatch, few: int, client) -> None:
    """Of few at once, of many behind the page."""
    monkeypatch.setattr(queries, "FEW", few)
    ids, counts = seen_by_paging("q=amina&country=RW")
    assert len(ids) == 4 and set(counts) == ({4} if few >= 9 else {None})
    assert ids == [one for one in crowd if one in ids]
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    assert ("counting…" in client.get("/customers/?q=amina&country=RW").content.decode()) is (few < 9)
    assert client.get("/customers/?q=amina&country=RW&count=1").content.decode().strip() == "4 of 11"


def test_a_search_passes_over_the_index_of_words_once(crowd) -> None:
    table = Customers(RequestFactory().get("/customers/?q=amina"), queries.listed())
    with CaptureQueriesContext(connection) as asked:
        assert len(table.lines) == 9 and table.quick_count == 9
    assert len([query for query in asked if "search @@" in query["sql"] and "best" not in query["sql"]]) == 1


def test_whom_a_common_word_finds_stand_by_what_they_spent_and_are_counted_behind_the_page(
    crowd, monkeypatch, client
) -> None:
    """A word that many of those who spent most have: the index of words is not read for it."""
    monkeypatch.setattr(queries, "A_PAGE", 4)
    for spent, one in enumerate(crowd):
        Customer.objects.filter(pk=one).update(spent=spent)
    with CaptureQueriesContext(connection) as asked:
        assert seen_by_paging("q=amina") == (crowd[::-1], [None] * 5)
    assert not [query for query in asked if "WITH found" in query["sql"]]
    assert seen_by_paging("q=amina&sort=-last_seen")[0] == crowd
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    assert "more than 3<" in client.get("/customers/?q=amina").content.decode()
    assert client.get("/customers/?q=amina&count=1").content.decode().strip() == "9 of 11"
    assert seen_by_paging("q=ben")[1] == [1]
