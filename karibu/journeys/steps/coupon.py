"""A coupon for the person, from a pool: messages behind this step say it as {{ coupon.code }}."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.shop import coupons
from karibu.shop.models import CouponPool

GIVEN, NONE = "given", "none"


class Coupon(Step, forbid_unknown_fields=True):
    """An empty pool gives its code for everybody; where there is none, the person goes the way “none”.

    Without ways they go on all the same, and the gate refuses what promises the coupon.
    """

    KIND: ClassVar[str] = "coupon"
    ICON: ClassVar[str] = "tag"

    pool: int

    def sentence(self) -> str:
        name = CouponPool.objects.filter(pk=self.pool).values_list("name", flat=True).first()
        return _("give them a coupon of “%(pool)s”") % {"pool": name or f"#{self.pool}"}

    def ways(self) -> Sequence[str]:
        return (GIVEN, NONE)

    def way_names(self) -> Mapping[str, str]:
        return {GIVEN: _("they have one"), NONE: _("none was left")}

    def must_branch(self) -> bool:
        return False

    def take(self, group: Group) -> Sequence[Outcome]:
        keys = [f"journey:{group.journey_id}:enrollment:{t.id}:step:{group.step}" for t in group.travellers]
        wants = [(t.customer_id, key) for t, key in zip(group.travellers, keys, strict=True)]
        is_there = CouponPool.objects.filter(pk=self.pool).exists()
        codes = coupons.claim(self.pool, wants) if is_there else {}
        return [self._outcome(codes.get(key, "")) for key in keys]

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        """As long as there are enough: how many would be needed is what the rehearsal says."""
        return [self._outcome("…")] * len(group.travellers)

    def _outcome(self, code: str) -> Outcome:
        context = {"coupon_pool": self.pool, "coupon": {"code": code} if code else {}}
        return Outcome("a coupon" if code else "no coupon was left", way=GIVEN if code else NONE, context=context)
