"""What a notification says: a title, some words, and where a click on it leads."""

import re

import msgspec

from karibu.messages.channels import Letter
from karibu.messages.content import Content
from karibu.messages.models import Message
from karibu.messages.status import Reason
from karibu.messages.verdict import Stopped, refused
from karibu.web.models import Shop

MOST = 3000  # bytes; what every push service takes after encryption (RFC 8291: 4096 less its overhead)
_URL = re.compile(r"https?://\S+")


class Words(msgspec.Struct):
    """What the service worker shows (static/channels/push-worker.js). `tag`: the same again replaces what is shown."""

    title: str
    body: str
    url: str
    tag: str


def compose(message: Message, recipient: str, content: Content, shop: Shop) -> Letter:
    """The first link of the text is where a click leads; it is not shown."""
    link = _URL.search(content.text)
    url = link[0] if link else shop.url
    body = _URL.sub("", content.text, count=1).strip() if link else content.text.strip()
    title = content.subject or shop.name
    raw = msgspec.json.encode(Words(title, body, url, f"karibu-{message.id}"))
    if len(raw) > MOST:
        raise Stopped(refused(Reason.TOO_LONG, f"{len(raw)} > {MOST}"))
    return Letter.of(message, recipient=recipient, subject=title, raw=raw)
