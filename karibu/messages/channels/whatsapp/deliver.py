"""Handing messages to the WhatsApp Cloud API. https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from karibu.messages.channels import Begin, Letter, accounts, handing, receipts
from karibu.messages.channels.handing import Handed
from karibu.messages.channels.http import Answer, Call
from karibu.messages.channels.models import Account
from karibu.messages.channels.whatsapp.compose import Words
from karibu.messages.status import Reason
from karibu.messages.verdict import Verdict

# https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
_BUSY = frozenset({4, 80007, 130429, 131048, 131056})
_OURS = frozenset({0, 3, 10, 190, 368, 131005, 131031, 131042, 131045, 133010})
_PASSING = frozenset({1, 2, 131000, 131016, 131057})
_WINDOW = frozenset({131047})
NOT_THERE = frozenset({131026, 131030})
STOPPED = frozenset({131050})


def stays_inside() -> bool:
    return False


def closed() -> Verdict | None:
    return handing.closed("whatsapp")


def deliver(letters: Sequence[Letter], begin: Begin) -> Iterator[tuple[Letter, Verdict]]:
    account = accounts.in_use("whatsapp")
    if account is None:
        yield from ((letter, verdict) for letter in letters if (verdict := closed()))
        return

    def hand(letter: Letter) -> Handed:
        words = msgspec.json.decode(letter.raw, type=Words)
        call = _call(account, letter.recipient, words, receipts.reference(letter.message_id))
        return handing.make(call, meaning, letter.attempt)

    yield from handing.deliver(account, letters, begin, hand)


def say(account: Account, address: str, text: str) -> Handed:
    """One free text at once: our answer to STOP, a test. It arrives within 24 hours of the person's last message."""
    return handing.make(_call(account, address, Words(text)), meaning)


def _call(account: Account, to: str, words: Words, reference: str = "") -> Call:
    said: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": to.lstrip("+")}
    if reference:
        said["biz_opaque_callback_data"] = reference
    if words.template:
        said |= {"type": "template", "template": _template(words)}
    else:
        said |= {"type": "text", "text": {"body": words.text, "preview_url": "://" in words.text}}
    url = f"{account.base_url}/{account.settings['phone_number_id']}/messages"
    return Call(url=url, headers={"Authorization": f"Bearer {account.secrets['access_token']}"}, json=said)


def _template(words: Words) -> dict[str, Any]:
    values = [
        {"type": "text", "text": value, **({} if name.isdigit() else {"parameter_name": name})}
        for name, value in words.values
    ]
    parts = [{"type": "body", "parameters": values}] if values else []
    return {"name": words.template, "language": {"code": words.language}, "components": parts}


def meaning(answer: Answer, attempt: int) -> Handed:
    taken = answer.json.get("messages") or []
    if answer.is_good and taken:
        return handing.sent(str(taken[0].get("id", "")))
    error = answer.json.get("error") or {}
    code = int(error.get("code") or 0)
    words = f"{code}: {error.get('message') or f'HTTP {answer.status}'}"
    if code in _BUSY:
        return handing.later(attempt, words)
    if code in _OURS or 200 <= code < 300 or answer.status in (401, 403):
        return handing.misconfigured(words)
    if code in _PASSING:
        return handing.later(attempt, words)
    if code in _WINDOW:
        return handing.refused(words, reason=Reason.OUTSIDE_WINDOW)
    return handing.refused(words, bounced=code in NOT_THERE)
