"""Mail that people write to the shop, where a provider takes it in and calls us with it (django-anymail reads it).

Its words are kept, files that hang on it are not: they stay in the mailbox that the provider forwards to. A sender's
name in a mail is easily forged, so STOP counts, which anybody may say for themselves at any time, and START does not;
nor is a mail answered by itself, as two machines could then write to each other for ever (RFC 3834).
"""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from django.utils import timezone

from karibu.customers import addresses
from karibu.messages.channels import keywords
from karibu.messages.channels.email import sns
from karibu.messages.channels.hearing import Asked, Unreadable
from karibu.messages.channels.received import Received
from karibu.messages.plain import text_of
from karibu.web.reading import read_json

# What stands in a provider's call that brings a mail, and in no other of its calls.
MARKS = {
    "brevo": "items",
    "mailgun": "sender",
    "mailjet": "Parts",
    "postmark": "FromFull",
    "sendgrid": "envelope",
    "sparkpost": "relay_message",
    "amazon_ses": "Received",
}
_FILES = {"attachments", "attachment-info", "attachment-count", "content-id-map"}
IN_A_BUCKET = "mail in an S3 bucket: let the rule publish it to the SNS topic"


def is_mail(provider: str, asked: Asked) -> bool:
    """Whether this call brings a mail, and not news of one that we sent."""
    if asked.form:
        return MARKS[provider] in asked.form
    said = _said(asked)
    if provider == "amazon_ses":
        return said.get("Type") == sns.NOTE and _told(said).get("notificationType") == MARKS[provider]
    return MARKS[provider] in said


def without_files(provider: str, asked: Asked) -> Asked:
    """As django-anymail shall see it: Brevo's it would fetch one by one while Brevo waits for our answer."""
    if asked.form:
        return replace(asked, form={name: value for name, value in asked.form.items() if name not in _FILES})
    if provider != "brevo":
        return asked
    items = [{**item, "Attachments": []} for item in asked.json["items"]]
    return replace(asked, body=json.dumps({"items": items}).encode())


def is_elsewhere(provider: str, asked: Asked) -> bool:
    """Amazon can leave a mail in a bucket and tell us no more than that it lies there."""
    return provider == "amazon_ses" and "content" not in _told(_said(asked))


def received(event: Any) -> Received | None:
    """None for spam, for what another machine wrote, and where nobody signs."""
    mail = event.message
    name, address = parseaddr(str(mail["From"] or ""))
    address = addresses.email(address)
    if not address or mail.spam_detected or _is_automatic(mail):
        return None
    subject = " ".join(str(mail["Subject"] or "").split())
    words = (mail.stripped_text or mail.text or text_of(mail.html or "")).strip()
    is_short = not words or keywords.read(subject) is not None  # List-Unsubscribe's mail says it in its subject
    return Received(
        provider_id=_key(mail, event.event_id),
        address=address,
        name=name,
        text=subject if is_short else words,
        at=_moment(mail.date or event.timestamp),
        answers=_one_id(mail["In-Reply-To"]),
        payload={"subject": subject, "to": str(mail["To"] or "")},
        is_answered=True,
        can_agree=False,
    )


def _said(asked: Asked) -> dict[str, Any]:
    try:
        said = read_json(asked.body)
    except ValueError as error:
        raise Unreadable("no JSON") from error
    if isinstance(said, list):
        said = said[0].get("msys") if said and isinstance(said[0], dict) else {}
    return said if isinstance(said, dict) else {}


def _told(said: dict[str, Any]) -> dict[str, Any]:
    """What an SNS notification carries, which is a text of JSON."""
    try:
        told = read_json(str(said.get("Message", "")).encode())
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _is_automatic(mail: Any) -> bool:
    """RFC 3834, section 5; a list's mail likewise."""
    automatic = str(mail["Auto-Submitted"] or "no").lower().strip() != "no"
    return automatic or str(mail["Precedence"] or "").lower() in ("bulk", "junk", "list")


def _key(mail: Any, event_id: object) -> str:
    """Its Message-ID, which is the same when the provider calls again."""
    if known := _one_id(mail["Message-ID"]):
        return known
    return str(event_id) if event_id else hashlib.sha256(mail.as_bytes()).hexdigest()


def _one_id(header: object) -> str:
    return next(iter(str(header or "").split()), "")[:200]


def _moment(at: datetime | None) -> datetime:
    """Not in a future that the sender's clock may be in."""
    now = timezone.now()
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), now) if at else now
