"""The preferences page: reached by a signed link in each mail, in the person's language; each change is a row."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from karibu.consents import links, topics
from karibu.consents.models import Confirmation, Consent, Pause, Rhythm, Suppression, Topic
from karibu.consents.queries import in_force, paused
from karibu.customers.models import Customer
from karibu.messages import send, tokens
from karibu.messages.models import ChannelRules, Mail, Message
from karibu.messages.tests.cast import a_cart, a_person, fate, says, the_shop, wants

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lake")]


@pytest.fixture
def amina() -> Customer:
    the_shop()
    topics.save(Topic(key="news", name="News", texts={"sw": {"name": "Habari"}}), by="test")
    return a_person("amina", language="sw", phone="+250788123456")


def page(person: Customer) -> str:
    return f"/preferences/{links.sign(links.PREFERENCES, person.pk)}/"


def status(person: Customer, channel: str = "email", topic: str = "offers") -> str | None:
    return in_force([person.pk], channel, topic).get(person.pk)


SHOWN = [f"{channel}/{topic}" for channel in ("email", "sms", "whatsapp") for topic in ("offers", "news")]


def test_the_mails_link_leads_there_untracked_and_reading_changes_nothing(amina: Customer, client: Client) -> None:
    a_cart(amina)
    wants(amina)
    send.send_due()
    raw = bytes(Mail.objects.get().raw).decode().replace("=\r\n", "").replace("=3D", "=")
    assert page(amina) in raw
    said = client.get(page(amina)).content.decode()
    client.head(page(amina))
    assert "Habari" in said and "a…@example.com" in said and "amina@example.com" not in said
    assert Consent.objects.count() == 1 and not Suppression.objects.exists() and not Pause.objects.exists()


def test_topics_and_channels_are_chosen_one_by_one(amina: Customer, client: Client) -> None:
    client.post(page(amina), {"do": "save", "shown": SHOWN, "yes": ["email/news", "sms/offers"]})
    assert [status(amina), status(amina, topic="news")] == ["withdrawn", "given"]
    assert [status(amina, "sms"), status(amina, "whatsapp")] == ["given", None]
    assert Consent.objects.filter(method="preference-centre").count() == 3
    assert Consent.objects.get(channel="email", topic="news").wording.startswith("Habari")
    client.post(page(amina), {"do": "save", "shown": SHOWN, "yes": ["email/news", "sms/offers"]})
    assert Consent.objects.count() == 4


def test_what_the_page_did_not_show_stays(amina: Customer, client: Client) -> None:
    client.post(page(amina), {"do": "save", "shown": ["email/news"]})
    assert status(amina) == "given" and Consent.objects.count() == 1


def test_stopping_everything_holds_for_the_address_and_agreeing_again_ends_it(amina: Customer, client: Client) -> None:
    twin = a_person("twin", email="amina@example.com")
    client.post(page(amina), {"do": "leave"})
    assert {status(amina), status(amina, "sms"), status(amina, topic="news")} == {"withdrawn"}
    a_cart(twin)
    wants(twin)
    send.send_due()
    assert Message.objects.get().reason == "suppressed" and not Mail.objects.exists()
    client.post(page(amina), {"do": "save", "shown": SHOWN, "yes": ["email/offers"]})
    assert status(amina) == "given"
    assert not Suppression.objects.filter(channel="email", lifted_at=None).exists()


def test_stopping_everything_ends_notifications_telegram_and_ads_too(amina: Customer, client: Client) -> None:
    for channel in ("push", "telegram", "ads"):
        says(amina, "given", channel=channel)
    shown = client.get(page(amina), headers={"Accept-Language": "en"}).content.decode()
    assert "Kwa Telegram" in shown and "Kwa arifa" in shown and "Katika matangazo" in shown
    client.post(page(amina), {"do": "leave"})
    addressed = {"email", "sms", "whatsapp"}
    assert {status(amina, channel) for channel in (*addressed, "push", "telegram", "ads")} == {"withdrawn"}
    assert set(Suppression.objects.values_list("channel", flat=True)) == addressed


def test_a_pause_stops_marketing_for_thirty_days_or_until_it_is_ended(amina: Customer, client: Client) -> None:
    client.post(page(amina), {"do": "pause"})
    a_cart(amina)
    message = wants(amina)
    send.send_due()
    message.refresh_from_db()
    assert (message.status, message.reason) == ("refused", "silence")
    now = timezone.now()
    assert paused([amina.pk], now) and not paused([amina.pk], now + timedelta(days=30))
    client.post(page(amina), {"do": "resume"})
    assert not paused([amina.pk], timezone.now()) and Pause.objects.count() == 2


def test_who_wants_to_hear_once_a_week_does_whatever_the_shop_would_like(amina: Customer, client: Client) -> None:
    ChannelRules.objects.create(channel="email", gap_hours=0, by_country=False)
    given = {"do": "save", "shown": ["email/offers"], "yes": ["email/offers"]}
    for wish in ("7", "7", "365", "often"):  # the same again, and what the page does not offer, change nothing
        client.post(page(amina), {**given, "rhythm": wish})
    assert list(Rhythm.objects.values_list("days", flat=True)) == [7]
    assert 'value="7" checked' in client.get(page(amina)).content.decode()
    first, second, receipt = wants(amina, "1"), wants(amina, "2"), wants(amina, "3")
    Message.objects.filter(pk=receipt.pk).update(is_marketing=False)
    send.send_due()
    assert [fate(one) for one in (first, second, receipt)] == [("sent", ""), ("held", "frequency"), ("sent", "")]
    second.refresh_from_db()
    assert second.detail == "7 d, as they asked" and timedelta(days=6) < second.due_at - timezone.now()
    client.post(page(amina), {**given, "rhythm": "0"})
    Message.objects.filter(pk=second.pk).update(due_at=timezone.now())
    send.send_due()
    assert fate(second) == ("sent", "") and Rhythm.objects.count() == 2


def test_an_address_is_corrected_once_the_new_one_confirms(amina: Customer, client: Client) -> None:
    assert client.post(page(amina), {"do": "address", "email": "no address"}).status_code == 422
    client.post(page(amina), {"do": "address", "email": "New@Example.com"})
    send.send_due()
    mail, row = Mail.objects.get(), Message.objects.get()
    assert mail.recipient == row.address == "new@example.com"
    assert (row.sender, row.status, row.subject) == ("confirmation", "sent", "Je, hii ni anwani yako mpya?")
    [link] = set(re.findall(r"/confirm/[\w=-]+/", bytes(mail.raw).decode().replace("=\r\n", "").replace("=3D", "=")))
    client.get(link)
    amina.refresh_from_db()
    assert amina.email == "amina@example.com"
    client.post(link)
    amina.refresh_from_db()
    assert amina.email == "new@example.com"


def test_a_new_address_that_is_blocked_is_not_asked_and_the_row_says_so(amina: Customer, client: Client) -> None:
    Suppression.objects.create(channel="email", value="new@example.com", reason="complaint", at=timezone.now())
    client.post(page(amina), {"do": "address", "email": "new@example.com"})
    send.send_due()
    assert fate(Message.objects.get()) == ("refused", "suppressed") and not Mail.objects.exists()


def test_an_address_of_somebody_else_is_not_taken_over(amina: Customer, client: Client) -> None:
    from karibu.customers.models import Identity

    ben = a_person("ben")
    now = timezone.now()
    Identity.objects.create(kind="email", value="ben@example.com", customer_id=ben.pk, source="t", first_seen=now)
    client.post(page(amina), {"do": "address", "email": "ben@example.com"})
    asked = Confirmation.objects.get()
    answer = client.post(f"/confirm/{links.sign(links.CONFIRM, asked.pk)}/")
    assert "Anwani hii inatumika tayari" in answer.content.decode()
    amina.refresh_from_db()
    asked.refresh_from_db()
    assert amina.email == "amina@example.com" and asked.confirmed_at is None


def test_a_link_of_an_erased_person_or_a_made_up_one_shows_nobody(amina: Customer, client: Client) -> None:
    assert client.get(f"/preferences/{links.sign(links.CONFIRM, amina.pk)}/").status_code == 404
    Customer.objects.filter(pk=amina.pk).update(erased_at=timezone.now())
    assert client.get(page(amina)).status_code == 404


def test_who_unsubscribed_still_hears_of_their_orders(amina: Customer) -> None:
    from karibu.messages.actions import Intent, intend
    from karibu.messages.models import Template

    Template.objects.create(key="receipt", name="Receipt", is_marketing=False, subject="Thanks", body="Thanks.")
    says(amina, "withdrawn")
    Suppression.objects.create(channel="email", value=amina.email, reason="unsubscribed", at=timezone.now())
    intend([Intent(key="r1", customer_id=amina.pk, template_key="receipt", sender="api")])
    send.send_due()
    assert Mail.objects.get().recipient == amina.email


@pytest.mark.parametrize(
    ("speaks", "browser", "lang", "words"),
    [
        ("rw-RW", "en", "rw", "Bika ibyo wahisemo"),
        ("xh", "", "xh", "Gcina okukhethileyo"),
        ("", "de, pt-BR;q=0.8", "pt", "Salvar escolhas"),
        ("de", "fr", "en", "Save choices"),
    ],
)
def test_pages_speak_the_persons_language_or_the_browsers_and_say_which(
    amina: Customer, client: Client, speaks: str, browser: str, lang: str, words: str
) -> None:
    Customer.objects.filter(pk=amina.pk).update(language=speaks)
    Pause.objects.create(customer_id=amina.pk, at=timezone.now(), until=datetime(2030, 3, 1, 12, tzinfo=UTC))
    said = client.get(page(amina), headers={"Accept-Language": browser}).content.decode()
    assert f'<html lang="{lang}"' in said and words in said and "2030" in said


def test_who_leaves_by_a_message_reads_the_topics_name_in_their_language(amina: Customer, client: Client) -> None:
    left = client.get(f"/m/u/{tokens.sign(tokens.UNSUBSCRIBE, wants(amina).pk)}").content.decode()
    assert '<html lang="sw"' in left and "Komesha “Ofa” tu" in left
    gone = client.get("/m/u/nonsense", headers={"Accept-Language": "xh"})
    assert gone.status_code == 404 and "Iphepha alifumanekanga" in gone.content.decode()
    assert 'href="https://duka.example/"' in gone.content.decode()  # no stranger is sent to sign in
