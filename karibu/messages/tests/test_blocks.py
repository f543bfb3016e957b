"""Blocks: validated data that becomes MJML and plain text; starters, looks, versions and languages of templates."""

import pytest

from karibu.messages import blocks, content, editing, lint, preview, starters, wording
from karibu.messages.blocks.brand import Look, contrast
from karibu.messages.blocks.kinds import KINDS
from karibu.messages.models import Brand, Template, Version, Wording
from karibu.messages.tests.cast import a_person, the_shop
from karibu.shop.models import Product

pytestmark = pytest.mark.django_db
EVERY = [kind.start() for kind in KINDS.values()]


def made(*some: dict, **fields: object) -> Template:
    return wording.create(str(fields.pop("key", "t")), "T", list(some), by="a test", **{"subject": "Hi", **fields})


def said(template: Template, who: str = "") -> content.Content:
    return preview.show(template, who)


def a_product(number: int = 1, **fields: object) -> Product:
    from django.utils import timezone

    known = {"name": f"Mug {number}", "price": 12, "currency": "USD", "updated_at": timezone.now()}
    more = {"url": f"/p/{number}", "image_url": f"/p/{number}.jpg"}
    return Product.objects.create(product_id=f"p{number}", **{**known, **more, **fields})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_block_can_be_used_as_it_begins(kind):
    the_shop()
    template = made(KINDS[kind].start())
    assert preview.faults(template) == []
    assert "{{" not in said(template).html + said(template).text


def test_all_blocks_together_are_one_mail_with_a_plain_text_part():
    the_shop()
    a_product()
    words = said(made(*EVERY))
    assert "Have a look: https://duka.example/" in words.text and "Clay mug" in words.html
    assert words.html.count("Unsubscribe") == 1 and "prefers-color-scheme: dark" in words.html


def test_what_is_typed_into_a_text_is_shown_as_typed_and_emphasis_is_told_by_stars():
    text = {"kind": "text", "text": "a < b & **bold** *so* [here](https://duka.example/?a=1&b=2)\n\n<script>x</script>"}
    words = said(made(text))
    assert "a &lt; b &amp; <strong>bold</strong> <em>so</em>" in words.html and "&lt;script&gt;" in words.html
    assert 'href="https://duka.example/?a=1&amp;b=2"' in words.html
    assert "a < b & bold so here (https://duka.example/?a=1&b=2)" in words.text


def test_a_value_of_a_person_cannot_break_out_of_a_block():
    the_shop()
    person = a_person("eve")
    type(person).objects.update(name="<img src=x>")
    words = said(made({"kind": "text", "text": "Hello {{ customer.name }}"}), str(person.pk))
    assert "&lt;img src=x&gt;" in words.html and "Hello <img src=x>" in words.text


@pytest.mark.parametrize(
    ("raw", "number", "field"),
    [
        ([{"kind": "no such"}], 0, "kind"),
        (["text"], 0, "kind"),
        ([{"kind": "divider"}, {"kind": "spacer", "height": "9000"}], 1, "height"),
        ([{"kind": "heading", "size": "huge"}], 0, "size"),
        ([{"kind": "text", "text": "x" * 20_001}], 0, "text"),
        ([{"kind": "divider"}] * 101, 0, ""),
    ],
)
def test_a_block_that_cannot_be_kept_names_its_place(raw, number, field):
    with pytest.raises(blocks.BadBlock) as caught:
        blocks.parse(raw)
    assert (caught.value.number, caught.value.field) == (number, field) and caught.value.sentence


def test_chosen_products_are_shown_as_they_are_on_the_day_of_sending():
    the_shop()
    product = a_product(1)
    template = made({"kind": "products", "products": ["p1", "gone"], "layout": "grid", "prices": "on", "title": "Look"})
    assert "12.00 USD" in said(template).html
    product.price = 9
    product.save()
    words = said(template)
    assert (
        "9.00 USD" in words.html and "https://duka.example/p/1.jpg" in words.html and "* Mug 1, 9.00 USD" in words.text
    )


def test_a_list_without_products_leaves_nothing_behind():
    the_shop()
    words = said(made({"kind": "products", "products": ["gone"], "title": "Look"}, {"kind": "text", "text": "End"}))
    assert "Look" not in words.html + words.text and "End" in words.html


@pytest.mark.parametrize("key", starters.keys())
def test_each_starter_reads_well_for_somebody_known_and_for_somebody_unknown(key):
    the_shop(url="https://duka.example/")
    starters.plant(key)
    template = Template.objects.get(key=key)
    errors = [one for one in lint.check(template) if one.severity in (lint.ERROR, lint.WARNING)]
    assert errors == []
    for who in ("", preview.NOBODY):
        words = said(template, who)
        assert words.text and "{" not in words.subject + words.text
        assert words.subject or template.channel != "email"
        assert not any(hole in words.subject + words.text for hole in (" ,", "  ", "None", " ?", " !"))


def test_a_starter_of_ours_becomes_the_shops_own_and_can_be_had_back():
    starters.plant("welcome")
    template = Template.objects.get(key="welcome")
    assert template.blocks and template.blocks[0]["kind"] == "heading"
    template.subject = "Mine"
    template.save()
    starters.plant("welcome")
    assert Template.objects.get(key="welcome").subject == "Mine"


def test_new_looks_reach_every_template_of_blocks_and_none_written_by_hand():
    template, raw = made(KINDS["button"].start()), Template.objects.create(key="raw", name="R", subject="s", body="b")
    Brand.objects.create(pk=1, accent="#112233", buttons="round", logo_url="https://duka.example/logo.png")
    assert wording.rewrite_all("a test") == 1
    template.refresh_from_db()
    raw.refresh_from_db()
    assert "#112233" in template.body and "999px" in template.body and "logo.png" in template.body
    assert template.version == 2 and (raw.body, raw.version) == ("b", 1)


def test_words_on_a_button_can_be_read_on_any_colour():
    for accent in ("#ffffff", "#000000", "#ffcc00", "#b4532f", "#777777"):
        assert contrast(Look(accent=accent).on_accent, accent) >= 4.5


def test_what_a_template_said_is_kept_and_can_be_gone_back_to():
    template = made({"kind": "text", "text": "First"})
    Wording.objects.create(template=template, language="sw", subject="Karibu", body="Mwanzo")
    template.subject = "Second"
    wording.save(template, by="amina")
    version = Version.objects.get()
    assert (version.number, version.by, version.content["subject"]) == (1, "amina", "Hi")
    Wording.objects.all().delete()
    wording.restore(template, version, by="amina")
    back = Template.objects.get()
    assert back.subject == "Hi" and back.wordings.get().subject == "Karibu" and Version.objects.count() == 2
    assert content.compiled(back.pk, back.version).others["sw"]


def posted(*some: dict) -> dict[str, str]:
    return {f"b{n}.{name}": str(value) for n, block in enumerate(some) for name, value in block.items()}


def test_blocks_are_added_moved_copied_taken_out_and_each_deed_is_undone():
    sheet = editing.posted(posted({"kind": "heading", "text": "A"}, {"kind": "text", "text": "B"}, {"kind": "footer"}))
    kinds = lambda one: [block["kind"] for block in one.blocks]  # noqa: E731
    assert kinds(editing.do(sheet, "add:button")) == ["heading", "text", "button", "footer"]
    assert kinds(editing.do(sheet, "down:0")) == ["text", "heading", "footer"]
    assert kinds(editing.do(sheet, "up:1")) == ["text", "heading", "footer"]
    assert kinds(editing.do(sheet, "copy:1")) == ["heading", "text", "text", "footer"]
    gone = editing.do(editing.do(sheet, "remove:0"), "remove:0")
    assert kinds(gone) == ["footer"]
    assert kinds(editing.do(gone, "undo")) == ["text", "footer"]
    assert editing.do(editing.do(gone, "undo"), "undo").blocks == sheet.blocks
    for nonsense in ("up:0", "down:2", "remove:9", "remove:x", "add:nothing", "undo", "what:1"):
        assert kinds(editing.do(sheet, nonsense)) == kinds(sheet)


def test_a_field_that_cannot_be_read_keeps_what_was_typed_and_says_why():
    sheet = editing.posted(posted({"kind": "spacer", "height": "tall"}))
    assert sheet.blocks[0]["height"] == "tall" and "whole number" in sheet.faults["0.height"]


def test_a_footer_lets_people_leave_marketing_and_says_nothing_of_it_in_a_receipt():
    the_shop()
    marketing, receipt = made(KINDS["footer"].start()), made(KINDS["footer"].start(), key="r", is_marketing=False)
    for template, ways in ((marketing, 1), (receipt, 0)):
        facts = {**preview.example(template), "preferences_url": "https://duka.example/m/w/1"}
        words = content.render_tracked(content.compile_template(template), facts, 7)
        assert words.html.count("/m/u/") == words.text.count("/m/u/") == ways
        assert words.html.count("/m/w/") == ways and words.html.count("/m/v/") == words.text.count("/m/v/") == 1
