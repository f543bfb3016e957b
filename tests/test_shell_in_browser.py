"""The shell as people use it: signing in, searching by keyboard, light and dark, a phone."""

import re

import pytest

from karibu.config.browser import accessibility, look
from karibu.web.actions import create_token, create_user, sign_in_path
from karibu.web.models import AuditEntry, User

pytestmark = pytest.mark.browser


def test_a_link_signs_in_with_one_click_and_a_second_browser_is_told_why_not(live, page, chromium):
    path = sign_in_path(create_user("amina@example.test", role="owner"))
    page.goto(live.url + path)
    look(page, "sign-in-link")
    page.get_by_role("button", name="Sign in as amina@example.test").click()
    page.goto(live.url + "/settings/")
    assert page.locator("h1").inner_text() == "Settings"
    other = chromium.new_context().new_page()
    other.goto(live.url + path)
    assert other.locator("h1").inner_text() == "This link no longer works"
    other.context.close()


def test_a_password_signs_in_and_a_wrong_one_says_what_to_do(live, page):
    User.objects.create_user("amina@example.test", "a long enough secret", role="owner")
    page.goto(live.url + "/settings/profile/")
    page.get_by_label("E-mail").fill("amina@example.test")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    assert "do not belong together" in page.get_by_role("alert").inner_text()
    look(page, "sign-in")
    assert not accessibility(page)
    page.get_by_label("Password").fill("a long enough secret")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/settings/profile/")


def test_the_keyboard_reaches_search_places_and_help(live, page):
    live.sign_in(page)
    page.goto(live.url + "/settings/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("nobody at all")
    page.get_by_text("Nothing found for “nobody at all”").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keyboard").is_visible()
    assert not accessibility(page)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/customers/")


def test_dark_is_remembered_and_comes_with_the_next_page_at_once(live, page):
    live.sign_in(page)
    page.goto(live.url + "/settings/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".topbar__person").click()
    page.get_by_role("button", name="Switch light and dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.goto(live.url + "/settings/profile/")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_a_phone_has_a_bar_of_five_and_the_rest_behind_more(live, page):
    live.sign_in(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live.url + "/settings/")
    assert not page.locator(".rail").is_visible()
    assert page.locator(".phonebar > ul > li").count() == 5
    page.locator(".phonebar__more > summary").click()
    page.locator(".phonebar__sheet").get_by_role("link", name="Settings").click()
    page.wait_for_url("**/settings/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_styleguide_is_accessible_at_both_widths_in_both_themes(live, page):
    live.sign_in(page)
    page.goto(live.url + "/styleguide/")
    for width, theme in ((390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        assert not accessibility(page), (width, theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, "styleguide")


def test_the_settings_pages_are_accessible_and_fit_a_phone(live, page):
    live.sign_in(page)
    create_token("till")
    for place in ("", "shop/", "colleagues/", "tokens/", "audit/", "profile/"):
        page.goto(f"{live.url}/settings/{place}")
        assert not accessibility(page), place
        look(page, f"settings-{place.strip('/') or 'index'}")
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, place
        page.set_viewport_size({"width": 1440, "height": 900})


def test_a_list_is_searched_sorted_filtered_and_paged_without_leaving_the_page(live, page):
    live.sign_in(page)
    AuditEntry.objects.bulk_create(
        AuditEntry(actor=f"colleague{n % 3}@example.test", verb="changed shop", subject=f"thing {n}")
        for n in range(120)
    )
    page.goto(live.url + "/settings/audit/")
    page.evaluate("window.stayed = true")
    assert page.locator(".table__count").inner_text() == "120"
    page.get_by_label("Search who, did or to what").fill("colleague1")
    page.locator(".table__count", has_text="40 of 120").wait_for()
    assert page.evaluate("document.activeElement.id") == "table-search"
    page.wait_for_url(re.compile(r"\?q=colleague1$"))
    page.get_by_label("Search who, did or to what").fill("")
    page.locator(".table__count").get_by_text("120", exact=True).wait_for()
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Previous").wait_for()
    page.locator(".table__bar summary", has_text="Filter").click()
    page.locator("input[name=at_to]").fill("2001-01-01")
    page.locator("input[name=at_to]").dispatch_event("change")
    page.get_by_text("Nothing fits").wait_for()
    page.locator(".chip").first.click()
    page.get_by_role("link", name="Next").wait_for()
    page.locator(".table__bar summary", has_text="Columns").click()
    page.get_by_label("To what", exact=True).uncheck()
    page.wait_for_url(re.compile("cols="))
    assert "To what" not in page.locator("thead").inner_text()
    page.go_back()
    page.wait_for_url(re.compile(r"/settings/audit/(\?.*)?$"))
    assert page.locator("h1").inner_text() == "Audit log"
