"""Handing SMS to the provider that is connected."""

from collections.abc import Iterator, Sequence
from types import ModuleType

from karibu.messages.channels import Begin, Letter, accounts, handing, receipts
from karibu.messages.channels.handing import Handed
from karibu.messages.channels.models import Account
from karibu.messages.channels.sms import compose, segments
from karibu.messages.channels.sms.account import provider
from karibu.messages.verdict import Verdict


def stays_inside() -> bool:
    return False


def closed() -> Verdict | None:
    return handing.closed("sms")


def deliver(letters: Sequence[Letter], begin: Begin) -> Iterator[tuple[Letter, Verdict]]:
    account = accounts.in_use("sms")
    if account is None:
        yield from ((letter, verdict) for letter in letters if (verdict := closed()))
        return
    who, answerable, hook = provider(account), can_be_answered(account), accounts.hook_url(account)

    def hand(letter: Letter) -> Handed:
        text = compose.written(letter.raw, can_be_answered=answerable)
        return _send(who, account, letter.recipient, text, receipts.reference(letter.message_id), hook, letter.attempt)

    yield from handing.deliver(account, letters, begin, hand)


def say(account: Account, address: str, text: str) -> Handed:
    """One text at once, outside of the queue: our answer to STOP, a colleague's test."""
    return _send(provider(account), account, address, text, "", accounts.hook_url(account), 1)


def _send(who: ModuleType, account: Account, to: str, text: str, reference: str, hook: str, attempt: int) -> Handed:
    call = who.call(account, to, text, reference, hook)
    handed: Handed = handing.make(call, who.meaning, attempt)
    return handing.sent(handed.provider_id, segments.size(text).parts) if handed.provider_id else handed


def can_be_answered(account: Account) -> bool:
    """A number or a short code can be written to; a name cannot."""
    return str(account.settings.get("from", "")).lstrip("+").isdigit() or bool(account.settings.get("service"))
