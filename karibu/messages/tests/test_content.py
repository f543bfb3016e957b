"""What a message says: MJML and Liquid, filled in per person, safe against what is in the data."""

from decimal import Decimal

import pytest

from karibu.messages import content, sandbox, starters, tokens
from karibu.messages.blocks.brand import Look
from karibu.messages.mjml import BadMarkup, compile_mjml
from karibu.messages.models import Template

SHOP = {"name": "Duka", "address": "1 Market Street, Kigali", "url": "https://duka.example/", "currency": "USD"}
ITEMS = [
    {
        "name": "Mug <blue>",
        "price": Decimal("12.5"),
        "quantity": 2,
        "total": Decimal(25),
        "url": "https://duka.example/p/1?a=1&b=2",
    },
    {
        "name": "Basket",
        "price": Decimal(30),
        "quantity": 1,
        "total": Decimal(30),
        "image_url": "https://duka.example/b.jpg",
    },
]
CART = {
    "id": "c1",
    "items": ITEMS,
    "value": Decimal(55),
    "currency": "USD",
    "url": "https://duka.example/cart/?cart=c1",
}
FACTS = {"shop": SHOP, "cart": CART, "customer": {"first_name": "Amina", "name": "Amina Uwase"}}


def a_template(**fields: object) -> Template:
    return Template(**{**starters.read("cart-reminder", Look()), "key": "t", **fields})


def filled(**fields: object) -> content.Content:
    return content.render_tracked(content.compile_template(a_template(**fields)), FACTS, 7)


def test_the_cart_reminder_shows_that_very_cart_with_prices_pictures_and_a_way_back():
    said = filled()
    assert said.subject == "Amina, you left something in your cart"
    for piece in (
        "Mug &lt;blue&gt;",
        "2 × 12.50 USD",
        "25.00 USD",
        "30.00 USD",
        "55.00 USD",
        "https://duka.example/b.jpg",
    ):
        assert piece in said.html
    assert "* Mug <blue> × 2: 25.00 USD" in said.text and "Together: 55.00 USD" in said.text
    assert said.links == ["https://duka.example/p/1?a=1&b=2", "https://duka.example/cart/?cart=c1"]
    assert "{{" not in said.html + said.text and "liquid_" not in said.html


def test_marketing_carries_address_and_unsubscribe_and_transactional_does_not():
    marketing, service = filled(), filled(is_marketing=False)
    unsubscribe = f"/m/u/{tokens.sign(tokens.UNSUBSCRIBE, 7)}"
    assert unsubscribe in marketing.html and unsubscribe in marketing.text
    assert "1 Market Street, Kigali" in marketing.html and "1 Market Street, Kigali" in marketing.text
    assert "/m/u/" not in service.html + service.text


def test_both_classes_have_a_web_view():
    for said in (filled(), filled(is_marketing=False), filled(is_marketing=False, body="Shipped", text="Shipped")):
        view = f"/m/v/{tokens.sign(tokens.VIEW, 7)}"
        assert said.html.count(view) == said.text.count(view) == 1


@pytest.mark.parametrize(
    "body",
    [
        "{% comment %}{{ unsubscribe_url }}{% endcomment %}Hello",
        "{% if nobody %}<a href='{{ unsubscribe_url }}'>no more</a>{% endif %}Hello",
        "<mjml><mj-body><mj-raw><!-- unsubscribe_url --></mj-raw></mj-body></mjml>",
    ],
)
def test_marketing_can_be_left_even_where_its_author_hid_the_link(body):
    said = filled(body=body, text=body if "mjml" not in body else "")
    unsubscribe = f"/m/u/{tokens.sign(tokens.UNSUBSCRIBE, 7)}"
    assert said.html.count(f'{unsubscribe}"') == 1 and said.text.count(unsubscribe) == 1


def test_what_was_meant_as_marketing_can_be_left_though_its_template_has_become_transactional(db):
    template = a_template(is_marketing=False)
    template.save()
    meant = content.render_tracked(content.compiled(template.pk, 1, True), FACTS, 7)
    assert "/m/u/" in meant.html and "/m/u/" in meant.text


def test_an_author_who_places_the_unsubscribe_link_gets_no_second_one():
    body = "<a href='{{ unsubscribe_url }}'>no more</a>"
    assert filled(body=body).html.count("/m/u/") == 1


def test_links_are_led_through_our_redirect_and_the_target_is_not_in_the_address():
    said = filled()
    assert 'href="https://duka.example' not in said.html
    assert (
        f"/m/c/{tokens.sign(tokens.CLICK, 7, 1)}" in said.html
        and f"/m/c/{tokens.sign(tokens.CLICK, 7, 1)}" in said.text
    )
    assert said.html.count(f"/m/o/{tokens.sign(tokens.OPEN, 7)}.gif") == 1


def test_links_that_every_mail_has_are_shared_and_what_came_out_of_liquid_is_its_own():
    target = "https://duka.example/a?b=1&c=2"
    shared, vip = f'<a class="b" href="{target}">a</a>', '<a href="https://duka.example/vip">v</a>'
    own, raw = '<a href="{{ shop.url }}new">n</a>', '{% raw %}<a href="https://duka.example/{{ r }}">r</a>{% endraw %}'
    said = filled(body=f"{{% if vip %}}{vip}{{% endif %}}{own}{shared}{shared}{raw}", text="Hello")
    assert said.shared == (target,)
    assert said.links == [target, "https://duka.example/new", "https://duka.example/{{ r }}"]
    first = f'/m/c/{tokens.sign(tokens.CLICK, 7, 0)}"'
    assert said.html.count(first) == 2 and "{{" not in said.html and "vip" not in said.html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JAVASCRIPT:alert(1)", " javascript:x", "data:text/html,x", "vbscript:x"]
)
def test_a_link_that_is_code_goes_nowhere(url):
    form = content.compile_template(a_template(body='<a href="{{ link }}">x</a>'))
    html = content.render(form, {"link": url, "shop": SHOP}).html
    assert "alert" not in html and "script:" not in html.lower().replace("description", "")


def test_a_value_that_is_missing_prints_nothing():
    form = content.compile_template(
        a_template(subject="Hi {{ nobody.first.name }}!", body="{{ a.b.c | upcase }}", text="")
    )
    said = content.render(form, {})
    assert said.subject == "Hi !" and "a.b.c" not in said.html


def test_a_name_cannot_break_out_of_the_subject_or_into_the_html():
    evil = {"customer": {"first_name": "Eve\r\nBcc: all@example.com\x00<script>x</script>"}, "shop": SHOP}
    said = content.render(content.compile_template(a_template()), evil)
    assert "\n" not in said.subject and "\x00" not in said.subject
    assert "<script" not in said.html


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..100000) %}x{% endfor %}",
        "{{ (1..100000000) | join: '' }}",
        "{% for i in (1..9000) %}{% for j in (1..9000) %}{% endfor %}{% endfor %}",
        "{% for i in (1..9000) %}" + "x" * 100 + "{% endfor %}",
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 30,
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | replace: 'x', a %}" * 9,
    ],
)
def test_a_template_cannot_run_away(source):
    with pytest.raises(sandbox.LiquidError):
        sandbox.HTML.from_string(source).render()


@pytest.mark.parametrize("source", ["{% include 'x' %}", "{% render 'x' %}", "{{ a | safe }}"])
def test_a_template_reaches_no_files_and_cannot_switch_off_escaping(source):
    with pytest.raises(sandbox.LiquidError):
        sandbox.HTML.from_string(source).render(a="<b>")


def test_liquid_may_stand_anywhere_in_mjml_and_compare_with_less_than():
    html = compile_mjml(
        "<mjml><mj-body><mj-raw>{% for s in shops %}</mj-raw><mj-section><mj-column><mj-button href='{{ s.url }}'>"
        '{% if s.n < 3 and s.name != "x" %}few{% endif %}</mj-button></mj-column></mj-section>'
        "<mj-raw>{% endfor %}</mj-raw></mj-body></mjml>"
    )
    assert sandbox.HTML.from_string(html).render(shops=[{"url": "u1", "n": 2}, {"url": "u2", "n": 4}]).count("few") == 1


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("<mjml>\n<mj-body>\n<mj-sektion></mj-sektion></mj-body></mjml>", 3),
        ("<mjml>\n<mj-body>\n<mj-section>\n</mj-body></mjml>", 4),
        ("<mjml>\n<mj-body>{% if a\n %}\n<mj-oops /></mj-body></mjml>", 4),
    ],
)
def test_an_error_in_the_markup_names_its_line(source, line):
    with pytest.raises(BadMarkup) as caught:
        compile_mjml(source)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [("1234.5", "USD", "1,234.50 USD"), (1500, "RWF", "1,500 RWF"), (None, "USD", ""), ("NaN", "", "")],
)
def test_money(value, currency, text):
    assert sandbox.money(value, currency) == text


def test_no_font_or_script_is_fetched_from_strangers():
    html = filled().html
    assert "fonts.googleapis" not in html and "<script" not in html
    assert "prefers-color-scheme: dark" in html and 'name="color-scheme"' in html


def test_the_plain_text_is_derived_where_none_was_written():
    said = filled(text="")
    assert "Mug <blue>" in said.text and "Back to my cart (http" in said.text and "{" not in said.text


def test_a_token_is_good_for_its_purpose_only_and_any_change_spoils_it():
    token = tokens.sign(tokens.CLICK, 12345, 7)
    assert tokens.read(tokens.CLICK, token) == (12345, 7) and len(token) == 22
    assert tokens.read(tokens.UNSUBSCRIBE, token) is None
    for n in range(len(token)):
        spoilt = token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :]
        assert tokens.read(tokens.CLICK, spoilt) is None
    for junk in ("", "a", "ä" * 22, "A" * 22, token * 2):
        assert tokens.read(tokens.CLICK, junk) is None
