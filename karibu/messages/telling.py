"""What this app tells a person about themselves: what was written to them, and what came of it."""

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from karibu.consents.access import Part
from karibu.consents.person import Person
from karibu.consents.tellers import rows
from karibu.messages.models import Mail, Message, Visit


def from_messages(person: Person) -> Iterator[Part]:
    mine = Message.objects.filter(customer_id__in=person.family)
    yield Part("messages", _("What we wrote to you"), rows(mine))
    yield Part("reactions", _("What you opened and followed"), rows(Visit.objects.filter(message__in=mine)))
    to_them = Q(message_id__in=mine.values("id"))
    for address in (text for text in person.identifiers if "@" in text):
        to_them |= Q(recipient__iexact=address)
    mails = Mail.objects.filter(to_them)
    yield Part("mails", _("The mails themselves"), ({**row, "raw": _text(row["raw"])} for row in rows(mails)))


def _text(raw: bytes | memoryview) -> str:
    return bytes(raw).decode("utf-8", "replace")
