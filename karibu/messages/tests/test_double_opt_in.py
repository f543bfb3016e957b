"""A consent that anybody could have stated counts once its address says so, by a POST from a page."""

import email
import email.policy
import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from karibu.collect.actions import create_source, take_in
from karibu.collect.drain import drain_all
from karibu.consents import confirming
from karibu.consents.models import Confirmation, Consent
from karibu.consents.queries import in_force
from karibu.customers.models import Customer
from karibu.messages import send
from karibu.messages.models import Mail, Message
from karibu.messages.tests.cast import a_person, says, the_shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lake")]


def claim(name: str = "amina", *, believed: bool = False, said: object = True) -> Customer:
    """A browser says that this address agreed to e-mail."""
    source = create_source("till" if believed else "site", believes_consents=believed)
    traits = {"email": f"{name}@example.com", "email_consent": said}
    take_in([{"type": "identify", "userId": name, "traits": traits}], source)
    drain_all()
    return Customer.objects.get(email=f"{name}@example.com")


def link() -> str:
    """Where the newest mail leads."""
    send.send_due()
    raw = bytes(Mail.objects.latest("pk").raw).decode()
    found = re.search(r"https?://[^/\s]+(/confirm/[\w=-]+/)", raw.replace("=\r\n", "").replace("=3D", "="))
    assert found, raw
    return found[1]


def test_a_stranger_is_not_written_to_until_they_confirm(client: Client) -> None:
    the_shop()
    person = claim()
    assert in_force([person.pk], "email") == {}
    assert Consent.objects.get().status == "pending"
    page = link()
    client.head(page)
    assert "One more step" in client.get(page).content.decode()
    assert in_force([person.pk], "email") == {}
    answer = client.post(page, REMOTE_ADDR="203.0.113.77", HTTP_USER_AGENT="Firefox")
    assert "Confirmed, thank you" in answer.content.decode()
    assert in_force([person.pk], "email") == {person.pk: "given"}
    given = Consent.objects.get(status="given")
    assert (given.method, given.source, given.strength) == ("double-opt-in", "site", 40)
    assert "203.0.113.0/24; Firefox" in given.evidence and "203.0.113.77" not in given.evidence
    client.post(page)
    assert Consent.objects.count() == 2


@pytest.mark.parametrize(
    ("language", "words", "topic"),
    [
        ("sw", "Ndiyo, nathibitisha", "Ofa"),
        ("rw", "Yego, ndabyemeje", "Poromosiyo"),
        ("xh-ZA", "Ewe, ndiyaqinisekisa", "Izaphulelo"),
        ("pt-BR", "Sim, confirmo", "Promoções"),
        ("fi", "Yes, confirm", "Offers"),
    ],
)
def test_it_is_asked_in_the_persons_language(language: str, words: str, topic: str) -> None:
    the_shop()
    person = a_person(agreed=False, language=language)
    asked = confirming.Asked(customer_id=person.pk, consents=(("email", "offers"),), source="s", wording="I agree")
    confirming.ask([asked], timezone.now())
    send.send_due()
    said = email.message_from_bytes(bytes(Mail.objects.get().raw), policy=email.policy.default)
    for kind in ("plain", "html"):
        part = html.unescape(said.get_body((kind,)).get_content())  # type: ignore[union-attr]
        assert words in part and topic in part and "I agree" in part and "/confirm/" in part


def test_a_source_that_is_believed_needs_no_confirmation_and_a_withdrawal_is_always_believed() -> None:
    person = claim(believed=True)
    assert in_force([person.pk], "email") == {person.pk: "given"}
    claim(said=False)
    assert in_force([person.pk], "email") == {person.pk: "withdrawn"}
    assert not Confirmation.objects.exists() and not Message.objects.exists()


def test_who_agreed_already_is_not_asked_again() -> None:
    the_shop()
    claim(believed=True)
    claim()
    assert not Confirmation.objects.exists() and Consent.objects.count() == 1


def test_nobody_can_be_bombed_whoever_asks() -> None:
    the_shop()
    person = a_person(agreed=False)
    now = timezone.now()
    asked = confirming.Asked(customer_id=person.pk, consents=(("email", "offers"),), source="site")
    assert [len(confirming.ask([asked], now)) for _ in range(20)] == [1] + [0] * 19
    for day in range(1, 30):
        confirming.ask([asked], now + timedelta(days=day))
    assert Message.objects.count() == confirming.PER_MONTH == 5
    assert Confirmation.objects.filter(sent_at=None).count() == 44


def test_an_expired_question_confirms_nothing(client: Client) -> None:
    the_shop()
    person = claim()
    page = link()
    Confirmation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = client.post(page)
    assert answer.status_code == 410 and "expired" in answer.content.decode()
    assert in_force([person.pk], "email") == {}


def test_a_later_withdrawal_stands_against_an_earlier_confirmation_and_other_words_lead_nowhere(client: Client) -> None:
    the_shop()
    person = claim()
    page = link()
    client.post(page)
    says(person, "withdrawn")
    client.post(page)
    assert in_force([person.pk], "email") == {person.pk: "withdrawn"}
    assert client.post("/confirm/AAAA/").status_code == 404


def test_a_phone_number_is_not_vouched_for_by_a_mailbox(client: Client) -> None:
    the_shop()
    traits = {"email": "amina@example.com", "phone": "+250788123456", "email_consent": True, "sms_consent": True}
    take_in([{"type": "identify", "userId": "a", "traits": traits}], create_source("site", believes_consents=False))
    drain_all()
    client.post(link())
    person = Customer.objects.get(email="amina@example.com").pk
    assert in_force([person], "email") == {person: "given"} and in_force([person], "sms") == {}


def test_a_source_of_web_pages_made_in_the_settings_is_doubted_until_the_owner_says_otherwise(client: Client) -> None:
    from karibu.collect.models import Source
    from karibu.web.models import User

    client.force_login(User.objects.create_user("owner@shop.test", role="owner"))
    client.post("/settings/sources/create/", {"name": "Pages", "kind": "web"})
    client.post("/settings/sources/create/", {"name": "Till", "kind": "server"})
    pages = Source.objects.get(name="Pages")
    assert not pages.believes_consents and Source.objects.get(name="Till").believes_consents
    client.get(f"/settings/sources/{pages.pk}/believe/")
    client.post(f"/settings/sources/{pages.pk}/believe/", {"believes": "1"})
    pages.refresh_from_db()
    assert pages.believes_consents
