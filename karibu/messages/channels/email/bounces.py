"""Mails that say what became of ours: delivery reports (RFC 3464), complaints (RFC 5965), and bounces in free form.

Which message it is about is believed only where our own signature says so: in the address it came back to (verp.py), or
in the Message-ID of the mail that it returns. Whom it is about and whether for good is read from the report's fields,
else by flufl.bounce, which knows the wordings of many servers.
"""

import email
import email.policy
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message as Mail
from email.utils import parseaddr

from django.utils import timezone
from flufl.bounce import all_failures

from karibu.messages import tokens
from karibu.messages.channels.email import verp
from karibu.messages.channels.email.reports import Kind, Said

LARGEST = 1_000_000  # bytes of a report that are looked at
_OUR_ID = re.compile(r"<([A-Za-z0-9_-]{22})@")
_CAME_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Original-Recipient")
_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ACTIONS = {"failed": Kind.BOUNCED, "delayed": Kind.DEFERRED, "delivered": Kind.DELIVERED}


@dataclass(frozen=True)
class Fate:
    """What a mail says of one recipient. `is_final`: nobody tries any more. `code` is that of RFC 3463, or ""."""

    address: str
    kind: Kind
    code: str = ""
    said: str = ""

    @property
    def is_final(self) -> bool:
        return self.kind == Kind.BOUNCED

    @property
    def is_hard(self) -> bool:
        return self.is_final and says_nobody_is_there(self.code)


def says_nobody_is_there(code: str) -> bool:
    """Whether a final failure with this code is the address's own fault. A server that tried for days (4.x.x), a full
    box, a mail too large, a policy or a broken route may be otherwise tomorrow: these count as soft.
    """
    return not code.startswith(("4.", "5.2.2", "5.2.3", "5.3.", "5.4.", "5.5.", "5.6.", "5.7."))


def read(raw: bytes, *, via: str, now: datetime | None = None) -> list[Said]:
    """What this mail reports, ready for reports.take; nothing where it is no report."""
    mail = email.message_from_bytes(raw[:LARGEST], policy=email.policy.compat32)
    message_id = _about(mail, raw[:LARGEST])
    key = hashlib.sha256(raw[:LARGEST]).hexdigest()[:40]
    complaint = _complained_of(mail)
    found = [Fate(complaint, Kind.COMPLAINED)] if complaint is not None else fates(mail)
    return [
        Said(
            key=f"mail {key} {number}",
            kind=fate.kind,
            via=via,
            at=now or timezone.now(),
            message_id=message_id,
            address=fate.address,
            is_hard=fate.is_hard,
            code=fate.code,
            said=fate.said,
        )
        for number, fate in enumerate(found)
    ]


def fates(mail: Mail) -> list[Fate]:
    """Recipient by recipient: from the report's own fields where it has them, else as flufl.bounce reads it."""
    return [fate for fate in _by_fields(mail) if fate] or _by_wording(mail)


def _by_fields(mail: Mail) -> Iterator[Fate]:
    """RFC 3464, 2.3. An `expanded` or `relayed` mail has merely left our sight: no news."""
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for group in _blocks(part):
            action = str(group.get("Action", "")).split("(")[0].strip().lower()
            address = _typed(group.get("Original-Recipient")) or _typed(group.get("Final-Recipient"))
            if action in _ACTIONS and "@" in address:
                said = " ".join(str(group.get("Diagnostic-Code", "")).split())
                code = code_in(str(group.get("Status", ""))) or code_in(said)
                yield Fate(address.lower(), _ACTIONS[action], code, said)


def code_in(text: str) -> str:
    """The first code of RFC 3463 in what a server said; or ""."""
    found = _CODE.search(text)
    return found[1] if found else ""


def _blocks(part: Mail) -> list[Mail]:
    """The groups of fields in a part of a report."""
    found = part.get_payload()
    if isinstance(found, list):
        return [one for one in found if isinstance(one, Mail)]
    return [email.message_from_string(str(found))]


def _typed(value: object) -> str:
    """The address of `rfc822; someone@example.com`, however it is wrapped."""
    text = str(value or "").partition(";")[2].strip()
    return parseaddr(text)[1] or text.strip("<>")


def _by_wording(mail: Mail) -> list[Fate]:
    temporary, permanent = all_failures(mail)
    final = [Fate(_text(one), Kind.BOUNCED) for one in sorted(permanent)]
    return final + [Fate(_text(one), Kind.DEFERRED) for one in sorted(set(temporary) - set(permanent))]


def _text(address: bytes | str) -> str:
    return (address.decode("utf-8", "replace") if isinstance(address, bytes) else address).lower()


def _complained_of(mail: Mail) -> str | None:
    """The address that a complaint is about ("" where it hides that); None where this is no complaint (RFC 5965)."""
    for part in mail.walk():
        if part.get_content_type() == "message/feedback-report":
            for fields in _blocks(part):
                if str(fields.get("Feedback-Type", "")).strip().lower() in ("abuse", "fraud", "opt-out"):
                    return parseaddr(str(fields.get("Original-Rcpt-To", "")))[1].lower()
    return None


def _about(mail: Mail, raw: bytes) -> int | None:
    came_to = [str(value) for name in _CAME_TO for value in mail.get_all(name, [])]
    if number := verp.message_of(" ".join(came_to)):
        return number
    return named_in(raw.decode("utf-8", "replace"))


def named_in(text: str) -> int | None:
    """Our signed Message-ID, wherever the mail quotes it: no other text can pass for one."""
    for word in _OUR_ID.findall(text):
        if mark := tokens.read("id", word):
            return mark.message_id
    return None


def failures(mail: Mail) -> tuple[set[str], set[str]]:
    """Who failed for now, and who for good."""
    found: Sequence[Fate] = fates(mail)
    final = {fate.address for fate in found if fate.is_final}
    return {fate.address for fate in found if fate.kind == Kind.DEFERRED} - final, final
