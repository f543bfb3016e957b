"""The lists of this app."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.db.models.sql.where import ExtraWhere
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from karibu.customers import queries
from karibu.customers.models import Customer
from karibu.web import choices, formats, paging
from karibu.web.tables import (
    Choice,
    Column,
    Dates,
    Deed,
    Empty,
    Flag,
    Origin,
    QuerysetRows,
    Range,
    Rows,
    Slice,
    Table,
)

SPENT = Range("spent", _("Spent"))
YES_NO = (("no", _("known people")), ("yes", _("only a browser is known")))


def _who(customer: Customer) -> SafeString:
    """The best name there is, with the address in a quieter voice beside it."""
    address = customer.email or customer.phone
    detail = address if address != customer.label else ""
    if not address:
        detail = gettext("customer {}").format(customer.pk)
    return format_html('{} <span class="quiet small">{}</span>', customer.label, detail)


def _countries() -> list[tuple[str, str]]:
    """The countries there are customers of, by jumping along the index from one to the next."""
    found = Customer.objects.raw(
        "WITH RECURSIVE jump(country) AS ("
        "(SELECT min(country) FROM customers_customer WHERE merged_into IS NULL AND erased_at IS NULL AND country > '')"
        " UNION ALL SELECT (SELECT min(country) FROM customers_customer WHERE merged_into IS NULL"
        " AND erased_at IS NULL AND country > jump.country) FROM jump WHERE jump.country IS NOT NULL)"
        " SELECT 0 AS id, country FROM jump WHERE country IS NOT NULL"
    )
    return sorted(((row.country, choices.country(row.country)) for row in found), key=lambda pair: pair[1])


@dataclass(frozen=True)
class CustomerRows(QuerysetRows):
    """Customers whose ids are found first, in the same statement: what a list is ordered and filtered by stands in one
    index (models.py), so that a page of them is found without reading the rows of all who are passed over."""

    are_buyers: bool = False  # all of them have ordered
    are_one_kind: bool = False  # all of them are known people, or all are not
    are_found: bool = False  # a word finds them, and many of them

    def take(self, wanted: Slice) -> list[Any]:
        if wanted.key[0] not in ("name", "-name"):
            return self._taken(self.queryset, wanted)
        if self.are_found:
            return self._sorted(wanted)
        return self._by_name(wanted) if self.are_one_kind else self._taken(self.queryset, wanted)

    def _by_name(self, wanted: Slice) -> list[Any]:
        """Those without a name apart from those with one: there is an index of each that knows those of a kind."""
        parts = [self.queryset.filter(name=""), self.queryset.filter(name__gt="")]
        rows: list[Any] = []
        for part in parts if (wanted.key[0] == "name") is not wanted.backwards else parts[::-1]:
            rows += self._taken(part, replace(wanted, limit=wanted.limit - len(rows)))
            if len(rows) >= wanted.limit:
                break
        return rows

    def _sorted(self, wanted: Slice) -> list[Any]:
        """All whom the word finds, put in order. By its index of names the database would look for the word in the
        rows of millions; it has none of names with nothing added."""
        spelt = self.queryset.annotate(spelt=Concat("name", Value("")))
        return self._taken(spelt, replace(wanted, key=(wanted.key[0].replace("name", "spelt"), *wanted.key[1:])))

    def _taken(self, queryset: QuerySet[Customer], wanted: Slice) -> list[Any]:
        # Conditions in SQL of their own name this very table.
        is_plain = not any(isinstance(part, ExtraWhere) for part in queryset.query.where.children)
        fetch = _whole if is_plain else iter
        by_visit = self.are_buyers and "last_seen" in wanted.key[0]
        return paging.take(
            queryset,
            wanted.key,
            wanted.after,
            wanted.limit,
            backwards=wanted.backwards,
            fetch=fetch,
            valued=Q(activity__has_ordered=True) if by_visit else None,
        )


def _whole(found: QuerySet[Customer]) -> QuerySet[Customer]:
    rows = Customer.objects.filter(pk__in=found.select_related(None).values("pk"))
    order = [str(column).replace("spelt", "name") for column in found.query.order_by]
    return rows.select_related("activity").order_by(*order)


class Customers(Table):
    name = "customers"
    columns = [
        Column("who", _("Customer"), value="label", html=_who, link=Customer.get_absolute_url),
        Column("name", _("Name"), sort="name", shown=False),
        Column("email", _("E-mail"), shown=False),
        Column("phone", _("Phone"), shown=False),
        Column("country", _("Country"), html=lambda c: choices.country(c.country)),
        Column("city", _("City"), shown=False),
        Column("orders", _("Orders"), kind="count", sort="orders"),
        Column("spent", _("Spent"), kind="money", sort="spent"),
        Column("last_seen", _("Last seen"), value="activity.last_seen", kind="ago", sort="activity__last_seen"),
        Column("created_at", _("First seen"), kind="ago", shown=False),
        Column("source", _("Source"), value="first_source", shown=False),
        Column("id", _("Customer id"), sort="id", shown=False),
    ]
    filters = [
        Flag("buyers", _("Has ordered"), apply=lambda rows, value: rows.filter(orders__gt=0)),
        Choice(
            "anonymous", _("Who"), choices=YES_NO, apply=lambda rows, value: rows.filter(is_anonymous=value == "yes")
        ),
        Choice("country", _("Country"), choices=_countries),
        Dates("seen", _("Last seen"), path="activity__last_seen"),
        SPENT,
        Origin("import", _("New by import"), path="import_id"),
    ]
    has_boxes = True
    deeds = [Deed(_("Erase customers"), "/customers/erase/", "delete", ("owner",), is_grave=True)]
    order = "-last_seen"
    order_of_many = "-spent"  # whom a common word finds; those seen last are often nobody with a name
    search_label = _("Name, e-mail, phone, any id")
    empty = Empty(
        _("No customers yet"),
        _("They appear with the first visit to your shop, from a file, or by hand."),
        "/settings/sources/",
        _("Connect your shop"),
    )

    @cached_property
    def found(self) -> queries.Found | None:
        """Whom the typed text finds; None where nothing was typed."""
        return queries.find(self.text) if self.text else None

    @cached_property
    def sorting(self) -> tuple[Column | None, bool]:
        if self.found and self.found.is_common:
            self.order = self.order_of_many or self.order  # type: ignore[misc]
        return super().sorting

    def search(self, rows: QuerySet[Customer], text: str) -> Any:
        return self.found.among(rows) if self.found else rows

    @cached_property
    def quick_count(self) -> int | None:
        """Without filters the search has counted already."""
        if not self._was_counted:
            return super().quick_count
        return len(self.found.ids) if self.found and self.found.are_few else None

    @property
    def bound(self) -> str:
        return formats.count(self.found.bound) if self.found and self._was_counted else super().bound

    @property
    def _was_counted(self) -> bool:
        return bool(self.found and self.found.asked and not self.chips)

    def narrowed(self, source: Any) -> Any:
        rows = super().narrowed(source).select_related("activity")
        # Said once more, it leads to the index of buyers, which knows their names: worth it where few of them fit.
        is_said = self.are_buyers and ("orders" in self.key[0] or len(self.chips) > 1)
        return rows.filter(orders__gt=0) if is_said else rows

    @cached_property
    def are_buyers(self) -> bool:
        """Who spent something has ordered, too: those who never did need not be walked over."""
        least, _most = SPENT.bounds(self.state)
        return bool(self.state.get("buyers") or (least and least > 0))

    def rows_of(self, source: Any) -> Rows:
        return CustomerRows(self.narrowed(source), self.are_buyers, self.are_one_kind, self.are_found)

    @property
    def are_one_kind(self) -> bool:
        return bool(self.state.get("anonymous"))

    @property
    def are_found(self) -> bool:
        return bool(self.found and self.found.asked and not self.found.are_few)
