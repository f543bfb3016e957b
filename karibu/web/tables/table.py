"""The list itself: reads the URL, fetches one page of rows, answers as page, fragment, count or CSV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.safestring import SafeString

from karibu.web import formats, fragments, paging, streams
from karibu.web.queries import shop
from karibu.web.tables.columns import Column
from karibu.web.tables.deeds import Deed, chosen
from karibu.web.tables.filters import Filter
from karibu.web.tables.rows import QuerysetRows, Rows, Slice

PAGE = 50
COUNTED_AT_ONCE = 10_000  # beyond, the exact count follows the page
OWN = ("q", "sort", "cols")


@dataclass(frozen=True)
class Empty:
    """What a list says while there is nothing in it: what it is for and how to begin."""

    title: Any
    text: Any = ""
    url: str = ""
    label: Any = ""


@dataclass(frozen=True)
class Cell:
    column: Column
    shown: SafeString


@dataclass(frozen=True)
class Line:
    id: Any
    cells: list[Cell]


@dataclass(frozen=True)
class Head:
    column: Column
    url: str  # sorts by it; "" where it cannot
    direction: str  # ascending, descending or "" (not sorted by it)


@dataclass(frozen=True)
class Chip:
    text: str
    url: str  # the list without it


class Table:
    name: ClassVar[str] = "list"
    columns: ClassVar[Sequence[Column]] = ()
    filters: ClassVar[Sequence[Filter]] = ()
    order: ClassVar[str] = ""
    unique: ClassVar[str] = "id"  # the column that breaks ties
    search_label: ClassVar[Any] = ""
    empty: ClassVar[Empty | None] = None
    deeds: ClassVar[Sequence[Deed]] = ()
    has_boxes: ClassVar[bool] = False  # also without deeds: what is ticked can be had as CSV
    page_size: ClassVar[int] = PAGE
    file_name: str = ""  # of its CSV, without the ending; "": its own name

    def __init__(self, request: HttpRequest, source: Any) -> None:
        """`source`: a queryset, or what `rows_of` of a subclass understands."""
        self.request = request
        self.source = source
        known = {*OWN, *(name for found in self.filters for name in found.parameters())}
        self.state: dict[str, str] = {n: str(v) for n, v in request.GET.items() if n in known and v}

    def __init_subclass__(cls) -> None:
        cls.has_boxes = cls.has_boxes or bool(cls.deeds)

    # What a subclass may say -----------------------------------------------------------------------------------------

    def search(self, rows: Any, text: str) -> Any:
        """`rows` that fit `text`."""
        raise NotImplementedError(f"{type(self).__name__} has a search label but no search")

    def rows_of(self, source: Any) -> Rows:
        """Applies search and filters. Override for rows that are no queryset."""
        return QuerysetRows(self.narrowed(source))

    def everything(self, source: Any) -> Rows:
        """The same rows without search and filters, for the "of …" of the count."""
        return QuerysetRows(source)

    def narrowed(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.text and self.search_label:
            queryset = self.search(queryset, self.text)
        for found in self.filters:
            queryset = found.narrow(queryset, self.state)
        return queryset

    # Answers ---------------------------------------------------------------------------------------------------------

    def respond(self, page: str, context: dict[str, Any] | None = None) -> HttpResponseBase:
        """What was asked for: the whole `page`, its table alone, its exact count, or everything as CSV."""
        if self.request.GET.get("format") == "csv":
            return streams.csv_file(self.request, self.file_name or self.name, self._csv())
        if self.request.GET.get("count"):
            return render(self.request, "web/table/count.html", {"table": self, "exact": True})
        full = {"table": self, **(context or {})}
        response = fragments.render(self.request, page, full, fragment="web/table.html")
        if fragments.is_partial(self.request):
            response["HX-Push-Url"] = self.url()
        return response

    # State -----------------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        return self.state.get("q", "").strip()

    @property
    def is_narrowed(self) -> bool:
        return any(name not in ("sort", "cols") for name in self.state)

    def url(self, **changes: str) -> str:
        """This list's address with some parameters changed ("" removes one); always its first page."""
        state = {**self.state, **changes}
        query = urlencode({name: value for name, value in state.items() if value})
        return f"{self.request.path}?{query}" if query else self.request.path

    @property
    def csv_url(self) -> str:
        return self.url(format="csv")

    @property
    def count_url(self) -> str:
        return self.url(count="1")

    @property
    def clear_url(self) -> str:
        return self.url(**{name: "" for name in self.state if name not in ("sort", "cols")})

    @cached_property
    def sorting(self) -> tuple[Column | None, bool]:
        """The column sorted by and whether downwards."""
        by_name = {column.name: column for column in self.columns if column.sort}
        wanted = self.state.get("sort", "") or self.order
        if wanted.lstrip("-") not in by_name:
            wanted = self.order
        return by_name.get(wanted.lstrip("-")), wanted.startswith("-")

    @cached_property
    def key(self) -> tuple[str, ...]:
        column, down = self.sorting
        sign = "-" if down else ""
        if column is None:
            return (f"-{self.unique}",)
        return (f"{sign}{self.unique}",) if column.sort == self.unique else (sign + column.sort, sign + self.unique)

    @cached_property
    def shown(self) -> list[Column]:
        chosen = self.state.get("cols", "").split(",") if self.state.get("cols") else None
        if chosen is None:
            return [column for column in self.columns if column.shown]
        return [c for c in self.columns if c.name in chosen] or list(self.columns[:1])

    # Parts of the page -----------------------------------------------------------------------------------------------

    @property
    def heads(self) -> list[Head]:
        current, down = self.sorting
        return [self._head(column, column is current, down) for column in self.shown]

    def _head(self, column: Column, is_current: bool, down: bool) -> Head:
        # Figures and times are wanted largest first, words from A.
        starts_down = column.is_figure or column.kind in ("ago", "moment")
        sign = "-" if (not down if is_current else starts_down) else ""
        url = self.url(sort=sign + column.name) if column.sort else ""
        return Head(column, url, ("descending" if down else "ascending") if is_current else "")

    @property
    def chips(self) -> list[Chip]:
        said = [(found.chip(self.state), found.parameters()) for found in self.filters]
        return [Chip(text, self.url(**dict.fromkeys(names, ""))) for text, names in said if text]

    @property
    def controls(self) -> list[dict[str, Any]]:
        """The filters with their present values, for the form."""
        return [
            {"filter": found, "values": [(name, self.state.get(name, "")) for name in found.parameters()]}
            for found in self.filters
        ]

    @property
    def choosable(self) -> list[tuple[Column, bool]]:
        return [(column, column in self.shown) for column in self.columns]

    @property
    def is_bare(self) -> bool:
        """Nothing is there at all: then there is nothing to search, filter or download either."""
        return not self.is_narrowed and not self._page[0]

    @cached_property
    def rows(self) -> Rows:
        return self.rows_of(self.source)

    @cached_property
    def _page(self) -> tuple[list[Any], str, str]:
        """This page's rows and the addresses of the previous and the next page ("" where there is none)."""
        backwards = "before" in self.request.GET
        rows, start = self._taken(self.request.GET.get("before" if backwards else "after", ""), backwards)
        more, rows = len(rows) > self.page_size, rows[: self.page_size]
        if backwards:
            rows.reverse()
        has_previous, has_next = (more, bool(start)) if backwards else (bool(start), more)
        previous = self._step("before", rows[0]) if rows and has_previous else ""
        return rows, previous, self._step("after", rows[-1]) if rows and has_next else ""

    def _taken(self, cursor: str, backwards: bool) -> tuple[list[Any], list[Any] | None]:
        """One row more than a page holds, and behind which they stand."""
        wanted = Slice(self.key, self.page_size + 1, None, backwards)
        try:
            start = paging.decode(cursor, len(self.key)) if cursor else None
            return self.rows.take(replace(wanted, after=start)), start
        except paging.BadCursor:
            return self.rows.take(wanted), None  # an address from another sorting: the first page

    def _step(self, direction: str, row: Any) -> str:
        return self.url(**{direction: paging.encode(self.rows.key_of(row, self.key))})

    @property
    def lines(self) -> list[Line]:
        currency = shop().currency
        return [
            Line(self.rows.key_of(row, [self.unique])[0], [Cell(c, c.display(row, currency)) for c in self.shown])
            for row in self._page[0]
        ]

    @property
    def open_deeds(self) -> list[Deed]:
        return [deed for deed in self.deeds if deed.is_open_to(self.request)]

    @property
    def here(self) -> str:
        """This very page's address, to come back to after a deed."""
        places = {name: self.request.GET[name] for name in ("after", "before") if name in self.request.GET}
        return self.url(**places)

    @property
    def previous_url(self) -> str:
        return self._page[1]

    @property
    def next_url(self) -> str:
        return self._page[2]

    # Counts ----------------------------------------------------------------------------------------------------------

    @cached_property
    def count(self) -> int:
        return self.rows.count()

    @cached_property
    def total(self) -> int:
        return self.everything(self.source).count() if self.is_narrowed else self.count

    @cached_property
    def quick_count(self) -> int | None:
        """How many rows fit, or None where telling would take long."""
        found = self.rows.count(COUNTED_AT_ONCE + 1)
        return found if found <= COUNTED_AT_ONCE else None

    @cached_property
    def quick_total(self) -> int | None:
        if not self.is_narrowed:
            return self.quick_count
        found = self.everything(self.source).count(COUNTED_AT_ONCE + 1)
        return found if found <= COUNTED_AT_ONCE else None

    @property
    def bound(self) -> str:
        return formats.count(COUNTED_AT_ONCE)

    # CSV -------------------------------------------------------------------------------------------------------------

    def _csv(self, per_slice: int = 2000) -> Iterator[list[str]]:
        currency, after, asked = shop().currency, None, self.rows
        if self.has_boxes and isinstance(asked, QuerysetRows) and (ids := chosen(self.request)):
            asked = asked.only(ids)
        yield [head for column in self.shown for head in column.heads()]
        while True:
            rows = asked.take(Slice(self.key, per_slice, after))
            for row in rows:
                yield [text for column in self.shown for text in column.plain(row, currency)]
            if len(rows) < per_slice:
                return
            after = asked.key_of(rows[-1], self.key)
