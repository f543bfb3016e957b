"""Mail of Karibu itself: sign-in links and the like. It asks no gate: it goes to colleagues, who asked for it."""

from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from django.utils import timezone

from karibu.messages.channels import Letter
from karibu.messages.channels.email import compose, mailbox, relay, service
from karibu.messages.channels.email.address import usable
from karibu.messages.facts import the_shop


def send_mail(to: str, subject: str, text: str, html: str = "", message_id: int = 0) -> None:
    """Sends at once, as all mail leaves. Raises ValueError for what is no address, and smtp.NotTaken.

    `message_id`: the row that it belongs to, where there is one.
    """
    letter = replace(letter_of(to, subject, text, html), message_id=message_id)
    if account := service.in_use():
        service.send_now(account, letter)
    elif mailbox.is_used():
        mailbox.put([letter])
    else:
        relay.send_now(letter)


def letter_of(to: str, subject: str, text: str, html: str = "") -> Letter:
    """A letter that has no message. Raises ValueError for what is no address."""
    recipient = usable(to) or _own(to)
    sender = compose.sender_of(the_shop())
    return _letter(sender, recipient, subject, _written(sender, recipient, " ".join(subject.split()), text, html))


def _own(to: str) -> str:
    """owner@localhost is where a first installation's owner lives; the mailbox takes it."""
    local, _at, host = to.strip().partition("@")
    if host != "localhost" or not local.isalnum():
        raise ValueError("This is no address that mail can be sent to.")
    return f"{local}@{host}"


def _written(sender: str, recipient: str, subject: str, text: str, html: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    local, _at, host = recipient.rpartition("@")
    mail["From"] = Address("Karibu", *sender.rsplit("@", 1))
    mail["To"] = Address("", local, host)
    mail["Subject"] = subject
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = make_msgid(domain=compose.domain())
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def _letter(sender: str, recipient: str, subject: str, raw: bytes) -> Letter:
    return Letter(
        message_id=0,
        customer_id=0,
        channel="email",
        claim=1,
        attempt=1,
        sender=sender,
        recipient=recipient,
        subject=subject,
        raw=raw,
    )
