"""The list of templates names the journeys that send each."""

import pytest

from karibu.journeys import actions
from karibu.journeys.recipes import abandoned_cart
from karibu.messages import starters, usage

pytestmark = pytest.mark.django_db


def test_who_sends_a_template_is_named_and_others_are_not(marketer):
    starters.plant("cart-reminder", "welcome")
    made = actions.create("Left carts", abandoned_cart(), by="a test")
    assert usage.of({"cart-reminder", "welcome"})["cart-reminder"] == [("Left carts", f"/journeys/{made.pk}/")]
    assert "welcome" not in usage.of({"cart-reminder", "welcome"})
    assert "Left carts" in marketer.get("/messages/templates/").content.decode()
