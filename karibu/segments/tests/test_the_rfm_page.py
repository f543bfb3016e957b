"""The RFM page: the grid as a picture and as a table, and each group one click away from being a segment."""

from datetime import timedelta

import pytest
from django.utils import timezone

from karibu.segments import actions, rfm, rfm_page
from karibu.segments.conditions.rfm import GROUPS
from karibu.segments.models import RfmDay

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyers(person):
    """Twenty who bought: the later in the list the longer ago, the first ten often and much."""
    now = timezone.now()
    for number in range(20):
        often = number % 2 == 0
        worth = {"orders": 20 - number if often else 1, "spent": (500 if often else 20) + number}
        person(f"Buyer {number}", last_order_at=now - timedelta(days=10 * number), **worth)
    rfm.reckon()


def page(client, path="/segments/rfm/"):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_the_first_order_the_page_says_what_will_stand_here(marketer):
    assert "The grid is not drawn yet" in page(marketer)


def test_the_groups_add_up_to_all_who_ordered(marketer, buyers):
    shown = rfm_page.context()
    assert sum(group.customers for group in shown["groups"]) == 20
    assert sum(group.share for group in shown["groups"]) == pytest.approx(1)
    assert len(shown["grid"]["data"]["values"]) == 25
    text = page(marketer)
    assert "<svg" in text and "As a table" in text
    for group in shown["groups"]:
        assert group.label.capitalize() in text and f"?rfm={group.key}" in text


def test_a_group_begins_a_segment(marketer, buyers):
    text = page(marketer, "/segments/new/conditions/?rfm=at_risk")
    assert "Customers who are at risk." in text and 'value="At risk"' in text
    assert "Customers who are" not in page(marketer, "/segments/new/conditions/?rfm=nonsense")


def test_a_group_that_is_a_segment_already_leads_to_it(marketer, buyers):
    made = actions.create("The best", {"all": [{"rfm": "champions"}]}, by="test")
    actions.create("Two groups", {"all": [{"rfm": ["champions", "lost"]}]}, by="test")
    text = page(marketer)
    assert text.count("Open segment") == 1 and f'href="/segments/{made.pk}/"' in text
    assert "?rfm=champions" not in text
    assert rfm_page.ADVICE.keys() == GROUPS.keys() and str(rfm_page.ADVICE["champions"]) in text


def test_an_agent_sees_the_grid_and_makes_no_segment_of_it(agent, buyers):
    text = page(agent)
    assert "<svg" in text and "Make a segment" not in text


def test_how_the_groups_went_is_drawn_from_the_second_day_on(buyers):
    assert rfm_page.past() is None
    for row in list(RfmDay.objects.all()):
        row.day -= timedelta(days=1)
        RfmDay.objects.bulk_create([row])
    drawn = rfm_page.past()
    assert drawn is not None and len({row["Day"] for row in drawn["data"]["values"]}) == 2
