"""Mail that comes back: whose it was, whether for good, and what follows."""

import csv
import email
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from karibu.consents.models import Suppression
from karibu.consents.queries import in_force, suppressed
from karibu.events import log
from karibu.messages import send
from karibu.messages.channels.email import bounces, compose, inbox, jobs, keys, reports, verp
from karibu.messages.channels.email.models import BounceBox, Departed, Report
from karibu.messages.models import Mail, Message
from karibu.messages.tests.cast import a_person, the_shop, wants
from karibu.messages.tests.imap import Mailbox, imap
from karibu.web import sealed


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    verp.forget(), keys.forget()
    yield
    verp.forget()


def sent_to(name: str = "amina") -> Message:
    the_shop()
    message = wants(a_person(name))
    send.send_due()
    message.refresh_from_db()
    assert message.status == "sent"
    return message


def box(**fields: object) -> BounceBox:
    made, _ = BounceBox.objects.update_or_create(pk=1, defaults={"address": "bounces@duka.example", **fields})
    verp.forget()
    return made


def report(to: str, *, action: str = "failed", status: str = "5.1.1", about: str = "", returned: str = "") -> bytes:
    """A delivery report as Postfix writes one (RFC 3464)."""
    return f"""From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {about or "somebody@example.com"}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user

--b
Content-Type: text/rfc822-headers

{returned}

--b--
""".replace("\n", "\r\n").encode()


def complaint(returned: str) -> bytes:
    """As a mailbox provider's feedback loop sends one (RFC 5965)."""
    return f"""From: fbl@provider.example
To: abuse@duka.example
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1

--b
Content-Type: message/rfc822

{returned}

The text.
--b--
""".replace("\n", "\r\n").encode()


def told() -> list[str]:
    """The names of the events in the log."""
    return [event.name for event in log.recent(100, list(reports.NAMES.values()))]


def takes(*mails: bytes) -> None:
    inbox.take(list(mails), via="pipe")


@pytest.mark.django_db
def test_each_mail_comes_back_to_an_address_of_its_own_that_nobody_else_can_make():
    box()
    message = sent_to()
    path = verp.return_path(message.pk, "else@duka.example")
    assert path.startswith("bounces+") and path.endswith("@duka.example")
    assert Mail.objects.get().sender == path and b"\r\nFrom: Duka <hello@duka.example>" in b"\r\n" + bytes(
        Mail.objects.get().raw
    )
    assert verp.message_of(f"<{path.upper()}>") == message.pk
    assert verp.message_of(path.replace(path[10], "a" if path[10] != "a" else "b")) is None
    assert len(path.partition("@")[0]) <= 64


@pytest.mark.django_db
def test_a_bounce_for_good_blocks_the_address_and_stands_on_the_message_and_in_the_log():
    box()
    message = sent_to()
    takes(report(verp.return_path(message.pk, ""), about="other@example.com"))
    message.refresh_from_db()
    assert message.bounced_at and message.status == "sent"
    assert suppressed("email", ["amina@example.com", "other@example.com"]) == {"amina@example.com": "hard_bounce"}
    [row] = Report.objects.all()
    assert (row.kind, row.is_hard, row.code, row.address) == ("bounced", True, "5.1.1", "amina@example.com")
    assert "Message Bounced" in told()


@pytest.mark.django_db
def test_each_message_has_its_own_moment_the_first_that_was_reported():
    one, other, now = sent_to("amina"), sent_to("ben"), timezone.now()
    hours = [(one.pk, 3), (one.pk, 5), (other.pk, 1)]
    reports.take([
        reports.Said(key=f"d{n}", kind=reports.Kind.DELIVERED, via="test", message_id=pk, at=now - timedelta(hours=ago))
        for n, (pk, ago) in enumerate(hours)
    ])  # fmt: skip
    delivered = dict(Message.objects.values_list("pk", "delivered_at"))
    assert delivered == {one.pk: now - timedelta(hours=5), other.pk: now - timedelta(hours=1)}


@pytest.mark.django_db
def test_that_a_mail_arrived_is_forgotten_after_a_while_that_it_bounced_is_not():
    now = timezone.now()
    for kind in ("delivered", "deferred", "bounced"):
        for days in (1, 100):
            Report.objects.create(
                key=f"{kind} {days}", kind=kind, address="a@example.com", via="test", at=now - timedelta(days=days)
            )
            Departed.objects.get_or_create(domain="example.com", day=(now - timedelta(days=days)).date())
    jobs.forget_reports(0)
    assert set(Report.objects.values_list("key", flat=True)) == {
        "delivered 1",
        "deferred 1",
        "bounced 1",
        "bounced 100",
    }
    assert Departed.objects.count() == 1


@pytest.mark.django_db
def test_the_signed_message_id_names_the_message_where_the_address_does_not():
    message = sent_to()
    takes(report("hello@duka.example", returned=f"Message-ID: {compose.message_id(message.pk)}"))
    assert suppressed("email", ["amina@example.com"])


@pytest.mark.django_db
def test_who_only_claims_that_a_mail_bounced_blocks_nobody():
    message = sent_to()
    takes(report("hello@duka.example", about="amina@example.com"))
    takes(report("hello@duka.example", about="amina@example.com", returned="Message-ID: <AAAAAAAAAAAAAAAAAAAAAA@x.y>"))
    message.refresh_from_db()
    assert not Suppression.objects.exists() and not message.bounced_at
    assert {row.said for row in Report.objects.all()} == {""}, "a stranger's words are not kept"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("action", "status", "kind", "is_hard"),
    [
        ("failed", "5.2.1", "bounced", True),
        ("failed", "4.4.7", "bounced", False),  # it was tried for days: the message is lost, the address may be good
        ("delayed", "4.4.1", "deferred", False),
        ("delivered", "2.0.0", "delivered", False),
    ],
)
def test_each_action_means_what_it_says(action, status, kind, is_hard):
    message = sent_to()
    takes(report("x@y.z", action=action, status=status, returned=f"Message-ID: {compose.message_id(message.pk)}"))
    message.refresh_from_db()
    [row] = Report.objects.all()
    assert (row.kind, row.is_hard) == (kind, is_hard)
    assert bool(message.bounced_at) == (kind == "bounced") and bool(message.delivered_at) == (kind == "delivered")
    assert bool(suppressed("email", ["amina@example.com"])) == is_hard


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["expanded", "relayed"])
def test_what_has_merely_left_our_sight_is_no_bounce(action):
    message = sent_to()
    takes(report("x@y.z", action=action, status="2.1.5", returned=f"Message-ID: {compose.message_id(message.pk)}"))
    assert not Report.objects.filter(kind="bounced").exists() and not Suppression.objects.exists()


@pytest.mark.django_db
def test_an_address_that_bounces_softly_again_and_again_is_given_up_unless_something_arrived_in_between():
    def softly(times: int, name: str) -> None:
        the_shop()
        for n in range(times):
            message = Message.objects.filter(address=f"{name}@example.com").first() or sent_to(name)
            said = report("x@y.z", status="4.2.2", returned=f"Message-ID: {compose.message_id(message.pk)}\r\nX-N: {n}")
            takes(said)

    softly(reports.SOFT - 1, "amina")
    assert not suppressed("email", ["amina@example.com"])
    softly(reports.SOFT + 1, "amina")
    assert suppressed("email", ["amina@example.com"]) == {"amina@example.com": "hard_bounce"}


@pytest.mark.django_db
def test_a_complaint_blocks_the_address_and_withdraws_what_was_agreed_to():
    message = sent_to()
    takes(complaint(f"Message-ID: {compose.message_id(message.pk)}\nTo: amina@example.com"))
    message.refresh_from_db()
    assert message.complained_at
    assert suppressed("email", ["amina@example.com"]) == {"amina@example.com": "complaint"}
    assert in_force({message.customer_id}, "email") == {message.customer_id: "withdrawn"}


@pytest.mark.django_db
def test_the_same_report_counts_once():
    message = sent_to()
    said = report("x@y.z", status="4.2.2", returned=f"Message-ID: {compose.message_id(message.pk)}")
    takes(said, said)
    takes(said)
    assert Report.objects.count() == 1


@pytest.fixture
def server() -> Iterator[Mailbox]:
    with imap() as made:
        box(
            host="127.0.0.1", port=made.port, is_encrypted=False, user="shop",
            sealed=sealed.seal({"password": made.password}),
        )  # fmt: skip
        yield made


def bounced(name: str) -> bytes:
    return report(verp.return_path(sent_to(name).pk, ""))


@pytest.mark.django_db
def test_the_mailbox_is_read_from_where_it_was_left_and_days_away_lose_nothing(server):
    """PAINS 39."""
    server.comes(bounced("a"), b"From: x@y.z\r\nSubject: hello\r\n\r\nno report\r\n", bounced("b"))
    assert inbox.read_all() == 3 and inbox.read_all() == 0
    server.comes(*[bounced(f"p{n}") for n in range(60)])
    del server.mails[10], server.mails[2]
    server.asked.clear()
    assert inbox.read_all() == 59 and min(server.asked) == 4
    assert Suppression.objects.count() == 61 and Report.objects.count() == 61
    assert BounceBox.objects.get().read_at


@pytest.mark.django_db
def test_a_mailbox_that_was_numbered_anew_is_read_again_and_nothing_counts_twice(server):
    server.comes(bounced("a"), bounced("b"))
    inbox.read_all()
    server.validity, server.mails = 2, {1: server.mails[2], 2: bounced("c")}
    assert inbox.read_all() == 2 and inbox.read_all() == 0
    assert Report.objects.count() == 3


@pytest.mark.django_db
def test_a_mailbox_that_cannot_be_opened_says_why_and_goes_on_later(server):
    server.comes(bounced("a"))
    BounceBox.objects.update(sealed=sealed.seal({"password": "wrong"}))
    with pytest.raises(inbox.CannotRead, match="wrong password"):
        inbox.read_all()
    assert "wrong password" in BounceBox.objects.get().trouble
    BounceBox.objects.update(sealed=sealed.seal({"password": server.password}))
    assert inbox.read_all() == 1 and BounceBox.objects.get().trouble == ""


@pytest.mark.data
def test_of_real_bounces_at_least_95_in_a_hundred_are_read_right(data: Path, capsys):
    folder = data / "bounces"
    rows = list(csv.DictReader((folder / "labels.csv").open()))
    right = sum(is_right(row, folder / row["file"]) for row in rows)
    with capsys.disabled():
        print(f"\nbounces: {right} of {len(rows)} right in recipient and permanence")
    assert right >= 0.95 * len(rows)


def is_right(label: dict[str, str], file: Path) -> bool:
    temporary, final = bounces.failures(email.message_from_bytes(file.read_bytes()))
    wanted = set(label["recipients"].lower().replace(";", " ").split())
    return (temporary, final) == ((wanted, set()) if label["temporary"] == "True" else (set(), wanted))


def test_whatever_a_mail_is_made_of_it_is_read_or_left():
    for raw in (b"", b"\xff\xfe", b"Content-Type: message/delivery-status\r\n\r\nAction", b"a" * 2_000_000):
        assert inbox._read(raw, "pipe") == []
    assert timezone.now()
