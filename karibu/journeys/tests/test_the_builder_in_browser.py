"""The journey's builder in a real Chromium: the tree changes in place, and what was done can be undone."""

from typing import Any

import pytest

from karibu.config.browser import accessibility, look
from karibu.journeys import actions
from karibu.journeys.models import Journey

pytestmark = pytest.mark.browser


def test_a_branch_is_drawn_filled_and_undone_without_leaving_the_page(live: Any, page: Any) -> None:
    steps = [{"wait": {"days": 1}}]
    journey = actions.create("Welcome", {"entry": {"event": "Signed Up"}, "steps": steps}, by="test")
    live.sign_in(page)
    page.goto(f"{live.url}/journeys/{journey.pk}/")
    page.evaluate("window.stayed = true")
    page.locator(".add__plus").last.click()
    page.get_by_role("button", name="Two ways, by what brought them in").last.click()
    page.locator(".ways__title", has_text="yes").wait_for()
    assert page.locator("#step-1 details.way__edit[open]").count() == 1
    page.locator(".ways__way .add__plus").first.click()
    page.locator(".ways__way").first.get_by_role("button", name="Ask a colleague").click()
    page.locator(".ways__way", has_text="Shall this person go on?").first.wait_for()
    assert page.evaluate("window.stayed") and accessibility(page) == []
    look(page, "journey-builder")
    assert "ask" in Journey.objects.get().definition["steps"][1]["ways"]["yes"][0]
    page.get_by_role("button", name="Undo the last change").click()
    page.locator(".ways__way", has_text="Shall this person go on?").first.wait_for(state="detached")
    assert "ways" not in Journey.objects.get().definition["steps"][1]


def test_a_branchs_conditions_are_written_in_its_card_and_counted(live: Any, page: Any) -> None:
    branch = {"branch": {"if": {"trait": "orders", "op": "gte", "value": 1}}}
    steps = [{"wait": {"days": 1}}, branch, branch]
    journey = actions.create("Welcome", {"entry": {"event": "Signed Up"}, "steps": steps}, by="test")
    live.sign_in(page)
    page.goto(f"{live.url}/journeys/{journey.pk}/")
    page.evaluate("window.stayed = true")
    page.locator("#step-1 > .way__card summary").first.click()
    page.locator("#step-1").get_by_role("link", name="Or write the conditions here").click()
    page.locator(".conditions__count", has_text="of 0 customers").wait_for()
    assert page.evaluate("window.stayed") and accessibility(page) == []
    page.locator("#step-2 > .way__card summary").first.click()
    page.locator("#step-2").get_by_role("link", name="Or write the conditions here").click()
    page.locator("#step-2 #conditions").wait_for()
    assert page.locator("#conditions").count() == 1, "in one card at a time"
    page.locator("#conditions").get_by_role("button", name="Condition", exact=True).click()
    page.locator("[name='r_1.trait']").select_option("country")
    page.locator("[name='r_1.value']").select_option("RW")
    assert page.evaluate("window.stayed")
    page.get_by_role("button", name="Save conditions").click()
    page.locator("#step-2 > .way__card", has_text="whose country is").wait_for()
    [_wait, first, second] = Journey.objects.get().definition["steps"]
    rwandan = {"trait": "country", "op": "is", "value": "RW"}
    assert (first["branch"], second["branch"]["if"]["all"][1]) == (branch["branch"], rwandan)
