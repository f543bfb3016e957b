"""What an SMS says: plain text, and for marketing how to stop it.

A sender that people can answer is stopped by a word; a name (as in "DUKA") cannot be answered and gets a link. Which of
the two it is is known when it leaves (deliver.py), so both stand in the letter.
"""

import re

import msgspec

from karibu.messages import tokens
from karibu.messages.addresses import page
from karibu.messages.channels import Letter, keywords
from karibu.messages.channels.sms import segments
from karibu.messages.content import Content
from karibu.messages.models import Message, Template
from karibu.messages.status import Reason
from karibu.messages.verdict import Stopped, refused
from karibu.web.models import Shop


class Words(msgspec.Struct):
    """Everything an SMS may say."""

    text: str
    stop: str = ""  # the word
    link: str = ""


def compose(message: Message, recipient: str, content: Content, shop: Shop) -> Letter:
    text = segments.plain(content.text)
    if not text:
        raise ValueError("The message says nothing.")
    words = Words(text)
    if message.is_marketing:
        words.stop, words.link = keywords.way_out(message.template.language), page(tokens.UNSUBSCRIBE, message.id)
    if (parts := segments.size(f"{text}\n{words.link}").parts) > segments.MOST:
        raise Stopped(refused(Reason.TOO_LONG, f"{parts} SMS"))
    return Letter.of(message, recipient=recipient, subject=text[:120], raw=msgspec.json.encode(words))


def shown(text: str, template: Template) -> str:
    """The text as it would leave to somebody who can answer, with the words by which marketing is stopped."""
    stop = keywords.way_out(template.language) if template.is_marketing else ""
    return written(msgspec.json.encode(Words(segments.plain(text), stop)), can_be_answered=True)


def written(raw: bytes, *, can_be_answered: bool) -> str:
    """The text that leaves."""
    words = msgspec.json.decode(raw, type=Words)
    text = words.text
    if can_be_answered and words.stop and not re.search(r"\bSTOP\b", text, re.IGNORECASE):
        text = f"{text}\n{words.stop}"
    elif not can_be_answered and words.link and words.link not in text:
        text = f"{text}\n{words.link}"
    return text
