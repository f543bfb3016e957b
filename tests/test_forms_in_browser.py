"""Forms on the sample storefront, in a real Chromium, under the storefront's own content security policy."""

from typing import Any

import pytest

from karibu.collect.actions import create_source
from karibu.collect.drain import drain_all
from karibu.config.browser import accessibility, look
from karibu.consents.models import Consent
from karibu.customers.models import Customer, Identity
from karibu.demo.catalogue import SHOP_NAME
from karibu.growth import actions, counting
from karibu.growth.models import Answer, SignUp

pytestmark = pytest.mark.browser
WORDS = {"heading": "First to know", "text": "Once a month.", "button": "Sign up", "thanks": "Look there."}


@pytest.fixture
def form(live: Any) -> SignUp:
    create_source(SHOP_NAME)
    known = {"name": "Letters", "slug": "letters", "wording": "Yes, write to me.", "topics": ["offers"]}
    made = SignUp(**known, versions=[{"key": "a", **WORDS}], fields=["first_name", "city"])
    actions.save(made, by="test")
    actions.publish(made, True, by="test")
    return made


def set_up(form: SignUp, **changes: Any) -> None:
    SignUp.objects.filter(pk=form.pk).update(**changes)


def fill(page: Any) -> None:
    page.get_by_role("textbox", name="E-mail").last.fill("amina@example.com")
    page.get_by_role("textbox", name="First name").last.fill("Amina")
    page.get_by_role("checkbox", name="Yes, write to me.").check()
    page.get_by_role("button", name="Sign up").click()
    page.get_by_text("Look there.").wait_for()


def test_a_full_cart_brings_the_form_and_its_answer_joins_the_visitors_history(live: Any, page: Any, form: Any) -> None:
    set_up(form, shows="cart", threshold=20)
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.goto(f"{live.url}/shop/products/kiondo-bag/")
    assert page.get_by_role("dialog").count() == 0
    page.get_by_role("button", name="Put into the cart").click()
    dialog = page.get_by_role("dialog", name="First to know")
    dialog.wait_for()
    assert page.get_by_role("textbox", name="City").count() == 0  # one question at a time
    look(page, "form-popup")
    assert not accessibility(page)
    fill(page)
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.evaluate("karibu.flush(true)")
    page.wait_for_timeout(700)
    drain_all()
    person = Customer.objects.get(email="amina@example.com")
    assert Answer.objects.get().customer_id == person.pk and Consent.objects.get().status == "pending"
    visitor = page.evaluate("karibu.id()")
    assert Identity.objects.filter(customer_id=person.pk, value=visitor).exists()
    assert counting.tallies(form) == [counting.Tally("a", 1, 1)]
    page.get_by_role("button", name="Put into the cart").click()
    page.wait_for_timeout(300)
    assert page.get_by_role("dialog").count() == 0 and said == []


@pytest.mark.parametrize(("shows", "threshold"), [("seconds", 1), ("scroll", 60), ("exit", 0)])
def test_it_pops_up_when_it_is_told_to_and_not_again_once_shut(
    live: Any, page: Any, form: Any, shows: str, threshold: int
) -> None:
    set_up(form, shows=shows, threshold=threshold)
    with page.expect_response("**/forms/live.json*"):
        page.goto(f"{live.url}/shop/")
    page.wait_for_timeout(200)
    if shows == "scroll":
        assert page.get_by_role("dialog").count() == 0
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    elif shows == "exit":
        page.evaluate("document.documentElement.dispatchEvent(new MouseEvent('mouseleave', {clientY: -1}))")
    page.get_by_role("dialog").wait_for()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.evaluate("document.documentElement.dispatchEvent(new MouseEvent('mouseleave', {clientY: -1}))")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_timeout(1300 if shows == "seconds" else 300)
    assert page.get_by_role("dialog").count() == 0


def test_one_that_stands_in_a_page_asks_for_the_next_unknown_thing(live: Any, page: Any, form: Any) -> None:
    place = "const p = document.createElement('div'); p.dataset.karibuForm = 'letters'; document.body.prepend(p)"
    page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {place} }})")
    page.goto(f"{live.url}/shop/?utm_source=fair")
    page.get_by_role("heading", name="First to know").wait_for()
    fill(page)
    page.reload()
    page.get_by_role("textbox", name="City").wait_for()
    assert page.get_by_role("textbox", name="First name").count() <= 1  # the storefront has one of its own
    drain_all()
    assert Answer.objects.get().utm_source == "fair"


def test_the_landing_page_is_usable_by_everyone(live: Any, page: Any, form: Any) -> None:
    page.goto(f"{live.url}/p/letters/?utm_source=fair")
    look(page, "landing-page")
    assert not accessibility(page)
    page.get_by_role("textbox", name="E-mail").fill("amina@example.com")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Sign up").click()
    page.get_by_text("Look there.").wait_for()
    drain_all()
    assert Answer.objects.get().utm_source == "fair"
    assert [one.views for one in counting.tallies(form)] == [1]
