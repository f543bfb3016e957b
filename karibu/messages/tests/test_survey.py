"""A survey behind a message's link: answered by people, never by scanners, and known to journeys and segments."""

import re
from typing import Any

import pytest
from django.test import Client

from karibu.collect.drain import drain_all
from karibu.collect.models import InboxRow
from karibu.customers import timeline
from karibu.customers.models import Customer, Identity
from karibu.events import log
from karibu.messages import content, facts, starters, survey, tokens
from karibu.messages.models import Message, Template
from karibu.messages.tests.cast import a_person, the_shop, wants

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture
def message() -> Message:
    the_shop()
    person = a_person()
    known = {"source": "x", "evidence": "x", "first_seen": person.created_at}
    Identity.objects.create(kind="email", value=person.email, customer_id=person.pk, **known)
    return wants(person)


def address(message: Message, position: int = 0) -> str:
    return f"/m/s/{tokens.sign(tokens.SURVEY, message.pk, position)}"


def number_of(page: str) -> str:
    found = re.search(r'name="number" value="([0-9a-f]{32})"', page)
    assert found
    return found[1]


def fill_in(message: Message, score: int | str, text: str = "", position: int = 0, number: str = "") -> Any:
    number = number or number_of(Client().get(address(message, position)).content.decode())
    return Client().post(address(message, position), {"score": score, "text": text, "number": number})


def answers() -> list[dict[str, Any]]:
    drain_all()
    rows = log.query("SELECT customer, properties FROM events WHERE name = 'Survey Answered' ORDER BY time, message_id")
    return rows.to_pylist()


def test_an_answer_is_an_event_of_the_person_with_its_score(message):
    page = fill_in(message, 9, "Quick\0 and kind", position=0)
    assert page.status_code == 200 and survey.words("en")["thanks"] in page.content.decode()
    [answered] = answers()
    assert answered["customer"] == message.customer_id
    for said in (
        '"scale":"score"',
        '"score":9',
        '"most":10',
        '"text":"Quick and kind"',
        f'"sender":"{message.sender}"',
    ):
        assert said in answered["properties"].replace('": ', '":')
    [row] = [row for row in timeline.read([message.customer_id]) if "Answered" in row.sentence]
    assert row.sentence == "Answered <strong>9</strong> of 10: “Quick and kind”"


def test_following_every_link_answers_nothing(message):
    for method in ("get", "head"):
        for n in range(11):
            answer = getattr(Client(), method)(f"{address(message)}?n={n}")
            assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    assert not InboxRow.objects.exists() and answers() == []


def test_the_number_of_the_link_is_chosen_already(message):
    page = Client().get(f"{address(message)}?n=7").content.decode()
    assert re.findall(r'value="(\d+)" required checked', page) == ["7"]


def test_a_page_sent_twice_is_one_answer_and_one_opened_again_is_another(message):
    number = number_of(Client().get(address(message)).content.decode())
    for _ in range(2):
        assert fill_in(message, 3, number=number).status_code == 200
    assert fill_in(message, 10).status_code == 200
    assert len(answers()) == 2


@pytest.mark.parametrize(
    ("score", "position"), [("", 0), ("11", 0), ("-1", 0), ("many", 0), ("0", 1), ("6", 1), ("9" * 5000, 0)]
)
def test_what_is_no_answer_is_not_kept_and_the_page_says_so(message, score, position):
    page = fill_in(message, score, "my words", position=position)
    assert page.status_code == 422 and "my words" in page.content.decode()
    assert answers() == []


def test_no_other_word_opens_it_and_one_person_cannot_answer_without_end(message):
    for word in (tokens.sign(tokens.VIEW, message.pk), tokens.sign(tokens.SURVEY, message.pk + 1), "a" * 22):
        assert Client().get(f"/m/s/{word}").status_code == 404
    assert Client().get(address(message, 2)).status_code == 404
    assert [fill_in(message, n).status_code for n in range(7)] == [200] * 5 + [429] * 2
    assert len(answers()) == 5


def test_who_was_erased_is_asked_nothing(message):
    Customer.objects.update(erased_at=message.created_at)
    assert Client().get(address(message)).status_code == 404
    assert Client().post(address(message), {"score": 3, "number": "0" * 32}).status_code == 404
    assert answers() == []


@pytest.mark.parametrize("language", ["en", *starters.LANGUAGES])
def test_it_is_asked_in_the_persons_language(message, language):
    Customer.objects.update(language=f"{language}-XX")
    said = survey.words(language)
    assert said.keys() == survey.words("en").keys() and (language == "en" or said != survey.words("en"))
    for position, scale in enumerate(survey.SCALES):
        page = Client().get(address(message, position)).content.decode()
        assert f"<h1>{said[scale]}</h1>" in page and said["send"] in page


def test_the_mail_links_each_number_to_the_page(message):
    starters.plant("nps", "review-request")
    for key, position, last in (("nps", 0, "?n=10"), ("review-request", 1, "")):
        form = content.compiled(Template.objects.get(key=key).pk, 1)
        known = facts.gather([message], {message.customer_id: Customer.objects.get()})[message.pk]
        said = content.render_tracked(form, known, message.pk)
        assert any(link.endswith(f"{address(message, position)}{last}") for link in said.links), said.links
        assert address(message, position) in said.text or "/m/c/" in said.text
