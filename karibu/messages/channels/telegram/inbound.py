"""What Telegram calls us with. https://core.telegram.org/bots/api#update"""

import hashlib
import hmac
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.utils import timezone

from karibu.consents.actions import record_consents
from karibu.consents.methods import Method
from karibu.consents.statement import EVERYTHING, GIVEN, Statement
from karibu.customers.models import Customer
from karibu.messages import tokens
from karibu.messages.channels.hearing import Asked, Forged, Heard
from karibu.messages.channels.models import Account, Inbound, Subscription
from karibu.messages.channels.received import Received
from karibu.messages.channels.telegram.account import LINK, secret_token
from karibu.messages.channels.telegram.deliver import leave


def read(account: Account, asked: Asked) -> Heard:
    given = asked.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
    if not hmac.compare_digest(given, secret_token(account)):
        raise Forged
    update, heard = asked.json, Heard()
    if message := update.get("message"):
        if (message.get("chat") or {}).get("type") == "private":
            _understand(account, heard, message)
    elif member := update.get("my_chat_member"):
        if (member.get("new_chat_member") or {}).get("status") in ("kicked", "left"):
            heard.deeds.append(partial(leave, str(member["chat"]["id"])))
    else:
        heard.unknown.append(", ".join(sorted(set(update) - {"update_id"})))
    return heard


def _understand(account: Account, heard: Heard, message: dict[str, Any]) -> None:
    chat, text = str(message["chat"]["id"]), str(message.get("text") or message.get("caption") or "")
    is_text = "text" in message
    command, _space, word = text.partition(" ")
    mark = tokens.read(LINK, word.strip()) if command == "/start" else None
    if mark:
        heard.deeds.append(partial(link_chat, chat, mark.message_id))
    heard.received.append(
        Received(
            provider_id=f"{chat}:{message['message_id']}",
            address=chat,
            name=str((message.get("from") or {}).get("first_name", "")),
            type="text" if is_text else "media",
            text="/start" if mark else text,  # the word is a key of the person's
            at=datetime.fromtimestamp(int(message["date"]), UTC),
            payload={} if is_text else message,
        )
    )


def link_chat(chat: str, customer_id: int) -> None:
    """Who follows the link that we gave to this customer, and presses Start, is them and wants to hear from us."""
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer and customer.merged_into:
        customer = Customer.objects.filter(pk=customer.merged_into).first()
    if customer is None or customer.erased_at:
        return
    now = timezone.now()
    Subscription.objects.update_or_create(
        kind="telegram",
        digest=hashlib.sha256(chat.encode()).hexdigest(),
        defaults={"customer_id": customer.pk, "endpoint": chat, "gone_at": None},
        create_defaults={"customer_id": customer.pk, "endpoint": chat, "since": now},
    )
    Inbound.objects.filter(kind="telegram", address=chat, customer_id=0).update(customer_id=customer.pk)
    statement = Statement(
        customer_id=customer.pk,
        channel="telegram",
        topic=EVERYTHING,
        status=GIVEN,
        method=Method.INBOUND_STOP,
        source="telegram message",
        evidence="pressed Start",
        at=now,
    )
    record_consents([statement])
