"""The editor in a real Chromium: blocks without code, a preview that follows, a test mail that arrives."""

import email
from email.policy import default
from typing import Any

import pytest

from karibu.config.browser import accessibility, look
from karibu.messages import wording
from karibu.messages.blocks.kinds import KINDS
from karibu.messages.models import Mail, Message, Template, Untold
from karibu.messages.tests.cast import a_cart, a_person, the_shop

pytestmark = pytest.mark.browser


@pytest.fixture
def editor(live: Any, page: Any) -> Any:
    """The page of a template with a heading, a text and a footer; Aline has a cart."""
    the_shop()
    a_cart(a_person("aline"))
    start = [KINDS[kind].start() for kind in ("heading", "text", "footer")]
    wording.create("spring", "Spring", start, by="a test", subject="Spring is here")
    live.sign_in(page)
    page.goto(f"{live.url}/messages/templates/spring/")
    return page


def mail(page: Any) -> Any:
    return page.frame_locator(".preview__frame")


def kinds(page: Any) -> list[str]:
    return [field.get_attribute("value") for field in page.locator("#blocks [name$='.kind']").all()]


def add(page: Any, label: str) -> None:
    before = len(kinds(page))
    page.get_by_text("Add a block").click()
    page.get_by_role("button", name=label, exact=True).click()
    page.locator(f"#block-{before}").wait_for()


def test_a_block_is_added_written_moved_and_seen_at_once(editor: Any) -> None:
    add(editor, "Button")
    assert kinds(editor) == ["heading", "text", "button", "footer"]
    editor.fill('[name="b2.label"]', "See the mugs")
    mail(editor).get_by_role("link", name="See the mugs").wait_for()
    editor.get_by_role("button", name="Move Button up").click()
    editor.locator('#block-1 [name="b1.kind"][value="button"]').wait_for(state="attached")
    assert kinds(editor) == ["heading", "button", "text", "footer"]
    editor.get_by_role("button", name="Undo").click()
    editor.locator('#block-2 [name="b2.kind"][value="button"]').wait_for(state="attached")
    assert editor.locator('[name="b2.label"]').input_value() == "See the mugs"
    editor.get_by_role("button", name="Save template").last.click()
    editor.get_by_text("The template is saved").wait_for()
    made = Template.objects.get(key="spring")
    assert [block["kind"] for block in made.blocks] == ["heading", "text", "button", "footer"]
    assert made.version == 2 and "See the mugs: " in made.text
    assert accessibility(editor) == []
    look(editor, "editor")


def test_it_is_shown_as_aline_would_see_it_on_a_phone_in_the_dark_and_as_text(editor: Any) -> None:
    editor.fill('[name="b1.text"]', "Dear {{ customer.first_name }}, {{ cart.value | money: cart.currency }}")
    mail(editor).get_by_text("Dear Amina, 59.40 USD").wait_for()
    editor.select_option("#preview-as", label="Aline")
    mail(editor).get_by_text("Dear Aline, 25.00 USD").wait_for()
    editor.get_by_role("radio", name="Phone").check()
    editor.locator(".preview__frame--phone").wait_for()
    editor.get_by_role("radio", name="Dark").check()
    editor.locator('.preview__frame[src*="dark=1"]').wait_for()
    words = mail(editor).locator(".ink div").first
    words.wait_for()
    assert words.evaluate("it => getComputedStyle(it).color") == "rgb(243, 236, 230)"
    editor.get_by_role("radio", name="Plain text").check()
    editor.locator(".preview__text", has_text="Dear Aline").wait_for()


def test_a_test_mail_arrives_and_is_a_row_that_says_so(editor: Any) -> None:
    editor.fill('[name="subject"]', "Mugs for {{ customer.first_name }}")
    editor.get_by_role("button", name="Send a test to me").click()
    editor.locator(".tests", has_text="Sent to owner@example.test").wait_for()
    arrived = Mail.objects.get()
    assert (arrived.recipient, arrived.subject) == ("owner@example.test", "[Test] Mugs for Amina")
    parts = [part.get_content_type() for part in email.message_from_bytes(arrived.raw, policy=default).walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]
    row = Message.objects.get()
    assert (row.sender, row.customer_id, row.is_marketing, row.status) == ("test", 0, False, "sent")
    assert arrived.message_id == row.pk and Template.objects.get().subject == "Spring is here"
    assert not Untold.objects.exists()  # no customer's history has it


def test_what_is_amiss_stands_beside_the_preview_while_one_writes(editor: Any) -> None:
    editor.fill('[name="b1.text"]', "Hello {{ custmer.first_name }}")
    editor.locator(".findings", has_text="No fact is called “custmer.first_name”").wait_for()
    editor.fill('[name="b1.text"]', "{% if %}")
    editor.locator(".preview .notice", has_text="body: Line").wait_for()
    editor.fill('[name="b1.text"]', "Hello")
    mail(editor).get_by_text("Hello").wait_for()


def test_a_translation_is_begun_as_a_copy_and_read_by_those_who_speak_it(editor: Any) -> None:
    editor.select_option("#add-language", "sw")
    editor.get_by_role("button", name="Language").click()
    editor.get_by_text("(not saved yet)").wait_for()
    editor.fill('[name="subject"]', "Masika")
    editor.fill('[name="b0.text"]', "Masika yamefika")
    mail(editor).get_by_text("Masika yamefika").wait_for()
    editor.get_by_role("button", name="Save template").last.click()
    editor.get_by_text("The template is saved").wait_for()
    template = Template.objects.get()
    assert template.subject == "Spring is here" and template.wordings.get(language="sw").subject == "Masika"


def test_a_picture_is_brought_in_and_shown_with_what_it_shows(editor: Any, tmp_path: Any) -> None:
    file = tmp_path / "mug.gif"
    file.write_bytes(
        b"GIF89a\x28\x00\x28\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x28\x00\x28\x00\x00\x02\x00\x3b"
    )
    add(editor, "Picture")
    editor.set_input_files('[id="b2.url-file"]', str(file))
    editor.get_by_text("Brought in, 40 × 40 pixels.").wait_for()
    editor.locator(".findings", has_text="says nothing to who cannot see it").wait_for()
    assert "/m/p/" in editor.locator('[name="b2.url"]').input_value()
    editor.fill('[name="b2.alt"]', "A blue mug")
    mail(editor).get_by_alt_text("A blue mug").wait_for(state="attached")
