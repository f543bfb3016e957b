"""What people write to us: kept once, told to the log, and STOP, START and HELP done at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa
from django.db import transaction
from django.utils import timezone

from karibu.consents import blocked, queries
from karibu.consents.actions import record_consents, suppress
from karibu.consents.methods import Method
from karibu.consents.models import Suppression
from karibu.consents.statement import EVERYTHING, GIVEN, WITHDRAWN, Statement
from karibu.customers import addresses
from karibu.customers.models import Identity
from karibu.customers.raw import cursor
from karibu.events import made
from karibu.events.wake import wake
from karibu.messages.channels import keywords
from karibu.messages.channels.models import Account, Inbound, Subscription
from karibu.messages.facts import the_shop
from karibu.messages.sent import SOURCE

NAME = "Message Received"
MOST = 20_000  # letters of a text that are kept


@dataclass(frozen=True, kw_only=True)
class Received:
    """One message as a provider reports it.

    `is_answered`: the provider has answered STOP and the like by itself, or we must not. `can_agree`: START counts,
    as nobody else can write from that address.
    """

    provider_id: str
    address: str
    text: str
    at: datetime
    name: str = ""
    type: str = "text"
    answers: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    is_answered: bool = False
    can_agree: bool = True


def take(account: Account, heard: Sequence[Received]) -> int:
    """Keeps those that are new; returns how many were. Whoever was erased is not written down again."""
    gone = blocked.erased({one.address for one in heard})
    with transaction.atomic():
        known = _customers(account.kind, {one.address for one in heard})
        kept = [
            row
            for one in heard
            if one.address not in gone and (row := _keep(account, one, known.get(one.address, 0))) is not None
        ]
        _tell(account, [row for row in kept if row.customer_id])
        if any(row.reply_state for row in kept):
            wake("replies")
    return len(kept)


def _customers(kind: str, written: set[str]) -> dict[str, int]:
    """Whose these addresses are: a phone number and an e-mail address are identities, anything else a subscription."""
    if kind in ("sms", "whatsapp"):
        keys = {addresses.phone_key(one): one for one in written}
        rows = Identity.objects.filter(kind=Identity.Kind.PHONE, value__in=keys).values_list("value", "customer_id")
        return {keys[value]: customer for value, customer in rows}
    if kind == "email":
        rows = Identity.objects.filter(kind=Identity.Kind.EMAIL, value__in=written).values_list("value", "customer_id")
        return dict(rows)
    theirs = Subscription.objects.filter(kind=kind, endpoint__in=written)
    return dict(theirs.values_list("endpoint", "customer_id"))


def _keep(account: Account, one: Received, customer: int) -> Inbound | None:
    keyword = keywords.read(one.text) if one.type == "text" else None
    row, is_new = Inbound.objects.get_or_create(
        account=account,
        provider_id=one.provider_id[:200],
        defaults={
            "kind": account.kind,
            "customer_id": customer,
            "address": one.address[:300],
            "name": one.name[:200],
            "type": one.type[:30],
            "text": one.text[:MOST].replace("\0", ""),
            "payload": one.payload,
            "answers": one.answers[:200],
            "keyword": keyword.kind if keyword else "",
            "at": one.at,
        },
    )
    if not is_new:
        return None
    if keyword:
        _obey(row, keyword, one)
    return row


def _obey(row: Inbound, keyword: keywords.Keyword, one: Received) -> None:
    """What the word asks for, and our one answer to it. Who stops twice is answered once."""
    was_stopped = bool(queries.suppressed(row.kind, [row.address]))
    if keyword.kind == keywords.STOP:
        stop(row)
    elif keyword.kind == keywords.START and one.can_agree:
        _start(row)
    if one.is_answered or (keyword.kind == keywords.STOP and was_stopped):
        return
    shop = the_shop()
    contact = shop.reply_to or shop.sender_email or shop.url
    row.reply, row.reply_state = keywords.answer(keyword, shop.name, contact), Inbound.Reply.WANTED
    row.save(update_fields=["reply", "reply_state"])


def stop(row: Inbound) -> None:
    """Withdrawn, and the address blocked for this channel: also where we do not know whose it is."""
    _state(row, WITHDRAWN)
    suppress(row.kind, [row.address], Suppression.Reason.UNSUBSCRIBED, at=row.at)


def _start(row: Inbound) -> None:
    """Their own later word. It lifts what their STOP had blocked, and no block of another reason."""
    value = queries.normalise(row.kind, row.address)
    mine = Suppression.objects.filter(channel=row.kind, value=value, lifted_at=None)
    mine.filter(reason=Suppression.Reason.UNSUBSCRIBED).update(lifted_at=timezone.now(), lifted_by="the person")
    _state(row, GIVEN)


def _state(row: Inbound, status: str) -> None:
    if not row.customer_id:
        return
    statement = Statement(
        customer_id=row.customer_id,
        channel=row.kind,
        topic=EVERYTHING,
        status=status,
        method=Method.INBOUND_STOP,
        source=f"{row.kind} message",
        wording=row.text[:200],
        evidence=f"inbound {row.pk}",
        at=timezone.now(),  # as they arrive: providers' times are whole seconds
    )
    record_consents([statement])


def _tell(account: Account, rows: Sequence[Inbound]) -> None:
    """As events of the log, without the words: those stay in one place."""
    if not rows:
        return
    told = [{"inbound_id": row.pk, "type": row.type, "keyword": row.keyword} for row in rows]
    columns = {
        "message_id": pa.array([f"inbound-{row.pk}" for row in rows]),
        "customer": pa.array([row.customer_id for row in rows]),
        "name": NAME,
        "time": pa.array([row.at for row in rows]),
        "source": SOURCE,
        "channel": account.kind,
        "properties": pa.array([msgspec.json.encode(one).decode() for one in told]),
    }
    made.record(cursor(), len(rows), columns, timezone.now())
