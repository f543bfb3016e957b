"""A template or a channel tried out: what stands in the editor, mailed at once to the colleague who asks for it, or a
few words over the provider that is connected.

It asks no gate, for it goes to nobody but that colleague; yet it is a row first, as everything that leaves. Its
customer is 0, its class transactional, its sender TEST; whom it was filled in for stands in its context, so that an
erasure of that person finds what it said (erasing.py).
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.messages import carriers, system
from karibu.messages.channels import part
from karibu.messages.channels.email.smtp import NotTaken
from karibu.messages.channels.models import Account
from karibu.messages.content import Content
from karibu.messages.models import Message, Template
from karibu.messages.senders import TEST
from karibu.messages.status import Reason, Status
from karibu.web.sealed import CannotOpen


def send_test(template: Template, said: Content, *, to: str, who: str = "") -> Message:
    """The row of it, with its outcome: sent, or failed with the reason."""
    message = _begun(template, _("[Test] %(s)s") % {"s": said.subject}, to, who)
    try:
        system.send_mail(to, message.subject, said.text, html=said.html, message_id=message.pk)
    except ValueError as error:
        return _ended(message, Status.FAILED, Reason.BAD_ADDRESS, str(error))
    except NotTaken as error:
        return _ended(message, Status.FAILED, error.reason or Reason.REJECTED, str(error))
    except OSError as error:
        return _ended(message, Status.FAILED, Reason.UNREACHABLE, str(error))
    return _ended(message, Status.SENT)


def say_test(account: Account, text: str, *, to: str) -> Message:
    """The same for a channel: these words to `to`, an address that the channel can write to."""
    message = _begun(_words_alone(account.kind), text, to)
    try:
        verdict = part(account.kind, "deliver").say(account, to, text).verdict
    except CannotOpen as error:
        return _ended(message, Status.FAILED, Reason.NOT_CONNECTED, str(error))
    if verdict.status == Status.SENT:
        return _ended(message, Status.SENT)
    return _ended(message, Status.FAILED, verdict.reason, verdict.detail)


def _words_alone(kind: str) -> Template:
    """The template of all tests of a channel: it says what the colleague writes."""
    known = {"name": _("Test of a channel"), "channel": kind, "is_marketing": False, "text": "{{ text }}"}
    return Template.objects.get_or_create(key=carriers.TEST.format(kind), defaults=known)[0]


def latest(template: Template, limit: int = 3) -> list[Message]:
    """The newest tests of this template; without what their page shows."""
    return list(Message.objects.filter(sender=TEST, template_id=template.pk).order_by("-id")[:limit])


def _begun(template: Template, subject: str, to: str, who: str = "") -> Message:
    """Whatever happens from here on: without an outcome it reads as in doubt, and nobody sends it again by itself."""
    now = timezone.now()
    return Message.objects.create(
        key=f"test:{uuid4()}",
        customer_id=0,
        channel=template.channel,
        template_id=template.pk,
        topic=template.topic,
        is_marketing=False,
        context={"as": int(who)} if who.isdecimal() else {},
        sender=TEST,
        status=Status.SENDING,
        history=[_entry(now, Status.SENDING)],
        address=to,
        subject=subject,
        due_at=now,
        created_at=now,
        claimed_at=now,
        handed_over_at=now,
        attempts=1,
    )


def _ended(message: Message, status: Status, reason: str = "", detail: str = "") -> Message:
    now = timezone.now()
    message.status, message.reason, message.detail = status, reason, detail[:500]
    message.sent_at = now if status == Status.SENT else None
    message.history = [*message.history, _entry(now, status, reason=reason, detail=message.detail)]
    message.save(update_fields=["status", "reason", "detail", "sent_at", "history"])
    return message


def _entry(at: datetime, status: Status, **words: str) -> dict[str, Any]:
    return {"at": at.isoformat(), "status": str(status)} | {name: text for name, text in words.items() if text}
