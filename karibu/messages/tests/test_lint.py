# ruff: noqa: E501
"""The linter points at what an experienced mail writer would, and at nothing else."""

import shutil

import pytest

from karibu.config.testing import missing
from karibu.messages import lint, pictures, preview
from karibu.messages.models import Template
from karibu.messages.tests.cast import the_shop

pytestmark = pytest.mark.django_db
GOOD = "<p>Hello, we have new mugs from Kigali, made by hand and fired twice, in four colours. " + "Come and see. " * 9
END = ' <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>'


def found(body: str = "", subject: str = "New mugs", **fields: object) -> list[str]:
    the_shop(**fields.pop("shop", {}))
    template = Template(key="t", name="T", subject=subject, body=GOOD + body + END, **fields)
    return [f"{one.severity} {one.where}: {one.sentence}" for one in lint.check(template) if one.severity != "hint"]


def test_a_good_mail_has_no_findings():
    assert found() == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"subject": ""}, "error subject: The subject is empty."),
        ({"subject": "BUY OUR MUGS TODAY"}, "warning subject: The subject shouts"),
        ({"subject": "Mugs!! now"}, "warning subject: More than one exclamation mark"),
        ({"subject": "Act now: mugs"}, "warning body: Words that filters know from spam: “act now”"),
        ({"body": "Clique aqui"}, "“clique aqui”"),
        ({"body": "Bonyeza hapa"}, "“bonyeza hapa”"),
        ({"shop": {"address": ""}}, "error shop: The shop has no postal address"),
        ({"body": "<a href=''>x</a>"}, "error body: A link leads nowhere."),
        ({"body": "<a href='www.duka.example'>x</a>"}, "error body: “www.duka.example” is no whole address"),
        ({"body": "<a href='http://other.example/'>x</a>"}, "warning body: “http://other.example/” is not encrypted."),
        ({"body": "<a href='http://localhost:99/'>x</a>"}, "error body: “http://localhost:99/” works on this machine"),
        ({"body": "<img src='https://a.example/x.png' width='9'>"}, "warning body: The picture “x.png” says nothing"),
        ({"body": "<img src='https://a.example/x.png' alt='A mug'>"}, "warning body: The picture “x.png” has no width"),
        ({"body": "x" * 120_000}, "error body: The mail has 12"),
        ({"body": "{{ custmer.first_name }}"}, "warning body: No fact is called “custmer.first_name”."),
        ({"body": "{{ cart.itms }}"}, "No fact is called “cart.itms”."),
        ({"subject": "Hello {{ customer.first_name }}, mugs"}, "reads “Hello ,”"),
        ({"body": "{% if %}"}, "error body: Line 1"),
    ],
)  # fmt: skip
def test_what_is_amiss_is_named_with_its_place(fields, says):
    assert any(says in one for one in found(**fields)), found(**fields)


def test_a_mistyped_name_is_told_the_right_one():
    the_shop()
    [finding] = [
        f
        for f in lint.check(Template(key="t", subject="s", body=GOOD + "{{ cart.curency }}" + END))
        if "curency" in f.sentence
    ]
    assert "cart.currency" in finding.fix


def test_names_that_the_template_makes_itself_are_no_mistake():
    body = "{% assign first = cart.items | first %}{{ first.name }}{% for i in cart.items %}{{ i.name }}{{ forloop.index }}{% endfor %}"
    assert found(body) == []


def test_only_pictures_of_ours_are_weighed_and_nothing_is_fetched():
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + (1200).to_bytes(4, "big") + (800).to_bytes(4, "big")
    heavy = pictures.keep("big mug.png", png + b"\0" * 300_000, by="a test")
    assert (heavy.width, heavy.height, heavy.name) == (1200, 800, "big-mug.png")
    assert any("weighs 300 kB" in one for one in found(f"<img src='{pictures.address(heavy)}' alt='Mug' width='9'>"))
    assert found("<img src='https://elsewhere.example/huge.png' alt='Mug' width='9'>") == []


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"GIF", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_mail_programs_do_not_show_is_not_taken(data):
    with pytest.raises(pictures.Unfit):
        pictures.keep("x.png", data, by="a test")


def test_spamassassin_scores_the_mail_where_it_is_installed():
    if not shutil.which("spamassassin"):
        missing("spamassassin (apt install spamassassin)")
    the_shop()
    good = lint.spam_score(preview.show(Template(key="t", subject="New mugs", body=GOOD + END)))
    assert good is not None and good < 5


def test_without_spamassassin_there_is_no_score(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert lint.spam_score(preview.show(Template(key="t", subject="s", body="b"))) is None
