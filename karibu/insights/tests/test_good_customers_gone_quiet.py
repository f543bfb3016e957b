"""Home says when good customers have become quiet, until there is a segment of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from karibu.customers.models import Customer
from karibu.insights import suggestions
from karibu.segments import actions, rfm
from karibu.segments.recipes import RECIPES

pytestmark = pytest.mark.django_db


def test_home_suggests_a_segment_of_good_customers_gone_quiet_until_there_is_one():
    now = timezone.now()
    for number in range(20):
        worth = {"orders": 20 if number % 2 else 1, "spent": 500 if number % 2 else 20}
        Customer.objects.create(created_at=now, last_order_at=now - timedelta(days=10 * number), **worth)
    assert suggestions.good_customers_gone_quiet(now) is None  # nothing was reckoned yet
    rfm.reckon()
    quiet = sum(cell.customers for cell in rfm.grid() if cell.group in ("at_risk", "cant_lose"))
    suggestion = suggestions.good_customers_gone_quiet(now)
    assert quiet and suggestion is not None and (suggestion.number, suggestion.url) == (quiet, "/segments/rfm/")
    made = actions.create("At risk", RECIPES["at-risk"].definition(), recipe="at-risk", by="test")
    assert suggestions.good_customers_gone_quiet(now) is None
    actions.archive(made, by="test")
    assert suggestions.good_customers_gone_quiet(now) == suggestion
