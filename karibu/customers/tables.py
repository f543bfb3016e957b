"""The lists of this app."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from karibu.customers import queries
from karibu.customers.models import Customer
from karibu.customers.rows import CustomerRows
from karibu.web import choices, formats
from karibu.web.tables import (
    Choice,
    Column,
    Dates,
    Deed,
    Empty,
    Flag,
    Origin,
    Range,
    Rows,
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
        """Without filters the search has counted already. Who fits them of many whom a word finds follows the page."""
        if not self._was_counted:
            return None if self.are_found else super().quick_count
        return len(self.found.ids) if self.found and self.found.are_few else None

    @property
    def bound(self) -> str:
        if self.found and self._was_counted:
            return formats.count(self.found.bound)
        return "" if self.are_found else super().bound

    @property
    def _was_counted(self) -> bool:
        return bool(self.found and self.found.asked and not self.chips)

    def narrowed(self, source: Any) -> Any:
        rows = self._filtered(source)
        return self.search(rows, self.text) if self.text else rows

    def _filtered(self, source: Any) -> Any:
        rows = source.select_related("activity")
        for found in self.filters:
            rows = found.narrow(rows, self.state)
        # Said once more, it leads to the index of buyers, which knows their names: worth it where few of them fit.
        is_said = self.are_buyers and ("orders" in self.key[0] or len(self.chips) > 1)
        return rows.filter(orders__gt=0) if is_said else rows

    @cached_property
    def are_buyers(self) -> bool:
        """Who spent something has ordered, too: those who never did need not be walked over."""
        least, _most = SPENT.bounds(self.state)
        return bool(self.state.get("buyers") or (least and least > 0))

    def rows_of(self, source: Any) -> Rows:
        unsearched = self._filtered(source) if self.are_found else None
        return CustomerRows(self.narrowed(source), self.are_buyers, self.kind, unsearched)

    @property
    def kind(self) -> str:
        """What is asked of `anonymous`: whatever is not "yes" is "no"."""
        asked = self.state.get("anonymous")
        return (asked and ("yes" if asked == "yes" else "no")) or ""

    @property
    def are_found(self) -> bool:
        return bool(self.found and self.found.asked and not self.found.are_few)
