"""Templates and segments name the journeys that use them."""

import re

import pytest

from karibu.campaigns.models import Campaign
from karibu.journeys import actions
from karibu.journeys.recipes import abandoned_cart
from karibu.messages import starters, usage
from karibu.segments import actions as segments

pytestmark = pytest.mark.django_db


def test_who_sends_a_template_is_named_and_others_are_not(marketer):
    starters.plant("cart-reminder", "welcome")
    made = actions.create("Left carts", abandoned_cart(), by="a test")
    assert usage.of({"cart-reminder", "welcome"})["cart-reminder"] == [("Left carts", f"/journeys/{made.pk}/")]
    assert "welcome" not in usage.of({"cart-reminder", "welcome"})
    assert "Left carts" in marketer.get("/messages/templates/").content.decode()


def test_a_segments_page_names_who_asks_for_it(marketer):
    def made(name: str, definition: dict[str, object]) -> int:
        return segments.create(name, definition, by="test").pk

    rwandans = made("Rwandans", {"trait": "country", "op": "is", "value": "RW"})
    assert "It is asked for by" not in marketer.get(f"/segments/{rwandans}/").content.decode()
    made("Rwandans with a name", {"all": [{"segment": rwandans}, {"trait": "name", "op": "exists"}]})
    made("All others", {"not": {"trait": "country", "op": "is", "value": "RW"}})
    entry = {"schedule": {"segment": rwandans, "at": "09:00"}}
    weekly = actions.create("Each morning", {"entry": entry, "steps": [{"wait": {"days": 1}}]}, by="test")
    actions.publish(weekly, by="test")
    actions.edit(weekly, definition={**weekly.definition, "entry": {"by_hand": True}}, by="test")
    Campaign.objects.create(name="Not to them", exclude=[rwandans])
    Campaign.objects.create(name="Over", include=[rwandans], status="sent")
    page = (
        marketer.get(f"/segments/{rwandans}/").content.decode().partition("It is asked for by")[2].partition("</p>")[0]
    )
    assert re.findall(">([^<>]+)</a>", page) == ["Rwandans with a name", "Not to them", "Each morning"]
