"""The lists of coupon pools and of a pool's codes."""

from collections.abc import Collection
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from karibu.customers.queries import labels
from karibu.shop.models import Coupon, CouponPool
from karibu.web.tables import Choice, Column, Empty, QuerysetRows, Rows, Slice, Table

STATES = {
    "left": Q(claimed_at=None, order_id=""),
    "given": Q(claimed_at__isnull=False, order_id=""),
    "used": ~Q(order_id=""),
}
WORDS = {"left": _("left"), "given": _("given"), "used": _("used")}
TONES = {"left": "quiet", "given": "info", "used": "good"}


def state(coupon: Coupon) -> str:
    if coupon.order_id:
        return "used"
    return "given" if coupon.claimed_at else "left"


class CountedPools(QuerysetRows):
    """Pools, each knowing its numbers, by one query for the page."""

    def take(self, wanted: Slice) -> list[CouponPool]:
        rows: list[CouponPool] = super().take(wanted)
        numbers = _counted([row.pk for row in rows])
        for row in rows:
            row.numbers = numbers[row.pk]  # type: ignore[attr-defined]
        return rows


class Pools(Table):
    name = "coupon-pools"
    columns = [
        Column("name", _("Pool"), str, sort="name", link=lambda pool: pool.get_absolute_url()),
        Column("fallback", _("Fall-back")),
        Column("left", _("Left"), "numbers.left", kind="count"),
        Column("given", _("Given"), "numbers.given", kind="count"),
        Column("used", _("Used"), "numbers.used", kind="count"),
        Column("total", _("Codes"), "numbers.total", kind="count", shown=False),
        Column("low_water", _("Warns at"), kind="count", shown=False),
        Column("made", _("Made"), "created_at", kind="ago", sort="created_at", shown=False),
    ]
    order = "name"
    search_label = _("Name")
    empty = Empty(
        _("No coupon pools yet"),
        _("A pool holds codes that are each good for one person: a campaign gives everybody their own, and Karibu sees "
          "which were used."),
        "/coupons/new/",
        _("Make a pool"),
    )  # fmt: skip

    def search(self, rows: Any, text: str) -> Any:
        return rows.filter(name__icontains=text)

    def rows_of(self, source: Any) -> Rows:
        return CountedPools(self.narrowed(source))


class NamedCoupons(QuerysetRows):
    """Codes, each knowing what its person is called."""

    def take(self, wanted: Slice) -> list[Coupon]:
        rows: list[Coupon] = super().take(wanted)
        people = labels({row.customer_id for row in rows if row.customer_id})
        for row in rows:
            row.person = people.get(row.customer_id or 0, "")  # type: ignore[attr-defined]
        return rows


class Coupons(Table):
    name = "coupons"
    columns = [
        Column("code", _("Code")),
        Column("state", _("State"), lambda coupon: WORDS[state(coupon)], kind="badge",
               tone=lambda coupon: TONES[state(coupon)]),
        Column("person", _("Given to"), "person",
               link=lambda coupon: f"/customers/{coupon.customer_id}/" if coupon.customer_id else ""),
        Column("given", _("Given"), "claimed_at", kind="ago"),
        Column("order", _("Order"), "order_id"),
        Column("used", _("Used"), "redeemed_at", kind="ago"),
        Column("made", _("Row"), "id", sort="id", shown=False),
    ]  # fmt: skip
    filters = [
        Choice("state", _("State"), choices=list(WORDS.items()),
               apply=lambda rows, value: rows.filter(STATES.get(value, Q()))),
    ]  # fmt: skip
    order = "-made"
    search_label = _("Code")
    empty = Empty(_("No codes yet"), _("Make some, or bring along those of your shop."))

    def search(self, rows: Any, text: str) -> Any:
        return rows.filter(code=text.upper())

    def rows_of(self, source: Any) -> Rows:
        return NamedCoupons(self.narrowed(source))


def listed_pools() -> QuerySet[CouponPool]:
    return CouponPool.objects.all()


def listed_coupons(pool: CouponPool) -> QuerySet[Coupon]:
    return Coupon.objects.filter(pool=pool)


def numbers_of(pool: CouponPool) -> dict[str, int]:
    """{"total", "left", "given", "used"} of its codes."""
    return _counted([pool.pk])[pool.pk]


def _counted(pool_ids: Collection[int]) -> dict[int, dict[str, int]]:
    sums = {name: Count("id", filter=those) for name, those in STATES.items()}
    rows = Coupon.objects.filter(pool__in=pool_ids).values_list("pool").annotate(total=Count("id"), **sums)
    names = ("total", *STATES)
    found = {number: dict(zip(names, counts, strict=True)) for number, *counts in rows}
    return {number: found.get(number, dict.fromkeys(names, 0)) for number in pool_ids}
