"""Handing messages to Telegram's Bot API. https://core.telegram.org/bots/api#sendmessage"""

from collections.abc import Iterator, Sequence

from django.utils import timezone

from karibu.messages.channels import Begin, Letter, accounts, handing
from karibu.messages.channels.handing import Handed
from karibu.messages.channels.http import Answer, Call
from karibu.messages.channels.models import Account, Subscription
from karibu.messages.status import Reason
from karibu.messages.verdict import Verdict


def stays_inside() -> bool:
    return False


def closed() -> Verdict | None:
    return handing.closed("telegram")


def deliver(letters: Sequence[Letter], begin: Begin) -> Iterator[tuple[Letter, Verdict]]:
    account = accounts.in_use("telegram")
    if account is None:
        yield from ((letter, verdict) for letter in letters if (verdict := closed()))
        return

    def hand(letter: Letter) -> Handed:
        return handing.make(call(account, "sendMessage", _said(letter)), meaning, letter.attempt)

    for letter, verdict in handing.deliver(account, letters, begin, hand):
        if verdict.reason == Reason.REJECTED:
            leave(letter.recipient)
        yield letter, verdict


def say(account: Account, address: str, text: str) -> Handed:
    return handing.make(call(account, "sendMessage", {"chat_id": int(address), "text": text}), meaning)


def leave(chat: str) -> None:
    """The person has blocked the bot, or the chat is no more."""
    Subscription.objects.filter(kind="telegram", endpoint=chat, gone_at=None).update(gone_at=timezone.now())


def _said(letter: Letter) -> dict[str, object]:
    return {"chat_id": int(letter.recipient), "text": letter.raw.decode()}


def call(account: Account, method: str, said: dict[str, object] | None = None) -> Call:
    """The address holds the key: it stands in no log."""
    return Call(url=f"{account.base_url}/bot{account.secrets['bot_token']}/{method}", json=said or {})


def meaning(answer: Answer, attempt: int) -> Handed:
    said = answer.json
    if said.get("ok"):
        return handing.sent(str((said.get("result") or {}).get("message_id", "")))
    code, words = int(said.get("error_code") or answer.status), str(said.get("description") or answer.status)
    if code in (401, 404):
        return handing.misconfigured(words)
    # 403: the person blocked the bot; 400: chat not found, or a text that it does not take.
    return handing.refused(words, reason=Reason.REJECTED if code == 403 or "chat" in words else Reason.TEMPLATE_ERROR)
