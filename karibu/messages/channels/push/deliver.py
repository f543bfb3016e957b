"""Handing notifications to browsers' push services (RFC 8030), encrypted for each browser (RFC 8291)."""

import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from py_vapid import Vapid02
from pywebpush import WebPusher

from karibu.messages.channels import Begin, Letter, accounts, guard, handing, receipts
from karibu.messages.channels.handing import Handed
from karibu.messages.channels.http import Answer
from karibu.messages.channels.models import Account, Subscription
from karibu.messages.channels.push.address import numbers
from karibu.messages.status import Status
from karibu.messages.verdict import Verdict

KEPT = 4 * 3600  # seconds that a push service keeps a notification for a browser that is off
_GONE = (404, 410)


def stays_inside() -> bool:
    return False


def closed() -> Verdict | None:
    return handing.closed("push")


def deliver(letters: Sequence[Letter], begin: Begin) -> Iterator[tuple[Letter, Verdict]]:
    """One letter goes to all of a person's browsers; that one of them has it is enough."""
    account = accounts.in_use("push")
    if account is None:
        yield from ((letter, verdict) for letter in letters if (verdict := closed()))
        return
    wanted = {number for letter in letters for number in numbers(letter.recipient)}
    browsers = Subscription.objects.filter(gone_at=None).in_bulk(wanted)
    gone: list[int] = []

    def hand(letter: Letter) -> Handed:
        theirs = [browsers[number] for number in numbers(letter.recipient) if number in browsers]
        return _to_all(account, theirs, letter, gone)

    for letter, verdict in handing.deliver(account, letters, begin, hand):
        forget(gone)
        yield letter, verdict


def forget(gone: list[int]) -> None:
    """These browsers do not exist any more."""
    if gone:
        Subscription.objects.filter(pk__in=gone, gone_at=None).update(gone_at=timezone.now())
        gone.clear()


def _to_all(account: Account, browsers: Sequence[Subscription], letter: Letter, gone: list[int]) -> Handed:
    topic = receipts.reference(letter.message_id)  # the same message again replaces what has not been fetched yet
    came = [_to(account, one, letter.raw, topic, letter.attempt, gone) for one in browsers]
    for status in (Status.SENT, Status.FAILED, Status.HELD):
        # A doubt about one browser is a doubt about the message: it is not sent again by itself.
        for handed in came:
            if handed.verdict.status == status and (status != Status.FAILED or handed.verdict.reason != "rejected"):
                return handed
    return handing.refused(came[0].verdict.detail if came else "no browser is left")


def _to(account: Account, browser: Subscription, raw: bytes, topic: str, attempt: int, gone: list[int]) -> Handed:
    def call() -> Answer:
        return guard.post(browser.endpoint, *sealed_for(account, browser, raw, topic))

    def meaning(answer: Answer, attempt: int) -> Handed:
        if answer.is_good:
            return handing.sent(answer.headers.get("Location", "")[-200:])
        words = f"HTTP {answer.status}: {answer.body[:200].decode('utf-8', 'replace')}"
        if answer.status in _GONE:
            gone.append(browser.pk)
        elif answer.status in (401, 403):
            return handing.misconfigured(words)
        return handing.refused(words)

    try:
        return handing.make(call, meaning, attempt)
    except guard.Forbidden as error:
        gone.append(browser.pk)
        return handing.refused(str(error))


def sealed_for(account: Account, browser: Subscription, raw: bytes, topic: str = "") -> tuple[bytes, dict[str, str]]:
    """The body that only this browser can read, and the headers. Raises guard.Forbidden for keys that are none."""
    try:
        body = WebPusher({"endpoint": browser.endpoint, "keys": browser.keys}).encode(raw, "aes128gcm")["body"]
    except Exception as error:  # the library has no word of its own for a point that is not on the curve
        raise guard.Forbidden("The browser's keys are not valid.") from error
    parts = urlsplit(browser.endpoint)
    claims: dict[str, Any] = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + 12 * 3600,
        "sub": f"mailto:{account.settings['contact']}",
    }
    signed = Vapid02.from_raw(account.secrets["private_key"].encode()).sign(claims)
    headers = {"Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "TTL": str(KEPT)}
    return body, {**headers, **signed, **({"Topic": topic} if topic else {}), "Urgency": "normal"}
