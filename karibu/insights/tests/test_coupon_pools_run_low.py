"""Home says when a pool of coupons runs low."""

import pytest

from karibu.insights import health
from karibu.shop import coupons
from karibu.shop.models import CouponPool

pytestmark = pytest.mark.django_db


def test_home_warns_when_a_pool_runs_low() -> None:
    pool = CouponPool.objects.create(name="Spring", fallback="SPRING10", low_water=2)
    coupons.generate(pool, 3, by="a test")
    assert not [trouble for trouble in health.troubles() if "Spring" in trouble.sentence]
    coupons.claim(pool.pk, [(1, "a key")])
    [trouble] = [trouble for trouble in health.troubles() if "Spring" in trouble.sentence]
    assert trouble.sentence == "2 codes are left in “Spring”."
    assert trouble.url == f"/coupons/{pool.pk}/" and "SPRING10" in trouble.remedy
