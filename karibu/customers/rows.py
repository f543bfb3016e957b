"""How a page of customers is found: by the index of its order, by two of them, or from all whom a word finds."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.db.models.sql.where import ExtraWhere

from karibu.customers import queries
from karibu.customers.models import Customer
from karibu.web import paging
from karibu.web.tables import QuerysetRows, Slice

NAME = ("name", "-name")
Fetch = Callable[[QuerySet[Customer]], Iterable[Any]]
# So many of the next in a list's order are looked through for those whom a common word finds, before all of them are
# sorted: the second only where the first promise a page. Behind one whom it finds by name there are mostly more, as
# those of one first name stand together; at the beginning seldom.
WALKED = (500, 3_000)


@dataclass(frozen=True)
class CustomerRows(QuerysetRows):
    """Customers whose ids are found first, in the same statement: what a list is ordered and filtered by stands in one
    index (models.py), so that a page of them is found without reading the rows of all who are passed over."""

    are_buyers: bool = False  # all of them have ordered
    kind: str = ""  # "no" or "yes": all of them are known people, or of all only a browser is known
    unsearched: QuerySet[Customer] | None = None  # a word finds them, and many of them, among these
    walked: tuple[int, int] = field(default_factory=lambda: WALKED)

    def only(self, ids: Collection[int]) -> Self:
        return replace(super().only(ids), unsearched=None)

    def take(self, wanted: Slice) -> list[Any]:
        by_name = wanted.key[0] in NAME
        if self.unsearched is None:
            return self._by_name(wanted) if by_name and self.kind else self._taken(self.queryset, wanted)
        near = None
        if self._is_promising(wanted):
            near = self._near(wanted, self.unsearched) if by_name else self._walked(wanted, self.unsearched)
        return near if near is not None else self._of_all(wanted)

    def _is_promising(self, wanted: Slice) -> bool:
        """Whether those whom the word finds are looked for among the next: of names many begin alike."""
        return wanted.key[0] in NAME

    def _by_name(self, wanted: Slice) -> list[Any]:
        """Those without a name apart from those with one: there is an index of each that knows those of a kind."""
        parts = [self.queryset.filter(name=""), self.queryset.filter(name__gt="")]
        rows: list[Any] = []
        for part in parts if _is_upwards(wanted) else parts[::-1]:
            rows += self._taken(part, replace(wanted, limit=wanted.limit - len(rows)))
            if len(rows) >= wanted.limit:
                break
        return rows

    def _near(self, wanted: Slice, among: QuerySet[Customer]) -> list[Any] | None:
        """By name, where those whom the word finds are among the next; None where it has to be looked further."""
        rows: list[Any] = []
        parts = [self._nameless, self._named]
        for part in parts if _is_upwards(wanted) else parts[::-1]:
            found = part(replace(wanted, limit=wanted.limit - len(rows)), among)
            if found is None:
                return None
            rows += found
            if len(rows) >= wanted.limit:
                break
        return rows

    def _named(self, wanted: Slice, among: QuerySet[Customer]) -> list[Any] | None:
        if wanted.after and wanted.after[0] == "" and not _is_upwards(wanted):
            return []
        return self._walked(wanted, among.filter(name__gt=""))

    def _nameless(self, wanted: Slice, among: QuerySet[Customer]) -> list[Any] | None:
        """Most of them are browsers without a word to be found by; there is an index of the others of each kind."""
        if wanted.after and wanted.after[0] != "" and _is_upwards(wanted):
            return []
        known: list[Any] | None = []
        if self.kind != "yes":
            known = self._walked(wanted, among.filter(name="", is_anonymous=False))
        if known is None or self.kind == "no":
            return known
        browsers = self._taken(self.queryset.filter(name="", is_anonymous=True), wanted)
        together = sorted([*known, *browsers], key=lambda row: row.pk, reverse=not _is_upwards(wanted))
        return together[: wanted.limit]

    def _walked(self, wanted: Slice, among: QuerySet[Customer]) -> list[Any] | None:
        """Those whom the word finds of the next of these; None where they are too few for a page."""
        steps = self.walked[wanted.after is not None and wanted.key[0] in NAME :]
        for most in sorted({max(step, 2 * wanted.limit) for step in steps}):
            near = self._fetched(among, replace(wanted, limit=most), _numbers)
            fit = self.queryset.filter(pk__one_of=near)
            found = paging.take(fit, wanted.key, None, wanted.limit, backwards=wanted.backwards)
            if len(found) == wanted.limit or len(near) < most:
                return found
            if len(found) * self.walked[-1] < wanted.limit * most:
                break
        return None

    def _of_all(self, wanted: Slice) -> list[Any]:
        """All whom the word finds, put in order. By its index of names the database would look for the word in the
        rows of millions; it has none of names with nothing added. By other orders it meets a page of them sooner."""
        if wanted.key[0] not in NAME:
            return self._taken(self.queryset, wanted)
        spelt = self.queryset.annotate(spelt=Concat("name", Value("")))
        key = (wanted.key[0].replace("name", "spelt"), *wanted.key[1:])
        with queries.on_two_cores():
            return self._taken(spelt, replace(wanted, key=key))

    def _taken(self, queryset: QuerySet[Customer], wanted: Slice) -> list[Any]:
        # Conditions in SQL of their own name this very table.
        is_plain = not any(isinstance(part, ExtraWhere) for part in queryset.query.where.children)
        fetch = _whole if is_plain else iter
        return self._fetched(queryset, wanted, fetch)

    def _fetched(self, queryset: QuerySet[Customer], wanted: Slice, fetch: Fetch) -> list[Any]:
        by_visit = self.are_buyers and "last_seen" in wanted.key[0]
        valued = Q(activity__has_ordered=True) if by_visit else None
        back = wanted.backwards
        return paging.take(queryset, wanted.key, wanted.after, wanted.limit, backwards=back, fetch=fetch, valued=valued)


def _is_upwards(wanted: Slice) -> bool:
    return (not wanted.key[0].startswith("-")) is not wanted.backwards


def _numbers(found: QuerySet[Customer]) -> Any:
    return found.values_list("pk", flat=True)


def _whole(found: QuerySet[Customer]) -> QuerySet[Customer]:
    rows = Customer.objects.filter(pk__in=found.select_related(None).values("pk"))
    order = [str(column).replace("spelt", "name") for column in found.query.order_by]
    return rows.select_related("activity").order_by(*order)
