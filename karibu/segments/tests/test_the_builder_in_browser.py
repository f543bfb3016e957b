"""The builder in a real Chromium: it counts while one edits, keeps what one did, and can be used without a mouse."""

import re
from typing import Any

import pytest
from django.utils import timezone

from karibu.config.browser import accessibility, look
from karibu.customers.models import Customer
from karibu.segments.models import Segment
from karibu.web.models import User

pytestmark = pytest.mark.browser

NEW = "/segments/new/conditions/"


@pytest.fixture
def builder(live: Any, page: Any) -> Any:
    """The builder's page of a shop with three Rwandans and two Kenyans."""
    for number, country in enumerate(["RW", "RW", "RW", "KE", "KE"]):
        known = {"email": f"p{number}@example.com", "name": f"Person {number}", "is_anonymous": False}
        Customer.objects.create(country=country, created_at=timezone.now(), orders=number, spent=number * 10, **known)
    live.sign_in(page)
    page.goto(live.url + NEW)
    return page


def says(page: Any, sentence: str) -> None:
    page.locator("#sentence", has_text=sentence).wait_for()


def counts(page: Any, number: int) -> None:
    page.locator(".builder__count strong", has_text=f"{number}").wait_for()


def country_is(page: Any, code: str, row: str = "r_0") -> None:
    page.select_option(f'[name="{row}.trait"]', "country")
    page.select_option(f'[name="{row}.value"]', code)


def test_sentence_count_and_people_follow_each_change(builder: Any) -> None:
    country_is(builder, "RW")
    says(builder, "Customers whose country is “Rwanda”.")
    counts(builder, 3)
    assert builder.locator(".faces li").count() == 3
    with builder.expect_request("**/segments/preview/") as asked:
        builder.select_option('[name="r_0.value"]', "KE")
    assert re.search(r"&turn=\d{13}\b", asked.value.post_data)  # what overtakes another is told by it
    counts(builder, 2)
    builder.get_by_role("button", name="Condition", exact=True).click()
    builder.select_option('[name="r_1.trait"]', "orders")
    builder.fill('[name="r_1.value"]', "4")
    says(builder, "number of orders is at least 4")
    counts(builder, 1)
    builder.select_option('[name="r.is"]', "any")
    counts(builder, 2)
    assert accessibility(builder) == []
    look(builder, "builder")


def test_typing_is_not_disturbed_and_a_fault_leaves_with_its_cause(builder: Any) -> None:
    builder.select_option('[name="r_0.trait"]', "name")
    field = builder.locator('[name="r_0.value"]')
    builder.locator("#why-r_0", has_text="Say which value.").wait_for()
    field.press_sequentially("Person 1", delay=60)
    counts(builder, 1)
    assert field.input_value() == "Person 1"
    assert builder.locator("#why-r_0").inner_text() == ""


def test_saving_leads_to_the_segment(builder: Any) -> None:
    country_is(builder, "RW")
    builder.fill('[name="name"]', "Rwandans")
    builder.get_by_role("button", name="Make segment").click()
    builder.get_by_role("heading", name="Rwandans").wait_for()
    made = Segment.objects.get()
    assert made.definition == {"all": [{"trait": "country", "op": "is", "value": "RW"}]}


def test_enter_in_a_field_takes_nothing_out(builder: Any) -> None:
    builder.select_option('[name="r_0.trait"]', "name")
    builder.fill('[name="r_0.value"]', "Person 2")
    builder.press('[name="r_0.value"]', "Enter")
    builder.wait_for_load_state()
    counts(builder, 1)
    assert builder.locator('[name="r_0.value"]').input_value() == "Person 2" and not Segment.objects.exists()


def test_going_to_a_person_and_back_keeps_the_conditions(builder: Any) -> None:
    country_is(builder, "KE")
    builder.fill('[name="name"]', "Kenyans")
    counts(builder, 2)
    builder.locator(".faces a").first.click()
    builder.get_by_role("heading", name="Person").wait_for()
    builder.go_back()
    says(builder, "Customers whose country is “Kenya”.")
    assert builder.locator('[name="r_0.value"]').input_value() == "KE"
    assert builder.locator('[name="name"]').input_value() == "Kenyans"
    builder.reload()
    says(builder, "Customers whose country is “Kenya”.")


def test_two_tabs_do_not_share_what_is_being_edited(builder: Any, live: Any) -> None:
    country_is(builder, "KE")
    counts(builder, 2)
    other = builder.context.new_page()
    other.goto(live.url + NEW)
    other.locator("#preview", has_text="Complete a condition").wait_for()
    assert other.locator('[name="r_0.trait"]').input_value() == ""
    country_is(other, "RW")
    counts(other, 3)
    counts(builder, 2)


def test_rows_are_added_and_taken_out_by_keyboard_alone(builder: Any) -> None:
    button = builder.get_by_role("button", name="Group", exact=True)
    button.focus()
    builder.keyboard.press("Enter")
    builder.locator("#r_1_0").wait_for()
    assert focused(builder) == "r_1_0.kind"
    out = builder.locator("#r_1").get_by_role("button", name="Take out this group")
    out.focus()
    builder.keyboard.press("Space")
    builder.locator("#r_1").wait_for(state="detached")
    assert builder.locator("#r_0").count() == 1
    assert builder.get_by_role("button", name="Put it back").evaluate("(it) => it === document.activeElement")
    builder.keyboard.press("Enter")
    builder.locator("#r_1_0").wait_for()
    builder.wait_for_function("document.activeElement.id === 'r_1.is'")


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_a_condition_is_made_with_the_keys_alone(builder: Any) -> None:
    builder.locator('[name="r_0.kind"]').focus()
    builder.keyboard.press("Tab")
    builder.keyboard.press("c")
    builder.locator('[name="r_0.value"]').wait_for()
    assert focused(builder) == "r_0.trait"
    builder.keyboard.press("Tab")
    builder.keyboard.press("ArrowDown")
    builder.keyboard.press("ArrowDown")
    builder.locator('[name="r_0.add"]').wait_for()
    assert focused(builder) == "r_0.op"
    builder.keyboard.press("Tab")
    builder.keyboard.press("z")
    builder.get_by_role("checkbox", name="Zambia").wait_for()
    assert focused(builder) == "r_0.add"
    told = "0 of 5 customers. Customers whose country is one of “Zambia”."
    builder.get_by_role("status").filter(has_text=told).wait_for()


def test_what_the_keys_pass_on_the_way_is_not_chosen(builder: Any) -> None:
    builder.select_option('[name="r_0.trait"]', "country")
    builder.select_option('[name="r_0.op"]', "in")
    adds = builder.locator('[name="r_0.add"]')
    adds.wait_for()
    meant = adds.locator("option").nth(2).inner_text()
    builder.clock.install()
    adds.focus()
    builder.keyboard.press("ArrowDown")
    builder.keyboard.press("ArrowDown")
    builder.clock.run_for(1000)
    builder.locator(".pick").wait_for()
    assert builder.locator(".pick").all_inner_texts() == [meant]


def test_what_is_typed_while_the_rows_are_drawn_anew_stays(builder: Any) -> None:
    builder.select_option('[name="r_0.trait"]', "name")
    builder.locator('[name="r_0.value"]').wait_for()
    held = []
    builder.route(f"**{NEW}", lambda route: held.append(route))
    with builder.expect_request(f"**{NEW}"):
        builder.select_option('[name="r_0.op"]', "starts_with")
    builder.locator('[name="r_0.value"]').press_sequentially("Person 1")
    with builder.expect_response(f"**{NEW}"):
        held[0].continue_()
    builder.unroute(f"**{NEW}")
    says(builder, "name starts with “Person 1”")
    assert builder.locator('[name="r_0.value"]').input_value() == "Person 1" and focused(builder) == "r_0.value"


def test_nothing_that_was_changed_since_is_undone(builder: Any) -> None:
    builder.select_option('[name="r_0.trait"]', "name")
    builder.get_by_role("button", name="Condition", exact=True).click()
    builder.locator("#r_1").wait_for()
    builder.locator("#r_1").get_by_role("button", name="Take out this condition").click()
    builder.get_by_role("button", name="Put it back").wait_for()
    builder.fill('[name="r_0.value"]', "Person 1")
    assert builder.get_by_role("button", name="Put it back").count() == 0


def test_what_was_taken_out_is_put_back(builder: Any) -> None:
    country_is(builder, "KE")
    builder.fill('[name="name"]', "Kenyans")
    counts(builder, 2)
    builder.get_by_role("button", name="Take out this condition").click()
    builder.locator("#r_0").wait_for(state="detached")
    builder.get_by_role("button", name="Put it back").click()
    says(builder, "Customers whose country is “Kenya”.")
    counts(builder, 2)
    assert builder.get_by_role("button", name="Put it back").count() == 0
    assert builder.locator('[name="name"]').input_value() == "Kenyans"


def test_countries_are_ticked_one_by_one(builder: Any) -> None:
    builder.select_option('[name="r_0.trait"]', "country")
    builder.select_option('[name="r_0.op"]', "in")
    builder.select_option('[name="r_0.add"]', "KE")
    builder.get_by_role("checkbox", name="Kenya").wait_for()
    builder.select_option('[name="r_0.add"]', "RW")
    counts(builder, 5)
    builder.get_by_role("checkbox", name="Kenya").uncheck()
    says(builder, "Customers whose country is one of “Rwanda”.")
    counts(builder, 3)
    assert accessibility(builder) == []


def test_what_the_server_does_not_answer_is_told_of_until_it_does(builder: Any) -> None:
    country_is(builder, "RW")
    counts(builder, 3)
    failed = builder.get_by_text("The server did not answer")
    builder.route("**/segments/preview/", lambda route: route.fulfill(status=503))
    builder.select_option('[name="r_0.value"]', "KE")
    failed.wait_for()
    builder.unroute("**/segments/preview/")
    builder.select_option('[name="r_0.op"]', "is_not")
    counts(builder, 3)
    failed.wait_for(state="detached")


def test_whoever_is_signed_out_meanwhile_finds_the_conditions_again(live: Any, page: Any) -> None:
    user = User.objects.create_user("amina@example.test", "a long enough secret", role="owner")
    live.sign_in(page, user)
    page.goto(live.url + NEW)
    country_is(page, "KE")
    page.fill('[name="name"]', "Kenyans")
    says(page, "Customers whose country is “Kenya”.")
    page.context.clear_cookies(name="sessionid")
    page.select_option('[name="r_0.op"]', "is_not")
    page.get_by_text("You were signed out meanwhile").wait_for()
    page.get_by_label("E-mail").fill("amina@example.test")
    page.get_by_label("Password").fill("a long enough secret")
    page.get_by_role("button", name="Sign in", exact=True).click()
    says(page, "Customers whose country is not “Kenya”.")
    assert page.locator('[name="name"]').input_value() == "Kenyans"
