"""The lists: segments, and the members of one."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from karibu.customers.models import Customer
from karibu.customers.queries import A_PAGE, Found, listed
from karibu.customers.rows import WALKED, CustomerRows
from karibu.customers.tables import Customers
from karibu.segments import queries, words
from karibu.segments.models import Member, Segment
from karibu.web.charts import sparkline
from karibu.web.tables import Choice, Column, Empty, QuerysetRows, Rows, Slice, Table

SPARK_DAYS = 30
# Of fewer members each is further away in the order of all customers, and all are sooner looked up.
WALKED_AMONG_FEW = (250, 1_000)
STATES = (("archived", _("archived")),)


def _named(segment: Any) -> SafeString:
    return format_html('{} <span class="segment__sentence">{}</span>', segment.name, segment.sentence)


def _went(segment: Any) -> SafeString:
    """Its size day by day; on its first day, that there is nothing to draw yet."""
    if segment.archived_at or len(segment.days) > 1:
        return sparkline(segment.days)
    return format_html('<span class="quiet small">{}</span>', _("from tomorrow on"))


class Segments(Table):
    name = "segments"
    columns = [
        Column("name", _("Segment"), html=_named, sort="name", link=Segment.get_absolute_url),
        Column("sentence", _("Who"), shown=False),
        Column("size", _("People"), kind="count", sort="size"),
        Column("days", _("Last 30 days"), html=_went),
        Column("updated_at", _("Changed"), kind="ago", sort="updated_at"),
        Column("created_by", _("By"), shown=False),
    ]
    filters = [
        Choice("state", _("State"), choices=STATES, apply=lambda rows, value: rows.exclude(archived_at=None)),
    ]
    order = "name"
    search_label = _("Search segments")
    empty = Empty(
        _("No segment yet"),
        _("A segment is a group of customers that keeps itself up to date. Take one of the ready-made ones to begin."),
        "/segments/new/",
        _("Choose a segment"),
    )

    def search(self, rows: QuerySet[Segment], text: str) -> QuerySet[Segment]:
        return rows.filter(name__icontains=text)

    def narrowed(self, queryset: QuerySet[Segment]) -> QuerySet[Segment]:
        found: QuerySet[Segment] = super().narrowed(queryset)
        return found if self.state.get("state") else found.filter(archived_at=None)

    def everything(self, source: QuerySet[Segment]) -> Rows:
        return super().everything(source.filter(archived_at__isnull=not self.state.get("state")))

    def rows_of(self, source: QuerySet[Segment]) -> Rows:
        return SegmentRows(self.narrowed(source))


class SegmentRows(QuerysetRows):
    """Segments, each knowing its sentence and its size day by day."""

    def take(self, wanted: Slice) -> list[Any]:
        rows: list[Any] = super().take(wanted)
        sizes = queries.sizes([row.pk for row in rows], SPARK_DAYS)
        said = words.sentences([row.definition for row in rows])
        for row, sentence in zip(rows, said, strict=True):
            row.sentence = sentence
            row.days = [float(members) for _, members in sizes[row.pk]]
        return rows


class Members(Customers):
    """The customers in one segment; `source` is the segment."""

    name = "members"
    columns = [
        *Customers.columns[:-1],
        Column("since", _("In it since"), kind="ago"),
        Customers.columns[-1],
    ]
    filters = [found for found in Customers.filters if found.name != "seen"]
    deeds = []
    order_of_many = ""
    empty = Empty(_("Nobody is in it now"), _("Whoever fits enters within seconds of what they do."))

    def __init__(self, request: HttpRequest, source: Segment) -> None:
        super().__init__(request, source)
        self.file_name = f"{source.slug}-{timezone.localdate()}"
        # Who spent most comes first as long as sorting is quick; then the newest.
        self.order = "-spent" if (source.size or 0) <= queries.FEW else "-id"  # type: ignore[misc]

    @cached_property
    def count(self) -> int:
        """A segment knows its size; millions are not counted again."""
        return super().count if self.is_narrowed or self.source.size is None else int(self.source.size)

    @cached_property
    def total(self) -> int:
        return super().total if self.source.size is None else int(self.source.size)

    @cached_property
    def quick_count(self) -> int | None:
        """Who in a large segment fits a filter is looked up one by one: that follows the page."""
        if self._is_large and not self.is_narrowed:
            return self.count
        return None if self._is_long else super().quick_count

    @cached_property
    def quick_total(self) -> int | None:
        return self.source.size if self._is_large else super().quick_total

    @property
    def bound(self) -> str:
        return "" if self._is_long else super().bound

    @property
    def _is_large(self) -> bool:
        return (self.source.size or 0) > queries.FEW

    @property
    def _is_long(self) -> bool:
        """Whether counting those who fit would take long: no search names a few of many."""
        return self._is_large and not (self.found and self.found.are_few)

    @cached_property
    def found(self) -> Found | None:
        """Of few whom a text finds among all customers, those who are in it: so they are counted as well. Of many,
        too, where its members are few."""
        found = super().found
        if found and found.are_few:
            return replace(found, ids=queries.inside(self.source.pk, found.ids))
        if found and not self._is_large:
            return Found(found.asked, queries.found_inside(self.source.pk, found.asked), few=queries.FEW)
        return found

    @property
    def _was_counted(self) -> bool:
        return bool(super()._was_counted and self.found and self.found.are_few)

    def rows_of(self, source: Segment) -> Rows:
        rows = listed() if self.found and self.found.are_few else queries.members(source)
        plain = MemberRows(self.narrowed(rows), self.are_buyers, self.kind, None, WALKED, source.pk, self.is_narrowed)
        if not (self.found and self.are_found):
            return plain
        found = replace(plain, unsearched=self._filtered(rows))
        if (source.size or 0) > queries.LOOKED_UP:
            return found
        return replace(found, walked=WALKED_AMONG_FEW, sought=self.found, anybody=self._filtered(listed()))

    def everything(self, source: Segment) -> Rows:
        return QuerysetRows(queries.members(source))


class Then(Customers):
    """The customers who were in a segment at a moment, as they are today; `source` are they."""

    name = "members-then"
    filters = Members.filters
    deeds = []
    order = "-spent"
    empty = Empty(_("Nobody was in it then"), _("Another day may say more; the chart of its size shows which."))


@dataclass(frozen=True)
class MemberRows(CustomerRows):
    """Customers, each knowing since when they are in the segment."""

    segment_id: int = 0
    is_narrowed: bool = False
    # Where its members are soon looked up: what they are asked for, and the customers who fit the filters.
    sought: Found | None = None
    anybody: QuerySet[Customer] | None = None

    def only(self, ids: Collection[int]) -> Self:
        return replace(super().only(ids), is_narrowed=True, anybody=None)

    def take(self, wanted: Slice) -> list[Any]:
        if not self.is_narrowed and [name.lstrip("-") for name in wanted.key] == ["id"]:
            return self._in_order(wanted)
        rows: list[Any] = super().take(wanted)
        inside = Member.objects.filter(segment_id=self.segment_id, customer_id__in=[row.pk for row in rows])
        since = dict(inside.values_list("customer_id", "since"))
        for row in rows:
            row.since = since.get(row.pk)
        return rows

    def count(self, most: int | None = None) -> int:
        return super().count(most) if self._found is None else QuerysetRows(self._found).count(most)

    def _is_promising(self, wanted: Slice) -> bool:
        if self.sought is None:
            return super()._is_promising(wanted)
        return self.sought.share * self.walked[-1] >= A_PAGE

    def _of_all(self, wanted: Slice) -> list[Any]:
        return super()._of_all(wanted) if self._found is None else self._taken(self._found, wanted)

    @cached_property
    def _found(self) -> QuerySet[Customer] | None:
        """Those whom the words find, by their ids; None where too many would have to be looked up."""
        if self.anybody is None or self.sought is None:
            return None
        return self.anybody.filter(pk__one_of=queries.found_inside(self.segment_id, self.sought.asked))

    def _in_order(self, wanted: Slice) -> list[Any]:
        """By id; a gap in a page (somebody who was merged just now) is filled, so that a short page is the last."""
        down, rows = (wanted.key[0] == "-id") is not wanted.backwards, list[Any]()
        after = wanted.after[0] if wanted.after and isinstance(wanted.after[0], int) else None
        while len(rows) < wanted.limit:
            found = queries.by_id(self.segment_id, wanted.limit - len(rows), after, down=down)
            if not found:
                break
            after = found[-1][0].customer_id
            for member, customer in found:
                if customer:
                    customer.since = member.since  # type: ignore[attr-defined]
                    rows.append(customer)
        return rows
