"""Mail that people write to the shop, as providers call us with it, after their manuals."""

import base64
import json
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from karibu.consents.queries import in_force, suppressed
from karibu.customers.models import Customer, Identity
from karibu.customers.timeline import read as timeline
from karibu.events import log
from karibu.messages.channels import accounts, replies
from karibu.messages.channels.email import inbound, incoming
from karibu.messages.channels.hearing import Asked
from karibu.messages.channels.models import Account, Inbound
from karibu.messages.tests.cast import a_person, the_shop
from karibu.messages.tests.servers_mail import KEYS, provider, telling
from karibu.messages.tests.servers_sns import Amazon, amazon

FROM = "Amina U. <Amina@Example.com>"


@pytest.fixture
def amina(db: None) -> Customer:
    the_shop()
    person = a_person()
    known = {"source": "shop", "evidence": "test", "first_seen": person.created_at}
    Identity.objects.create(kind="email", value="amina@example.com", customer_id=person.pk, **known)
    return person


def by_postmark(text: str = "Where is my order?", number: str = "<m1@example.com>", **headers: str) -> dict[str, Any]:
    known = {"Message-ID": number, "From": FROM, **headers}
    return {
        "FromFull": {"Email": "Amina@Example.com", "Name": "Amina U.", "MailboxHash": ""},
        "ToFull": [{"Email": "hello@duka.example", "Name": "", "MailboxHash": ""}],
        "Subject": headers.get("Subject", "A question"),
        "Date": "Wed, 11 Oct 2017 18:31:04 -0700",
        "TextBody": f"{text}\n\nOn Monday Duka wrote:\n> A letter",
        "StrippedTextReply": text,
        "Headers": [{"Name": name, "Value": value} for name, value in known.items() if name not in ("From", "Subject")],
    }


def call_us(account: Account, said: Any) -> int:
    where = f"/hooks/{account.token}/"
    if isinstance(said, str):
        return Client().post(where, said, content_type="application/x-www-form-urlencoded").status_code
    named = (
        {"X-Amz-Sns-Message-Type": said["Type"], "X-Amz-Sns-Message-Id": said["MessageId"]} if "Type" in said else {}
    )
    return Client().post(where, json.dumps(said), content_type="application/json", headers=named).status_code


def test_what_somebody_wrote_stands_on_their_timeline_in_their_words(amina):
    with provider("postmark") as (server, account):
        answered = {"In-Reply-To": "<karibu.abc@duka.example>"}
        assert call_us(account, by_postmark(**answered)) == call_us(account, by_postmark(**answered)) == 200
        assert not server.asked
    row = Inbound.objects.get()
    assert (row.customer_id, row.address, row.name) == (amina.pk, "amina@example.com", "Amina U.")
    assert (row.text, row.answers, row.reply) == ("Where is my order?", "<karibu.abc@duka.example>", "")
    assert row.payload == {"subject": "A question", "to": "hello@duka.example"}
    [entry] = timeline([amina.pk], kind="messages")
    assert str(entry.sentence) == "Wrote by E-mail: “Where is my order?”"
    assert ("Subject", "A question") in entry.evidence
    assert log.count("name").get("Message Received") == 1


def test_a_long_or_hostile_mail_is_shown_short_and_as_text(amina):
    with provider("postmark") as (_, account):
        call_us(account, by_postmark("<script>alert(1)</script> " + "word " * 200))
    [entry] = timeline([amina.pk], kind="messages")
    assert "&lt;script&gt;" in str(entry.sentence) and "<script" not in str(entry.sentence)
    assert len(str(entry.sentence)) < 400 and "word " * 200 in dict(entry.evidence)["Whole text"] + " "


def a_mail(text: str = "Where is my order?") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = FROM, "hello@duka.example", "A question"
    mail["Message-ID"] = "<m1@example.com>"
    mail.set_content(text)
    return mail


def bringing(kind: str) -> Any:
    """The call of each that brings this mail, with a file where that is told of aside."""
    raw = a_mail().as_string()
    parts = {"From": FROM, "Subject": "A question", "Message-ID": "<m1@example.com>", "To": "hello@duka.example"}
    if kind == "sendgrid":
        lines = "\n".join(f"{name}: {value}" for name, value in parts.items())
        form = {"headers": lines, "text": "Where is my order?", "attachments": "1"}
        more = {"attachment-info": '{"attachment1": {"filename": "a.png", "type": "image/png"}}'}
        return urlencode(form | more | {"envelope": '{"to": ["hello@duka.example"], "from": "amina@example.com"}'})
    if kind == "mailgun":
        signed = telling("mailgun", "bounced", "")["signature"]
        form = {"sender": "amina@example.com", "recipient": "hello@duka.example", "attachment-count": "1"}
        words = {"stripped-text": "Where is my order?", "body-plain": "Where is my order?\n> old"}
        return urlencode(form | words | {"message-headers": json.dumps(list(parts.items()))} | signed)
    if kind == "brevo":
        file = {"Name": "a.png", "ContentType": "image/png", "DownloadToken": "t"}
        item = {"Uuid": ["u-1"], "Headers": parts, "RawTextBody": "Where is my order?", "Attachments": [file]}
        return {"items": [item]}
    if kind == "mailjet":
        body = {"Text-part": "Where is my order?", "Parts": [{"Headers": {}, "ContentRef": "Text-part"}]}
        return {"Sender": "amina@example.com", "Recipient": "hello@duka.example", "Headers": parts, **body}
    if kind == "sparkpost":
        content = {"email_rfc822": raw, "email_rfc822_is_base64": False}
        return [
            {"msys": {"relay_message": {"content": content, "msg_from": "a@e", "rcpt_to": "b@e", "protocol": "smtp"}}}
        ]
    return by_postmark()


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_every_provider_brings_mail_once_and_no_file_is_fetched(amina, kind):
    with provider(kind) as (server, account):
        assert call_us(account, bringing(kind)) == call_us(account, bringing(kind)) == 200
        assert not server.asked
    row = Inbound.objects.get()
    assert (row.customer_id, row.provider_id, row.text) == (amina.pk, "<m1@example.com>", "Where is my order?")


def test_amazon_brings_mail_by_its_topic(amina, settings):
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    with amazon() as there:
        drafted = accounts.draft("email", "amazon_ses", {"base_url": there.server.url}, {})
        account = accounts.open_account(drafted, by="owner@example.com")
        raw = base64.b64encode(a_mail().as_bytes()).decode()
        action = {"type": "SNS", "encoding": "BASE64"}
        said = {"notificationType": "Received", "receipt": {"action": action}, "content": raw, "mail": {}}
        assert call_us(account, there.call(said)) == 200
        assert Inbound.objects.get().text.strip() == "Where is my order?"
        forged = {**there.call(said), "Signature": base64.b64encode(b"no").decode()}
        assert call_us(account, forged) == 403


def test_a_mail_that_is_not_signed_by_its_provider_is_not_kept(amina):
    with provider("mailgun") as (_, account):
        said = bringing("mailgun").replace("signature=", "signature=0")
        assert call_us(account, said) == 403 and not Inbound.objects.exists()


@pytest.mark.parametrize("how", [{"text": "STOP"}, {"text": "", "Subject": "unsubscribe"}])
def test_stop_by_mail_counts_and_is_not_answered(amina, how):
    with provider("postmark") as (server, account):
        call_us(account, by_postmark(**how))
        assert replies.step() > 0 and not server.asked
    assert in_force({amina.pk}, "email") == {amina.pk: "withdrawn"}
    assert suppressed("email", ["amina@example.com"]) == {"amina@example.com": "unsubscribed"}


def test_start_by_mail_brings_nobody_back_as_anybody_can_write_that_name(amina):
    with provider("postmark") as (_, account):
        call_us(account, by_postmark("STOP"))
        call_us(account, by_postmark("START", "<m2@example.com>"))
    assert in_force({amina.pk}, "email") == {amina.pk: "withdrawn"}
    assert suppressed("email", ["amina@example.com"]) == {"amina@example.com": "unsubscribed"}


@pytest.mark.parametrize(
    "header", [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X-Spam-Status": "Yes"}]
)
def test_what_machines_wrote_is_let_go(amina, header):
    with provider("postmark") as (_, account):
        assert call_us(account, by_postmark(**header)) == 200
    assert not Inbound.objects.exists()


def test_a_mail_with_large_pictures_is_taken(amina):
    picture = {"Name": "a.png", "ContentType": "image/png", "Content": base64.b64encode(b"\0" * 6_000_000).decode()}
    with provider("postmark") as (_, account):
        assert call_us(account, {**by_postmark(), "Attachments": [picture]}) == 200
    assert Inbound.objects.get().text == "Where is my order?"


@pytest.mark.parametrize(
    "body", [b"--b\r\nno part", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 6_000_000]
)
def test_a_form_that_is_none_or_too_large_is_noted_and_let_go(amina, body):
    with provider("sendgrid") as (_, account):
        kind = "multipart/form-data; boundary=b"
        assert Client().post(f"/hooks/{account.token}/", body, content_type=kind).status_code == 202


@pytest.mark.data
@pytest.mark.django_db
def test_mails_that_real_providers_have_brought_are_understood(data: Path, settings: Any):
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    the_shop()
    found: dict[str, list[str]] = {}
    with amazon() as there:
        for kind, row in _rows(data):
            known = {"base_url": there.server.url} if kind == "amazon_ses" else {}
            account = accounts.open_account(
                accounts.draft("email", kind, known, KEYS.get(kind, {})), by="o@example.com"
            )
            heard = inbound.read(account, _asked(kind, row["payload"], there))
            found.setdefault(kind, []).extend([one.text for one in heard.received] or heard.unknown)
    assert found == {
        # Both lie in a bucket.
        "amazon_ses": [incoming.IN_A_BUCKET, incoming.IN_A_BUCKET],
        "brevo": ["This is a test message."],  # the second has no sender
        "mailjet": ["Test body plain"],
        "postmark": ["stripped plaintext body"],
    }


def _rows(data: Path) -> list[tuple[str, dict[str, Any]]]:
    """SendGrid's file holds names of files and no call; one of Amazon's is no mail, but half of other news."""
    files = [file for file in sorted((data / "esp").glob("*_inbound.jsonl")) if "sendgrid" not in file.name]
    assert len(files) == 4
    kinds = [(file.name.removesuffix("_inbound.jsonl"), file) for file in files]
    rows = [(kind, json.loads(line)) for kind, file in kinds for line in file.read_text().splitlines()]
    return [(kind, row) for kind, row in rows if "incorrect" not in row["test"]]


def _asked(kind: str, payload: Any, there: Amazon) -> Asked:
    if kind == "brevo":
        payload = {"items": [payload]}
    if kind == "amazon_ses":
        payload = there.call(payload)
    headers = {"Content-Type": "application/json", "X-Amz-Sns-Message-Type": "Notification"}
    headers["X-Amz-Sns-Message-Id"] = payload.get("MessageId", "")
    return Asked("POST", "https://x.example/", headers, {}, {}, json.dumps(payload).encode())
