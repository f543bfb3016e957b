"""What leaves by WhatsApp: free text within the window, and outside of it the approved template that says the same."""

import msgspec
from django.utils import timezone

from karibu.messages.channels import Letter, keywords
from karibu.messages.channels.whatsapp import templates
from karibu.messages.channels.whatsapp.window import Law, laws
from karibu.messages.content import Content
from karibu.messages.models import Message
from karibu.messages.status import Reason
from karibu.messages.verdict import Stopped, refused
from karibu.web.models import Shop

MOST = 4096  # letters of a text
_LAW = "_whatsapp_law"


class Words(msgspec.Struct):
    """Free text, or a template by name with its values: as pairs, since holes may have names."""

    text: str
    template: str = ""
    language: str = ""
    values: list[tuple[str, str]] = msgspec.field(default_factory=list)


def note(message: Message, law: Law) -> None:
    """What the gate has found out for the whole group, so that each letter need not ask."""
    setattr(message, _LAW, law)


def compose(message: Message, recipient: str, content: Content, shop: Shop) -> Letter:
    """Raises verdict.Stopped for what WhatsApp's law forbids now."""
    text = content.text.strip()
    if not text:
        raise ValueError("The message says nothing.")
    law: Law = getattr(message, _LAW, None) or laws([recipient], timezone.now())[recipient]
    words = _freely(message, text) if law.is_open else _by_template(message, text, law)
    return Letter.of(message, recipient=recipient, subject=text[:120], raw=msgspec.json.encode(words))


def _freely(message: Message, text: str) -> Words:
    if message.is_marketing and "STOP" not in text.upper():
        text = f"{text}\n\n{keywords.way_out(message.template.language)}"
    if len(text) > MOST:
        raise Stopped(refused(Reason.TOO_LONG, f"{len(text)} > {MOST}"))
    return Words(text)


def _by_template(message: Message, text: str, law: Law) -> Words:
    found = templates.fitting(text, law.approved, message.template.language)
    if found is None:
        raise Stopped(refused(Reason.OUTSIDE_WINDOW, law.sentence))
    template, values = found
    return Words(text, template.name, template.language, values)
