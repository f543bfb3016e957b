"""One template, many languages: who gets which words, with which numbers and dates."""

from datetime import date
from decimal import Decimal

import pytest

from karibu.messages import content, sandbox, send, wording
from karibu.messages.amounts import money
from karibu.messages.models import Mail, Template, Wording
from karibu.messages.tests.cast import a_person, the_shop, wants

pytestmark = pytest.mark.django_db


@pytest.fixture
def template() -> Template:
    the_shop()
    made = Template.objects.create(
        key="t", name="T", subject="Hello", body="{{ 1234.5 | money: 'EUR' }}", language="en"
    )
    for language, subject in (("pt", "Olá"), ("pt-br", "Oi"), ("sw", "Habari")):
        Wording.objects.create(template=made, language=language, subject=subject, body=made.body)
    return made


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("pt", "Olá"),
        ("pt-BR", "Oi"),
        ("pt_BR", "Oi"),
        ("pt-MZ", "Olá"),
        ("SW", "Habari"),
        ("en-GB", "Hello"),
        ("fr", "Hello"),
        ("", "Hello"),
        (None, "Hello"),
    ],
)
def test_everybody_reads_their_language_or_its_nearest(template, language, subject):
    form = content.compiled(template.pk, template.version)
    assert content.render(form, {"customer": {"language": language}}).subject == subject


def test_numbers_are_written_as_the_words_are():
    form = content.compile_template(Template(key="t", subject="{{ 1234.5 | money: 'EUR' }}", body="x", language="pt"))
    assert content.render(form, {}).subject == "1.234,50 EUR"
    assert money(Decimal("1234.5"), "EUR", "fr").replace("\u202f", " ") == "1 234,50 EUR"
    assert money(Decimal(1500), "RWF", "no such language") == "1,500 RWF"


def test_days_are_written_as_the_words_are():
    day = date(2026, 11, 26).isoformat()
    assert sandbox.text("en").from_string("{{ d | date: 'long' }}").render(d=day) == "26 November 2026"
    assert sandbox.text("pt").from_string("{{ d | date }}").render(d=day) == "26 de novembro de 2026"
    assert sandbox.text("en").from_string("{{ d | date: '%d.%m.%Y' }}|{{ x | date }}").render(d=day) == "26.11.2026|"


def test_two_people_get_one_message_in_two_languages(template):
    for name, language in (("ana", "pt-BR"), ("ben", "en")):
        wants(a_person(name, language=language), template="t", template_key="t")
    assert send.send_due() == 2
    assert sorted(Mail.objects.values_list("subject", flat=True)) == ["Hello", "Oi"]


def test_a_changed_translation_is_what_is_sent_from_then_on(template):
    content.compiled(template.pk, template.version)
    said = template.wordings.get(language="sw")
    said.subject = "Mambo"
    wording.save(template, by="amina", wording=said)
    wants(a_person("juma", language="sw"), template_key="t")
    send.send_due()
    assert Mail.objects.get().subject == "Mambo"
