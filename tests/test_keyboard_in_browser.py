"""Everything by keyboard, for eyes and ears: focus is seen, lists are walked and ticked, swaps are said aloud."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from karibu.config.browser import accessibility, look
from karibu.web.models import AuditEntry
from tests.world import fill

pytestmark = pytest.mark.browser


def test_the_first_tab_offers_to_skip_to_the_content(live: Any, page: Any) -> None:
    live.sign_in(page)
    page.goto(live.url + "/customers/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_whatever_has_the_focus_shows_it(live: Any, page: Any) -> None:
    live.sign_in(page)
    page.goto(live.url + "/customers/new/")
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("""() => {
          const style = getComputedStyle(document.activeElement);
          const shows = parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none";
          const one = document.activeElement;
          return shows || one.className === "skip" ? "" : one.outerHTML.slice(0, 90);
        }""")
        )
    assert not [one for one in seen if one and not one.startswith("<body")]


def test_a_list_is_walked_ticked_and_opened_without_a_mouse(live: Any, page: Any, tmp_path: Path) -> None:
    fill(tmp_path, people=4)
    live.sign_in(page)
    page.goto(live.url + "/products/?sort=name")
    for key in "jjjk":
        page.keyboard.press(key)
    expect(page.locator("tbody tr").nth(1).locator("th a")).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator(".chosen__count")).to_have_text("1 chosen")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".chosen__count")).to_have_text("2 chosen")
    ids = page.locator("tbody :checked").evaluate_all("boxes => boxes.map(box => `&id=${box.value}`).join('')")
    assert page.get_by_role("link", name="CSV of these").get_attribute("href").endswith(ids)
    page.get_by_role("button", name="Choose none").click()
    expect(page.locator(".chosen")).to_be_hidden()
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/products/*/")


def test_a_stretch_of_rows_and_the_whole_page_are_ticked_at_once(live: Any, page: Any, tmp_path: Path) -> None:
    fill(tmp_path, people=4)
    live.sign_in(page)
    page.goto(live.url + "/messages/")
    boxes = page.locator("tbody .choose input")
    boxes.nth(1).click()
    boxes.nth(5).click(modifiers=["Shift"])
    expect(page.locator(".chosen__count")).to_have_text("5 chosen")
    look(page, "ticked")
    assert not accessibility(page)
    page.get_by_label("Choose every row of this page").check()
    expect(page.locator(".chosen__count")).to_have_text(f"{boxes.count()} chosen")


def test_how_many_rows_are_left_is_said_after_a_swap(live: Any, page: Any) -> None:
    live.sign_in(page)
    AuditEntry.objects.bulk_create(AuditEntry(actor=f"c{n % 3}@x.test", verb="v", subject=f"t {n}") for n in range(9))
    page.goto(live.url + "/settings/audit/")
    line = page.locator("[data-behaviour=said]")
    line.evaluate("element => { element.mark = 1 }")
    page.get_by_label("Search who, did or to what").fill("c1@")
    expect(line).to_have_text("3 of 9")
    assert line.get_attribute("role") == "status" and line.evaluate("element => element.mark") == 1


def test_nothing_moves_for_whoever_wants_no_motion(live: Any, page: Any) -> None:
    live.sign_in(page)
    page.goto(live.url + "/")
    moving = page.evaluate("""() => [...document.querySelectorAll("*")].filter((one) => {
      const style = getComputedStyle(one);
      const times = `${style.transitionDuration}, ${style.animationDuration}`.split(",").map(parseFloat);
      return times.some((seconds) => seconds > 0.01);
    }).map((one) => one.outerHTML.slice(0, 80))""")
    assert not moving
