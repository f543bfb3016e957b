"""The bytes of a mail: headers that cannot be broken out of, a plain-text and an HTML part."""

import time
from binascii import b2a_qp
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote, urlsplit

from karibu.messages import tokens
from karibu.messages.addresses import page, public_url
from karibu.messages.channels import Letter
from karibu.messages.channels.email import headers, keys, verp
from karibu.messages.content import Content
from karibu.messages.models import Message
from karibu.web.models import Shop

_LONGEST = 998  # letters of a line


def compose(message: Message, recipient: str, content: Content, shop: Shop) -> Letter:
    """The message as it leaves. The same message has the same Message-ID for ever (RFC 5322)."""
    sender = sender_of(shop)
    own = message_id(message.id)
    head = _head(message, own, sender, recipient, content, shop)
    raw = b"".join(["\r\n".join(head).encode(), *_alternatives(content, own[1:23])])
    return Letter.of(
        message,
        recipient=recipient,
        subject=content.subject,
        raw=keys.signed(raw, sender),
        sender=verp.return_path(message.id, sender),
    )


def _head(message: Message, own: str, sender: str, recipient: str, content: Content, shop: Shop) -> list[str]:
    utf8 = not recipient.isascii()
    head = [
        headers.address("From", sender, display=shop.sender_name or shop.name, utf8=utf8),
        headers.address("To", recipient, utf8=utf8),
        headers.line("Subject", content.subject, utf8=utf8),
        f"Date: {_date(int(time.time()))}",
        f"Message-ID: {own}",
        f"Feedback-ID: {_word(message.sender)}:{_word(message.topic)}:karibu",
    ]
    if shop.reply_to:
        head.append(headers.address("Reply-To", shop.reply_to, utf8=utf8))
    return head + (_ways_out(message, content, shop) if message.is_marketing else [])


def _ways_out(message: Message, content: Content, shop: Shop) -> list[str]:
    """RFC 8058: one click in the mail program is enough, and needs no page. RFC 2369: or a mail, where one is read."""
    ways = [f"<{content.way_out or page(tokens.UNSUBSCRIBE, message.id)}>"]
    if shop.unsubscribe_email:
        subject = f"unsubscribe {tokens.sign(tokens.UNSUBSCRIBE, message.id)}"
        ways.append(f"<mailto:{quote(shop.unsubscribe_email, safe='@')}?subject={quote(subject)}>")
    return ["List-Unsubscribe: " + ",\r\n ".join(ways), "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]


def _alternatives(content: Content, word: str) -> Iterator[bytes]:
    """The rest of the headers and the two parts (RFC 2046). The library's own way takes four times as long.

    `word` is signed: who wrote what stands in the parts could not know it.
    """
    boundary = f"=_{word}"
    yield f'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode()
    yield from _part(boundary, "plain", content.text)
    yield from _part(boundary, "html", _in_ascii(content.html))
    yield f"--{boundary}--\r\n".encode()


def _part(boundary: str, kind: str, text: str) -> Iterator[bytes]:
    if "\r" in text:
        text = "\n".join(text.splitlines())
    body = text.removesuffix("\n").encode().replace(b"\n", b"\r\n")
    encoding = "7bit" if text.isascii() and _travels(text) else "quoted-printable"
    if encoding != "7bit":
        body = b2a_qp(body + b"\r\n", istext=True).removesuffix(b"\r\n")
    head = f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    yield head.encode()
    yield body
    yield b"\r\n\r\n"


def _in_ascii(html: str) -> str:
    """Letters beyond ASCII as HTML's own references, where these are read as such: behind the style sheet."""
    if html.isascii() or not html[: max(html.rfind("</style>"), 0)].isascii():
        return html
    return html.encode("ascii", "xmlcharrefreplace").decode()


def _travels(text: str) -> bool:
    """Whether lines arrive as they are: no longer than RFC 5322 allows, and none that an old mailbox would change."""
    return not _has_long_line(text) and "\nFrom " not in text and not text.startswith("From ")


def _has_long_line(text: str) -> bool:
    """Goes from line break to line break in the longest steps that are allowed, which leaves out most of them."""
    start = 0
    while len(text) - start > _LONGEST:
        start = text.rfind("\n", start, start + _LONGEST + 1) + 1
        if not start:
            return True
    return False


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


def sender_of(shop: Shop) -> str:
    return shop.sender_email or f"shop@{domain()}"


def message_id(number: int) -> str:
    """Signed, so that a bounce or a reply that names it can be believed."""
    return f"<{tokens.sign('id', number)}@{domain()}>"


def domain() -> str:
    """The name that our own ids end in."""
    return _domain_of(public_url())


@lru_cache(maxsize=4)
def _domain_of(url: str) -> str:
    host = urlsplit(url).hostname or "localhost"
    return host if "." in host and not host.replace(".", "").isdigit() else "karibu.localhost"


@lru_cache(maxsize=1024)  # of a few senders and topics
def _word(text: str) -> str:
    """A part of Feedback-ID: no colons, no spaces."""
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in text)[:40]
