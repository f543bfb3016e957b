"""How the simulated shoppers read their mail: from the built-in mailbox, following the very links that stand in it."""

import email
import email.policy
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

from karibu.demo.mails import BROWSER
from karibu.messages.models import Mail, Message

TIMEOUT = 10.0
_LINK = re.compile(r'https?://[^\s"<>]+/m/c/[\w-]+')


@dataclass(frozen=True)
class Reminder:
    """A mail about a left cart: `link` is the first tracked link in it."""

    cart_id: str
    link: str


class Mailbox:
    """Remembers which mails have been seen; those from before it began are old news."""

    def __init__(self) -> None:
        self.seen = -1

    def news(self) -> list[Reminder]:
        seen: int = self.seen
        if seen < 0:
            newest = Mail.objects.order_by("-pk").first()
            seen = int(newest.pk) if newest else 0
        found = []
        self.seen = seen
        for mail in Mail.objects.filter(pk__gt=seen).order_by("pk")[:100]:
            self.seen = int(mail.pk)
            if reminder := _reminder(mail):
                found.append(reminder)
        return found


def follow(link: str, url: str) -> str:
    """Clicks: asks our server (at `url`, whatever name the mail gives it) and returns the reference it hands on."""
    request = urllib.request.Request(url + urlsplit(link).path, headers={"User-Agent": BROWSER})  # noqa: S310
    opener = urllib.request.build_opener(_Stay)
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            target = answer.headers.get("Location", "")
    except urllib.error.HTTPError as answer:
        target = answer.headers.get("Location", "")
    return str(parse_qs(urlsplit(target).query).get("k_m", [""])[0])


class _Stay(urllib.request.HTTPRedirectHandler):
    """The answer to a click says where to go; going there is not needed."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def _reminder(mail: Mail) -> Reminder | None:
    if mail.message_id is None:
        return None
    context = Message.objects.filter(pk=mail.message_id).values_list("context", flat=True).first() or {}
    cart_id, link = str(context.get("cart_id", "")), _first_link(bytes(mail.raw))
    return Reminder(cart_id, link) if cart_id and link else None


def _first_link(raw: bytes) -> str:
    message: Any = email.message_from_bytes(raw, policy=email.policy.default)
    body = message.get_body(("html", "plain"))
    found = _LINK.search(body.get_content()) if body else None
    return found[0] if found else ""
