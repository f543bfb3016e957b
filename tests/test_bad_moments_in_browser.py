"""Impatient fingers, going back, two tabs, a session that ended, a stream that does not come: no harm done."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from karibu.customers.models import Customer
from karibu.web.models import AuditEntry, User
from tests.world import fill

pytestmark = pytest.mark.browser


def test_a_double_click_on_a_slow_server_adds_one_customer(live: Any, page: Any) -> None:
    live.sign_in(page)
    page.goto(live.url + "/customers/new/")
    page.get_by_label("Name").fill("Amina")
    page.get_by_role("button", name="Add customer").evaluate(
        "one => { one.click(); setTimeout(() => one.click(), 10); }"
    )
    page.wait_for_url(re.compile(r"/customers/\d+/$"))
    assert Customer.objects.count() == 1


def test_going_back_shows_the_list_as_it_was(live: Any, page: Any) -> None:
    live.sign_in(page)
    AuditEntry.objects.bulk_create(AuditEntry(actor=f"c{n % 3}@x.test", verb="v", subject=f"t {n}") for n in range(90))
    page.goto(live.url + "/settings/audit/")
    search = page.get_by_label("Search who, did or to what")
    search.fill("c1@")
    page.wait_for_url("**/?q=c1%40")
    expect(page.locator(".table__count")).to_have_text("30 of 90")
    search.fill("c2@")
    page.wait_for_url("**/?q=c2%40")
    page.locator("thead").get_by_role("link", name="When").click()
    page.wait_for_url("**sort=**")
    page.go_back()
    page.wait_for_url("**/?q=c2%40")
    page.go_back()
    page.wait_for_url("**/?q=c1%40")
    expect(page.locator(".table__count")).to_have_text("30 of 90")
    expect(search).to_have_value("c1@")
    expect(page.locator("h1")).to_have_text("Audit log")
    assert page.locator(".rail").count() == 1  # the page once, not a page within the page
    page.go_forward()
    expect(search).to_have_value("c2@")


def test_coming_back_from_a_row_finds_the_list_where_it_was(live: Any, page: Any, tmp_path: Path) -> None:
    fill(tmp_path, people=4)
    live.sign_in(page)
    page.goto(live.url + "/products/")
    page.get_by_label("Product, id, SKU").fill("basket")
    page.wait_for_url("**q=basket")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator("tbody tr").first.click()
    page.wait_for_url(re.compile(r"/products/\d+/$"))
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_label("Product, id, SKU")).to_have_value("basket")


def test_without_the_stream_the_home_page_asks_and_says_so(live: Any, page: Any, send: Any) -> None:
    live.sign_in(page)
    page.route("**/live/", lambda route: route.abort())
    page.clock.install()
    page.goto(live.url + "/")
    expect(page.locator("#live-state")).to_have_text("Looking every few seconds")
    assert page.locator(".moment").count() == 0
    send({"type": "page", "anonymousId": "b1", "context": {"timezone": "Africa/Kigali"}})
    page.clock.fast_forward(11_000)
    expect(page.locator(".moment")).to_have_count(1)
    page.clock.fast_forward(11_000)
    page.wait_for_timeout(300)
    assert page.locator(".moment").count() == 1  # asked again, shown once
    page.unroute("**/live/")
    page.clock.fast_forward(31_000)
    expect(page.locator("#live-state")).to_have_text("Live")


def test_the_second_of_two_tabs_is_told_and_keeps_what_was_typed(live: Any, page: Any) -> None:
    live.sign_in(page)
    page.goto(live.url + "/settings/shop/")
    other = page.context.new_page()
    other.goto(live.url + "/settings/shop/")
    other.locator("#id_name").fill("Duka")
    other.get_by_role("button", name="Save shop").click()
    expect(other.get_by_text("settings are saved")).to_be_visible()
    page.locator("#id_name").fill("Boutique")
    page.get_by_role("button", name="Save shop").click()
    expect(page.get_by_role("alert")).to_contain_text("This was changed meanwhile")
    expect(page.locator("#id_name")).to_have_value("Boutique")
    other.reload()
    expect(other.locator("#id_name")).to_have_value("Duka")
    page.get_by_role("button", name="Save shop").click()
    expect(page.get_by_text("settings are saved")).to_be_visible()


def test_whoever_is_signed_out_while_typing_signs_in_and_finds_the_words_again(live: Any, page: Any) -> None:
    user = User.objects.create_user("amina@example.test", "a long enough secret", role="owner")
    live.sign_in(page, user)
    page.goto(live.url + "/customers/new/")
    page.get_by_label("Name").fill("Neema Mushi")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Add customer").click()
    expect(page.get_by_text("You were signed out meanwhile")).to_be_visible()
    assert not Customer.objects.exists()
    page.get_by_label("E-mail").fill("amina@example.test")
    page.get_by_label("Password").fill("a long enough secret")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/customers/new/")
    expect(page.get_by_label("Name")).to_have_value("Neema Mushi")
    expect(page.get_by_text("What you typed before you were signed out is back")).to_be_visible()
    page.get_by_role("button", name="Add customer").click()
    page.wait_for_url(re.compile(r"/customers/\d+/$"))
    assert Customer.objects.get().name == "Neema Mushi"
    assert page.evaluate("sessionStorage.getItem('karibu draft')") is None


def test_on_a_slow_network_the_rows_become_bars_until_the_next_ones_come(live: Any, page: Any) -> None:
    live.sign_in(page)
    AuditEntry.objects.bulk_create(AuditEntry(actor=f"c{n % 3}@x.test", verb="v", subject=f"t {n}") for n in range(9))
    held: list[Any] = []
    page.route(re.compile(r"/settings/audit/\?"), lambda route: held.append(route))
    page.goto(live.url + "/settings/audit/")
    words = page.locator("tbody td").first
    shown = "one => getComputedStyle(one).webkitTextFillColor"
    before = words.evaluate(shown)
    page.get_by_label("Search who, did or to what").fill("c1@")
    page.wait_for_timeout(900)
    assert words.evaluate(shown) == "rgba(0, 0, 0, 0)" != before
    assert page.locator("tbody tr").count() == 9  # nothing jumps
    held[0].continue_()
    expect(page.locator("tbody tr")).to_have_count(3)
    assert words.evaluate(shown) == before
