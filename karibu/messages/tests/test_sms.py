"""SMS by three providers: what leaves, what they say of it, what people write back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from karibu.consents import queries as consents
from karibu.consents.actions import record_consents
from karibu.consents.models import Consent
from karibu.consents.statement import Statement
from karibu.customers.models import Customer, Identity
from karibu.events import log
from karibu.messages import send
from karibu.messages.channels import accounts, keywords, receipts, replies
from karibu.messages.channels.models import Account, Inbound, Receipt
from karibu.messages.channels.sms.segments import size
from karibu.messages.models import Message, Template
from karibu.messages.tests.cast import a_person, fate, the_shop, wants
from karibu.messages.tests.servers_http import HangUp, Server
from karibu.messages.tests.servers_sms import NOBODY, SETTINGS, call_us, provider, reported, written

pytestmark = pytest.mark.django_db
PHONE = "+250788123456"
BAD = {"twilio": "30005", "africastalking": "UserDoesNotExist", "vonage": "1120"}
Line = tuple[Server, Account]


@pytest.fixture(params=sorted(SETTINGS))
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    with provider(request.param) as connected:
        yield connected


@pytest.fixture
def twilio() -> Iterator[Line]:
    with provider("twilio") as connected:
        yield connected


def buyer(phone: str = PHONE) -> Customer:
    """Who agreed to SMS."""
    person = a_person("amina", agreed=False, phone=phone)
    now = timezone.now()
    Identity.objects.create(
        kind="phone", value=phone, customer_id=person.pk, source="shop", evidence="", first_seen=now
    )
    agreed = Statement(customer_id=person.pk, channel="sms", status="given", method="form", source="shop", at=now)
    record_consents([agreed])
    return person


def wanted(
    person: Customer, key: str = "one", body: str = "Hello {{ customer.first_name }}", **fields: object
) -> Message:
    the_shop()
    known = {"channel": "sms", "subject": "", "body": body, "name": "Text", "is_marketing": True}
    Template.objects.get_or_create(key="text", defaults=known)
    return wants(person, key, template_key="text", channel="sms", **fields)


def test_a_text_leaves_once_with_its_way_out(line: Line) -> None:
    server, account = line
    message = wanted(buyer())
    send.send_due()
    send.send_due()
    assert fate(message) == ("sent", "")
    [request] = server.asked
    said = request.json if account.provider == "vonage" else request.form
    text = said.get("Body") or said.get("message") or said.get("text")
    assert text == "Hello Amina\nReply STOP to unsubscribe"
    receipt = Receipt.objects.get(message_id=message.pk)
    assert (receipt.state, receipt.parts, receipt.account_id) == ("accepted", 1, account.pk)


def test_who_never_agreed_to_sms_gets_none(line: Line) -> None:
    server, _ = line
    message = wanted(a_person("amina", phone=PHONE))  # agreed to e-mail
    send.send_due()
    assert fate(message) == ("refused", "no_consent")
    assert not server.asked


def test_a_number_that_does_not_exist_is_blocked(line: Line) -> None:
    message = wanted(buyer(NOBODY))
    send.send_due()
    assert fate(message) == ("failed", "rejected")
    assert consents.suppressed("sms", [NOBODY]) == {NOBODY: "hard_bounce"}


def test_too_many_at_a_time_holds_everybody_and_counts_as_no_try(line: Line) -> None:
    server, account = line
    server.trouble.append((429, {"code": 20429, "message": "Too Many Requests"}, {"Retry-After": "7"}))
    person = buyer()
    first, second = wanted(person, "one"), wanted(person, "two", context={})
    Message.objects.update(is_marketing=False)
    Message.objects.filter(pk=second.pk).update(due_at=timezone.now() + timezone.timedelta(seconds=-1))
    send.send_due(1)
    send.send_due(1)
    assert {fate(first), fate(second)} == {("held", "unreachable")}
    assert len(server.asked) == 1
    # The provider's seven seconds, not the minute after which we would try again by ourselves.
    for message in Message.objects.all():
        assert message.due_at and message.due_at <= timezone.now() + timedelta(seconds=7)
    account.refresh_from_db()
    assert "fewer" in account.trouble


def test_a_connection_that_breaks_leaves_a_doubt_and_no_second_try(line: Line) -> None:
    server, _ = line
    server.trouble.append(HangUp)
    message = wanted(buyer())
    send.send_due()
    assert fate(message) == ("failed", "unknown_outcome")
    assert send.send_due() == 0
    assert len(server.asked) == 1


def test_a_provider_that_is_not_there_has_got_nothing_so_the_message_waits(twilio: Line) -> None:
    _, account = twilio
    account.settings["base_url"] = "http://127.0.0.1:1"
    account.save()
    message = wanted(buyer())
    send.send_due()
    assert fate(message) == ("held", "unreachable")


def test_wrong_keys_hold_the_messages_and_are_said_on_the_account(line: Line) -> None:
    _, account = line
    accounts.close(account, by="a test")
    secret = dict.fromkeys(SETTINGS[account.provider][1], "wrong")
    wrong = accounts.open_account(accounts.draft("sms", account.provider, account.settings, secret), by="a test")
    message = wanted(buyer())
    send.send_due()
    assert fate(message) == ("held", "unreachable")
    wrong.refresh_from_db()
    assert wrong.trouble


def test_keys_that_cannot_be_opened_any_more_hold_the_messages(twilio: Line, settings: Any) -> None:
    server, _ = twilio
    message = wanted(buyer())
    settings.SECRET_KEY = "another"
    send.send_due()
    assert fate(message) == ("held", "not_connected")
    assert not server.asked


def test_without_an_account_messages_wait() -> None:
    message = wanted(buyer())
    send.send_due()
    assert fate(message) == ("held", "not_connected")


def test_what_the_provider_reports_is_noted_once(line: Line, client: Client) -> None:
    _, account = line
    message = wanted(buyer())
    send.send_due()
    number = Receipt.objects.get(message_id=message.pk).provider_id
    for _ in range(2):
        assert call_us(client, account, reported(account, number, "delivered")).status_code == 200
    assert Receipt.objects.get(message_id=message.pk).state == "delivered"
    assert log.count("name").get("Message Delivered") == 1
    assert fate(message) == ("sent", "")


def test_a_failure_reported_later_fails_the_message_and_blocks_a_number_that_is_none(
    line: Line, client: Client
) -> None:
    _, account = line
    message = wanted(buyer())
    send.send_due()
    number = Receipt.objects.get(message_id=message.pk).provider_id
    call_us(client, account, reported(account, number, "failed", BAD[account.provider]))
    assert fate(message) == ("failed", "rejected")
    assert consents.suppressed("sms", [PHONE]) == {PHONE: "hard_bounce"}


def test_a_report_with_our_reference_clears_up_a_doubt(twilio: Line, client: Client) -> None:
    server, account = twilio
    server.trouble.append(HangUp)
    message = wanted(buyer())
    send.send_due()
    assert fate(message) == ("failed", "unknown_outcome")
    query = f"message={receipts.reference(message.pk)}"
    assert query in server.asked[0].form["StatusCallback"]
    call_us(client, account, reported(account, "SMlost", "delivered"), query=query)
    assert fate(message) == ("sent", "")
    assert Receipt.objects.get(message_id=message.pk).provider_id == "SMlost"


@pytest.mark.parametrize("name", ["twilio", "vonage"])
def test_a_call_that_the_provider_did_not_sign_changes_nothing(name: str, client: Client) -> None:
    with provider(name) as (_, account):
        person = buyer()
        answer = call_us(client, account, written(account, PHONE, "STOP", "m1"), key="forged")
        assert answer.status_code == 403
        assert not Inbound.objects.exists()
        assert consents.in_force([person.pk], "sms") == {person.pk: "given"}


def test_nobody_can_call_an_address_that_was_not_given_out(client: Client) -> None:
    assert client.post("/hooks/guessed/", {"from": PHONE, "text": "STOP"}).status_code == 404


def test_stop_withdraws_and_is_answered_once_however_often_it_comes(line: Line, client: Client) -> None:
    server, account = line
    person = buyer()
    for number in ("m1", "m1", "m2"):
        assert call_us(client, account, written(account, PHONE, "Stop.", number)).status_code == 200
    assert consents.in_force([person.pk], "sms") == {person.pk: "withdrawn"}
    assert Consent.objects.filter(method="inbound-stop", status="withdrawn").count() == 2
    while replies.step() == 0:
        pass
    assert len(server.asked) == 1
    assert "unsubscribed" in (server.asked[0].body.decode())
    message = wanted(person)
    send.send_due()
    assert fate(message)[0] == "refused"
    assert len(server.asked) == 1
    assert log.count("name").get("Message Received") == 2


def test_start_comes_back_by_the_persons_own_later_word(line: Line, client: Client) -> None:
    _, account = line
    person = buyer()
    call_us(client, account, written(account, PHONE, "ACHA", "m1"))
    call_us(client, account, written(account, PHONE, "Anza", "m2"))
    assert consents.in_force([person.pk], "sms") == {person.pk: "given"}
    assert not consents.suppressed("sms", [PHONE])
    message = wanted(person)
    send.send_due()
    assert fate(message) == ("sent", "")


def test_start_does_not_lift_a_block_of_another_reason(twilio: Line, client: Client) -> None:
    from karibu.consents.actions import suppress

    _, account = twilio
    buyer()
    suppress("sms", [PHONE], "manual")
    call_us(client, account, written(account, PHONE, "START", "m1"))
    assert consents.suppressed("sms", [PHONE]) == {PHONE: "manual"}


def test_the_stop_of_a_number_that_we_do_not_know_holds_when_it_becomes_known(twilio: Line, client: Client) -> None:
    _, account = twilio
    call_us(client, account, written(account, PHONE, "STOP", "m1"))
    assert consents.suppressed("sms", [PHONE]) == {PHONE: "unsubscribed"}


KEYWORDS = """
STOP stop | stop please stop | Arrêt stop | opt-out stop | PARAR stop | hagarika! stop | msaada help | Ajuda? help
qala start | UNSTOP start | Stop by the shop tomorrow, is it open? none | The end none | 🛑 none
"""


@pytest.mark.parametrize(
    "case", [case.strip() for line in KEYWORDS.split("\n") for case in line.split("|") if case.strip()]
)
def test_a_keyword_is_a_whole_message_in_many_languages(case: str) -> None:
    text, _, kind = case.rpartition(" ")
    found = keywords.read(text)
    assert (found.kind if found else "none") == kind


SIZES = [
    *[("a" * 160, "GSM-7", 1), ("a" * 161, "GSM-7", 2), ("a" * 306, "GSM-7", 2), ("a" * 307, "GSM-7", 3)],
    *[("€" * 80, "GSM-7", 1), ("€" * 81, "GSM-7", 2), ("ɓ" * 70, "UCS-2", 1), ("ɓ" * 71, "UCS-2", 2)],
    *[("😀" * 35, "UCS-2", 1), ("😀" * 36, "UCS-2", 2), ("😀" * 66 + "a", "UCS-2", 2), ("😀" * 67, "UCS-2", 3)],
]


@pytest.mark.parametrize(("text", "encoding", "parts"), SIZES)
def test_an_sms_is_counted_as_it_is_billed(text: str, encoding: str, parts: int) -> None:
    assert (size(text).encoding, size(text).parts) == (encoding, parts)


def test_many_texts_share_connections(twilio: Line) -> None:
    server, _ = twilio
    person = buyer()
    for n in range(40):
        wanted(person, f"k{n}")
    Message.objects.update(is_marketing=False)
    while send.send_due():
        pass
    assert Message.objects.filter(status="sent").count() == len(server.asked) == 40
    assert server.connections <= 9


def test_an_owner_connects_a_provider_and_the_keys_are_not_readable_at_rest(client: Client) -> None:
    from karibu.web.models import User

    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    with provider("twilio") as (server, account):
        accounts.close(account, by="a test")
        form = {"provider": "twilio", "sid": "AC1", "from": "+15005550006", "base_url": server.url}
        wrong = client.post("/settings/channels/sms/connect/", {**form, "auth_token": "wrong"})
        assert wrong.status_code == 422 and "Authenticate" in wrong.content.decode()
        assert accounts.in_use("sms") is None
        client.post("/settings/channels/sms/connect/", {**form, "auth_token": "t-secret"})
        made = accounts.in_use("sms")
        assert made and made.name == "Duka" and made.secrets == {"auth_token": "t-secret"}
        assert b"t-secret" not in bytes(made.sealed)
        page = client.get("/settings/channels/sms/").content.decode()
        assert made.token in page and "t-secret" not in page
        client.post("/settings/channels/sms/test/", {"to": PHONE, "text": "Hello"})
        assert server.asked[-1].form["To"] == PHONE
        row = Message.objects.get()
        assert (row.sender, row.channel, row.status, row.address, row.subject) == (
            "test",
            "sms",
            "sent",
            PHONE,
            "Hello",
        )
        refused = client.post("/settings/channels/sms/test/", {"to": NOBODY, "text": "Hello"})
        assert refused.status_code == 422
        assert Message.objects.filter(status="failed", address=NOBODY).count() == 1


def test_the_size_of_a_text_is_said_while_it_is_typed(marketer: Client) -> None:
    said = marketer.get("/messages/sms-size/", {"text": "Habari 🛑" * 9}).content.decode()
    assert "2 SMS: 81 of 134 letters (UCS-2)." in said and "🛑" in said
