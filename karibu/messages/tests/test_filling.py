# ruff: noqa: E501 - a template a line
"""A template's own function prints what the library prints, for every tag, expression and filter that it knows."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid import BoundTemplate

from karibu.messages import filling, printing
from karibu.messages.sandbox import HTML, TEXT, LiquidError

FACTS = {
    "name": "Eve <b>&",
    "empty": "",
    "none": None,
    "yes": True,
    "no": False,
    "n": 3,
    "price": Decimal("14.70"),
    "list": ["a", "<i>", 3, None, ["x", "y"]],
    "items": [{"name": f"i{n}", "n": n, "tags": ["p", "q"]} for n in range(5)],
    "person": {"first_name": "Amina", "size": "M", "address": {"city": "Kigali"}, "key": "city"},
}
SAME = [
    "{{ name }} {{ empty }} {{ none }} {{ yes }} {{ n }} {{ price }} {{ list }} {{ person.first_name }} {{ nobody }}",
    "{{ person.address.city }} {{ person.address[person.key] }} {{ person['first_name'] }} {{ nobody.a.b.c }} {{ n.x }}",
    "{{ list.size }} {{ list.first }} {{ list.last }} {{ list[1] }} {{ list[99] }} {{ name.size }} {{ name.first }}",
    "{{ person.size }} {{ person.address.size }} {{ items[1].name }} {{ items[-1].n }} {{ nobody.size }}",
    "{{ 'a<b' }} {{ 1.5 }} {{ true }} {{ nil }} {{ (1..4) }} {{ (n..1) }} {{ (1..n) | join: '-' }}",
    "{{ name | upcase }} {{ name | default: 'x' }} {{ empty | default: '<x>' }} {{ no | default: 1, allow_false: true }}",
    "{{ price | money: 'USD' }} {{ n | plus: 4 | times: 2 }} {{ list | join: ', ' }} {{ name | escape }} {{ name | size }}",
    "{{ items | map: 'name' | join: '/' }} {{ items | where: 'n', 2 | map: 'name' }} {{ name | truncate: 4, '<' }}",
    "{% if yes and n > 2 %}a{% elsif nobody %}b{% else %}c{% endif %}{% unless no or none %}d{% else %}e{% endunless %}",
    "{% if n == 3 %}1{% endif %}{% if n != 3 %}2{% endif %}{% if n >= 3 %}3{% endif %}{% if n <= 2 %}4{% endif %}",
    "{% if name contains 'Eve' %}1{% endif %}{% if list contains 'a' %}2{% endif %}{% if nobody contains 'a' %}3{% endif %}",
    "{% if empty == blank %}1{% endif %}{% if list == empty %}2{% endif %}{% if nobody == nil %}3{% endif %}"
    "{% if yes == true %}4{% endif %}{% if n < 4 %}5{% endif %}{% if nobody < 4 %}6{% endif %}",
    "{% for i in items %}{{ i.name }}{{ forloop.index }}{% if forloop.last %}!{% endif %},{% endfor %}",
    "{% for i in items limit: 2 offset: 1 %}{{ i.n }}{% endfor %}|{% for i in items reversed limit: n %}{{ i.n }}{% endfor %}",
    "{% for i in nobody %}x{% else %}none{% endfor %}{% for c in name %}{{ c }}{% endfor %}{% for p in person %}{{ p[0] }}{% endfor %}",
    "{% for i in items %}{% for t in i.tags %}{{ t }}{{ forloop.parentloop.index }}{% endfor %}{% endfor %}{{ i }}",
    "{% for i in items %}{% if i.n == 1 %}{% continue %}{% endif %}{% if i.n == 3 %}{% break %}{% endif %}{{ i.n }}{% endfor %}",
    "{% assign x = 'a' %}{% for x in items limit: 1 %}{% assign x = 'b' %}{{ x.name }}{% endfor %}{{ x }}",
    "{% assign name = name | upcase %}{{ name }}{% capture c %}<u>{{ name }}</u>{% endcapture %}{{ c }}{{ c | size }}",
    "{% if yes %}   {% endif %}|{% if yes %} {% assign q = 1 %} {% endif %}{{ q }}|{% for i in items %} \n {% endfor %}|",
    "{% comment %}{{ name }}{% endcomment %}{% raw %}{{ name }}{% endraw %}{%- if yes -%} a {%- endif -%} b",
    "{{ list | first }} {{ items | first | size }} {{ 'a,b' | split: ',' | last }} {{ n | divided_by: 2 }} {{ n | append: 'x' }}",
    "{% for i in (1..3) %}{{ i }}{% endfor %}{% for i in (n..9) limit: 2 %}{{ i }}{% endfor %}",
    "{{ '2026-11-26' | date: '%d.%m.%Y' }} {{ nobody | date: '%d' }} {{ name | strip_html | newline_to_br }}",
]
WITHOUT = [
    "{% cycle 'a', 'b' %}",
    "{% case n %}{% when 3 %}three{% endcase %}",
    "{% increment q %}",
    "{{ 'now' }}{{ now }}",
]


def by_library(template: BoundTemplate, facts: dict) -> str:
    return BoundTemplate.render(template, **facts)


@pytest.mark.parametrize("source", SAME)
@pytest.mark.parametrize("environment", [HTML, TEXT], ids=["html", "text"])
def test_the_function_prints_what_the_library_prints(source, environment):
    template = environment.from_string(source)
    fill = filling.function_of(template)
    assert fill, "this shall not need the library"
    assert fill(FACTS, printing.Run()) == by_library(template, FACTS)


@pytest.mark.parametrize("source", WITHOUT)
def test_what_the_function_does_not_know_is_left_to_the_library(source):
    template = TEXT.from_string(source)
    assert template.fill is None and isinstance(template.render(**FACTS), str)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("a<&'\" \n", max_size=4) | st.decimals(-99, 99, places=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["n", "size", "first", "x"]), inner),
    max_leaves=6,
)
WHOLE = HTML.from_string(
    "{{ a }}{{ a.n }}{{ a.x.n }}{{ a.size }}{{ a.first }}{{ a.last }}{{ a[0] }}{{ a[b] }}{% if a %}1{% endif %}"
    "{% if a == b %}2{% endif %}{% if a contains 'a' %}3{% endif %}{% for i in a %}{{ i }}{{ i.n }}{% endfor %}"
    "{% for i in a limit: 2 offset: 1 %}{{ i }}{% endfor %}{{ a | default: b | size }}{{ a | money: b }}{{ a | escape }}"
)


@settings(max_examples=150, deadline=None)
@given(a=plain, b=plain)
def test_whatever_the_facts_are_both_say_the_same_or_both_refuse(a, b):
    def said(render) -> str:
        try:
            return render()
        except LiquidError as error:
            return type(error).__name__

    facts = {"a": a, "b": b}
    assert said(lambda: WHOLE.render(**facts)) == said(lambda: by_library(WHOLE, facts))


def test_a_template_writes_no_code():
    for source in ("{{ a['__import__(1)'] }}", "{{ '\"); raise SystemExit #' }}", "'''\n"):
        assert TEXT.from_string(source).render() == by_library(TEXT.from_string(source), {})
    assert HTML.from_string("{{ a.__class__ }}{{ a.keys }}").render(a={"x": 1}) == ""
