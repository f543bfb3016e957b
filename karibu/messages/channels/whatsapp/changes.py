"""What WhatsApp tells us besides messages: what a person wishes, what they took back, how the account stands."""

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from karibu.messages.channels import keywords, received
from karibu.messages.channels.models import Account, Inbound
from karibu.messages.channels.received import Received
from karibu.messages.channels.whatsapp.words import text_of

_GRAVE = ("ACCOUNT_DELETED", "ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION", "DISABLED_UPDATE", "PARTNER_REMOVED")
_WISHES = {"stop": keywords.STOP, "resume": keywords.START, "signup": keywords.START}


def follow(account: Account, message: dict[str, Any]) -> None:
    """Who takes a message back has it taken out here, too; an edited one says what it says now."""
    kind = str(message["type"])
    original = Inbound.objects.filter(account=account, provider_id=message[kind].get("original_message_id"))
    if kind == "revoke":
        original.update(text="", payload={}, type="revoked")
    else:
        original.update(text=text_of(message))


def note_wish(account: Account, wish: dict[str, Any]) -> None:
    """The switch for offers in the person's own WhatsApp: as good as the word STOP, and WhatsApp has answered."""
    from karibu.messages.channels.whatsapp.inbound import number_of

    value, seconds = str(wish.get("value")), int(wish.get("timestamp") or 0)
    if value not in _WISHES:
        return
    one = Received(
        provider_id=f"wish {wish.get('wa_id')} {value} {seconds}",
        address=number_of(wish.get("wa_id")),
        text=_WISHES[value].upper(),
        at=datetime.fromtimestamp(seconds, UTC),
        payload=wish,
        is_answered=True,
    )
    received.take(account, [one])


def note_account(account: Account, value: dict[str, Any]) -> None:
    """What endangers sending is shown; the rest is news for the business manager."""
    event = str(value.get("event", ""))
    if event in _GRAVE:
        note_trouble(account, event)


def note_trouble(account: Account, words: str) -> None:
    Account.objects.filter(pk=account.pk).update(trouble=words[:500], trouble_at=timezone.now())
