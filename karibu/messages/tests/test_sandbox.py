"""Templates that loop, grow or ask for too much: bounded far below a second, and one person's row alone fails."""

import time

import pytest

from karibu.messages import content, send
from karibu.messages.actions import Intent, intend
from karibu.messages.models import Mail, Message, Template
from karibu.messages.preview import faults
from karibu.messages.sandbox import HTML, TEXT, LiquidError
from karibu.messages.tests.cast import a_cart, a_person, the_shop, wants

MANY = list(range(3000))
FACTS = {"many": MANY, "s": "a" * 5000, "words": " ".join(["w"] * 5000), "rows": [{"n": n} for n in MANY]}
HOSTILE = {
    "nested loops": "{% for a in many %}{% for b in many %}{% for c in many %}{% endfor %}{% endfor %}{% endfor %}",
    "nested ranges": "{% for a in (1..9999) %}{% for b in (1..9999) %}x{% endfor %}{% endfor %}",
    "a huge range": "{{ (1..999999999) | join: ',' }}",
    "ranges one after the other": "{% for a in (1..9999) %}{% endfor %}" * 100,
    "filters in a loop": "{% for a in many %}{{ words | split: ' ' | sort | reverse | join: ',' | size }}{% endfor %}",
    "a text to letters and back": "{% for a in (1..9999) %}{{ s | split: '' | join: '-' | size }}{% endfor %}",
    "searching in a loop": "{% for a in (1..9000) %}{% assign q = rows | where: 'n', a | size %}{% endfor %}",
    "comparing each with each": "{{ rows | uniq | size }}",
    "long conditions": "{% for a in (1..9999) %}{% if " + " or ".join(["1 == 2"] * 300) + " %}{% endif %}{% endfor %}",
    "many statements in a loop": "{% for a in (1..9999) %}" + "{% assign q = a %}" * 300 + "{% endfor %}",
    "doubling a text": "{% assign x = s %}{% for a in (1..99) %}{% assign x = x | append: x %}{% endfor %}",
    "doubling by capturing": "{% for a in (1..99) %}{% capture x %}{{ x }}{{ x }}{{ s }}{% endcapture %}{% endfor %}",
    "a chain of filters": "{{ s " + "| append: s " * 3000 + "}}",
    "doubling a list": "{% assign x = many %}{% for a in (1..99) %}{% assign x = x | concat: x %}{% endfor %}",
    "replacing each letter by a text": "{{ s | replace: 'a', s | replace: 'a', s }}",
    "squaring a number": "{% assign x = 99 %}{% for a in (1..99) %}{% assign x = x | times: x %}{% endfor %}",
    "printing much": "{% for a in (1..9999) %}{{ s }}{% endfor %}",
    "blocks in blocks": "{% if true %}" * 500 + "{% endif %}" * 500,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("environment", [HTML, TEXT], ids=["html", "text"])
def test_a_template_that_does_too_much_ends_early_with_an_error(name, environment):
    begun = time.thread_time()
    with pytest.raises(LiquidError):
        environment.from_string(HOSTILE[name]).render(**FACTS)
    assert time.thread_time() - begun < 0.9


@pytest.mark.parametrize("amount", ["1e999999999", "1e99999999999999", "-1e400", "NaN", "Infinity", "9" * 5000])
def test_an_amount_that_nobody_pays_is_not_written_out(amount):
    begun = time.thread_time()
    assert TEXT.from_string("{{ x | money: 'USD' }}").render(x=amount) == ""
    assert time.thread_time() - begun < 0.1


def test_a_long_list_and_a_long_text_are_no_fault():
    template = (
        "{% for row in rows %}{{ row.n | plus: 1 | money: 'USD' }} {% endfor %}{{ words | upcase | truncate: 9 }}"
    )
    assert HTML.from_string(template).render(**FACTS).startswith("1.00 USD 2.00 USD")


def test_a_mail_of_unclosed_tags_is_searched_for_links_in_no_time():
    begun = time.thread_time()
    assert content._with_places("<a " * 160_000) and content._led('<a href="' * 50_000, None)
    assert time.thread_time() - begun < 0.5


@pytest.mark.django_db
def test_a_template_that_loops_is_refused_when_it_is_written():
    body = "{% for a in (1..9000) %}{{ (1..9000) | join: ',' | size }}{% endfor %}"
    assert "longer than" in str(faults(Template(key="t", name="T", subject="Hi", body=body)))


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["1e999999999", "1e99999999999999", "-1e400", "NaN", "Infinity"])
def test_a_number_in_a_cart_that_nobody_can_reckon_with_spoils_no_mail(number):
    the_shop()
    person = a_person()
    items = [{"name": "Mug", "price": number, "quantity": 1}, {"name": "Cup", "price": 2, "quantity": number}]
    message = wants(person, cart=a_cart(person, items=items))
    begun = time.thread_time()
    send.send_due()
    message.refresh_from_db()
    assert (message.status, message.detail) == ("sent", "") and time.thread_time() - begun < 1


@pytest.mark.django_db
def test_a_template_that_loops_over_one_persons_long_list_fails_for_that_person_alone():
    the_shop()
    Template.objects.create(
        key="loops",
        name="Loops",
        subject="Hello",
        body="{% for a in seen %}{% for b in seen %}{{ seen | sort | join: ',' | size }}{% endfor %}{% endfor %}done",
    )
    lists = {"amina": [1, 2], "ben": list(range(9000)), "cleo": [], "dan": [3]}
    intents = [
        Intent(key=name, customer_id=a_person(name).pk, template_key="loops", sender="api", context={"seen": seen})
        for name, seen in lists.items()
    ]
    intend(intents)
    begun = time.thread_time()
    assert send.send_due() == 4 and send.send_due() == 0
    assert time.thread_time() - begun < 2
    fates = {m.key: (m.status, m.reason) for m in Message.objects.all()}
    assert fates == {**dict.fromkeys(lists, ("sent", "")), "ben": ("failed", "template_error")}
    assert "loop" in Message.objects.get(key="ben").detail and Mail.objects.count() == 3


def test_a_pause_that_is_not_the_templates_doing_ends_no_mail(monkeypatch):
    pauses = iter([0.0, *[0.5] * 1000])  # half a second goes by at once: garbage is collected
    monkeypatch.setattr("karibu.messages.sandbox.time.thread_time", lambda: next(pauses))
    assert TEXT.from_string("{% for a in (1..50) %}{{ a }}{% endfor %}").render().startswith("123")
