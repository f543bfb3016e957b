import csv
import datetime
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.functions import Length
from django.test import RequestFactory
from django.utils import timezone

from karibu.web import paging
from karibu.web.models import AuditEntry, Token, User
from karibu.web.tables import Choice, Column, Dates, QuerysetRows, Table, back, chosen

pytestmark = pytest.mark.django_db


class Tokens(Table):
    name = "tokens"
    columns = [
        Column("name", "Name", sort="name", link=lambda token: f"/tokens/{token.pk}/"),
        Column("used", "Used", value="last_used_at", kind="moment", sort="last_used_at"),
        Column("role", "Role", kind="badge"),
        Column("id", "Number", kind="count", sort="id", shown=False),
    ]
    filters = [Choice("role", "Role", choices=User.Role.choices), Dates("used", "Used", path="last_used_at")]
    order = "-used"
    page_size = 7
    search_label = "Search"

    def search(self, rows: Any, text: str) -> Any:
        return rows.filter(name__icontains=text)


@pytest.fixture
def tokens() -> list[Token]:
    start = timezone.now().replace(microsecond=0)
    made = [
        Token(
            name=f"token {n % 9}",
            digest=str(n),
            role="owner" if n % 2 else "agent",
            last_used_at=None if n % 3 == 0 else start - datetime.timedelta(hours=n % 5),
        )
        for n in range(40)
    ]
    return Token.objects.bulk_create(made)


def shown(url: str) -> Tokens:
    return Tokens(RequestFactory().get(url), Token.objects.all())


def walk(url: str, follow: Callable[[Tokens], str]) -> list[list[str]]:
    pages = []
    while url:
        table = shown(url)
        pages.append([str(line.cells[0].shown) for line in table.lines])
        url = follow(table)
    return pages


@pytest.mark.parametrize("sort", ["name", "-name", "used", "-used", "id", "-id"])
def test_every_row_stands_on_exactly_one_page_in_either_direction(tokens: list[Token], sort: str) -> None:
    forth = walk(f"/?sort={sort}", lambda table: table.next_url)
    assert sum(len(page) for page in forth) == 40
    assert len({cell for page in forth for cell in page}) == 40
    last = f"/?sort={sort}"
    while shown(last).next_url:
        last = shown(last).next_url
    back = walk(last, lambda table: table.previous_url)
    assert back[::-1] == forth


def test_what_has_no_value_comes_last_in_both_directions(tokens: list[Token]) -> None:
    for sort in ("used", "-used"):
        cells = [line.cells[1].shown for url in pages(f"/?sort={sort}") for line in shown(url).lines]
        empty = [not cell for cell in cells]
        assert empty == sorted(empty) and any(empty)


def pages(url: str) -> list[str]:
    found = []
    while url:
        found.append(url)
        url = shown(url).next_url
    return found


def test_the_address_holds_search_filter_sort_and_columns(tokens: list[Token]) -> None:
    table = shown("/?q=token+3&role=owner&sort=-id&cols=name,id&nonsense=1")
    assert table.url() == "/?q=token+3&role=owner&sort=-id&cols=name%2Cid"
    assert [head.column.name for head in table.heads] == ["name", "id"]
    assert (table.count, table.total) == (len(table.lines), 40)
    assert [chip.text for chip in table.chips] == ["Role: Owner"]
    assert table.chips[0].url == "/?q=token+3&sort=-id&cols=name%2Cid"


def test_the_csv_file_holds_exactly_what_is_shown(tokens: list[Token]) -> None:
    url = "/?role=agent&sort=name"
    cells = [str(line.cells[0].shown).split(">")[1].split("<")[0] for page in pages(url) for line in shown(page).lines]
    answer = shown(f"{url}&format=csv").respond("unused.html")
    lines = b"".join(answer).decode("utf-8-sig").splitlines()
    assert lines[0] == "name,used,role"
    assert [line.split(",")[0] for line in lines[1:]] == cells
    assert answer["Content-Disposition"] == 'attachment; filename="tokens.csv"'


def test_a_name_that_is_a_formula_does_not_run_in_a_spreadsheet() -> None:
    names = ['=HYPERLINK("http://evil")', "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\n=1"]
    for digest, name in enumerate([*names, "-12.50", "+250 788 123 456"]):
        Token.objects.create(name=name, digest=digest)
    lines = b"".join(shown("/?format=csv").respond("unused.html")).decode("utf-8-sig")
    cells = [row[0] for row in csv.reader(io.StringIO(lines))]
    assert {f"'{name}" for name in names} <= set(cells)
    assert {"-12.50", "+250 788 123 456"} <= set(cells)


def test_cells_are_escaped() -> None:
    Token.objects.create(name="<script>alert(1)</script>", digest="x")
    assert "<script>" not in str(shown("/").lines[0].cells[0].shown)


WRONG = [["a", "b", "c"], ["a", "b"], [[1], 1], ["a\x00", 1], ["a", {}], ["\ud800", 1]]


@pytest.mark.parametrize("values", WRONG)
@pytest.mark.parametrize("direction", ["after", "before"])
def test_a_cursor_of_another_sorting_shows_the_first_page(tokens: list[Token], direction: str, values: Any) -> None:
    first = shown(f"/?sort=name&{direction}=").lines
    lines = shown(f"/?sort=name&{direction}={paging.encode(values)}").lines
    assert [line.id for line in lines] == [line.id for line in first] and len(lines) == 7


@pytest.mark.parametrize("value", [1, "yesterday", True, [], {"n": "1"}])
def test_a_value_that_the_column_cannot_hold_is_no_cursor(tokens: list[Token], value: Any) -> None:
    with pytest.raises(paging.BadCursor):
        paging.page(Token.objects.all(), 9, paging.encode([value, 1]), key=("-created_at", "-id"))
    counted = Token.objects.annotate(letters=Length("name"))
    with pytest.raises(paging.BadCursor):
        paging.page(counted, 9, paging.encode(["many", 1]), key=("letters", "-id"))


def test_numbers_of_filters_that_are_no_dates_are_not_asked(tokens: list[Token]) -> None:
    assert shown("/?used_from=tomorrow").count == 40
    assert shown("/?used_from=2999-01-01").count == 0


def test_a_deep_page_reads_only_its_own_rows_from_the_index() -> None:
    now = timezone.now()
    AuditEntry.objects.bulk_create(AuditEntry(actor="a", verb="v", subject=str(n)) for n in range(3000))
    AuditEntry.objects.update(at=now)
    some = AuditEntry.objects.order_by("-pk")[1500]
    found = paging.page(AuditEntry.objects.all(), 50, paging.encode([some.pk]))
    assert [entry.pk for entry in found["items"]] == [some.pk - n for n in range(1, 51)]
    plan = AuditEntry.objects.order_by("-pk").filter(pk__lt=some.pk)[:50].explain()
    assert "Index" in plan


def test_the_api_pages_by_cursor_until_there_is_no_next(tokens: list[Token]) -> None:
    seen, cursor = [], None
    while True:
        page = paging.page(Token.objects.all(), 9, cursor, key=("name", "-id"))
        seen += [token.pk for token in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == list(Token.objects.order_by("name", "-id").values_list("pk", flat=True))


class Ticked(Tokens):
    has_boxes = True


def test_what_is_ticked_comes_as_csv_in_the_order_and_columns_of_the_list(tokens: list[Token]) -> None:
    ids = [tokens[4].pk, tokens[1].pk, tokens[2].pk]
    query = "&".join(f"id={number}" for number in ids)
    request = RequestFactory().get(f"/?sort=id&cols=id&format=csv&{query}&id=x")
    said = b"".join(Ticked(request, Token.objects.all()).respond("none.html").streaming_content).decode()  # type: ignore
    assert [row[0] for row in csv.reader(io.StringIO(said))][1:] == [str(number) for number in sorted(ids)]


def test_a_deed_goes_back_to_the_list_as_it_was_and_nowhere_else() -> None:
    for given, wanted in (
        ("/orders/?q=a&after=x", "/orders/?q=a&after=x"),
        ("//evil.example/", "/"),
        ("https://a/", "/"),
    ):
        assert back(RequestFactory().post("/", {"next": given}), "/").url == wanted


def test_the_ids_of_a_deed_are_numbers_each_once() -> None:
    assert chosen(RequestFactory().post("/", {"id": ["3", "1", "3", "x", "-1", "9" * 30]})) == [3, 1]


def test_a_list_of_nobody_is_counted_as_none() -> None:
    assert QuerysetRows(Token.objects.none()).count() == QuerysetRows(Token.objects.none()).count(10) == 0
    assert Tokens(RequestFactory().get("/?q=a"), Token.objects.none()).quick_count == 0
