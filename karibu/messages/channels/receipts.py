"""What providers say of messages that they took: accepted, delivered, read, failed. Each word counts once.

They may come twice, in any order, and before we have written down ourselves that the message left. A word that names
our own reference clears up a hand-over that was in doubt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import pyarrow as pa
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from karibu.consents.actions import suppress
from karibu.consents.models import Suppression
from karibu.customers.raw import cursor
from karibu.events import made
from karibu.messages import tokens, verdict
from karibu.messages.channels.models import Account, Receipt
from karibu.messages.models import Message
from karibu.messages.sent import SOURCE
from karibu.messages.status import Reason, Status
from karibu.messages.verdict import SENT, Outcome, failed

RECEIPT = "r"  # the purpose of our signed reference (tokens.py)
State = Receipt.State
_RANK = {State.ACCEPTED: 0, State.FAILED: 1, State.DELIVERED: 2, State.READ: 3}
_EVENTS = {State.DELIVERED: "Message Delivered", State.READ: "Message Opened", State.FAILED: "Message Failed"}


@dataclass(frozen=True, kw_only=True)
class Word:
    """`bounced`: the address does not exist. `refused_by`: the person has told the provider to stop."""

    provider_id: str
    state: State
    reference: str = ""  # what we gave the provider to hand back: reference()
    detail: str = ""
    bounced: bool = False
    refused_by_person: bool = False
    at: datetime | None = None


def reference(message_id: int) -> str:
    return tokens.sign(RECEIPT, message_id)


# Who was erased meanwhile gets no receipt. A word that came before this keeps its state.
_ACCEPTED = """
    INSERT INTO channels_receipt AS r (message_id, account_id, provider_id, state, parts, at)
    SELECT id, %s, %s, 'accepted', %s, %s FROM messages_message WHERE id = %s AND key <> 'erased:' || id
    ON CONFLICT (message_id) DO UPDATE SET account_id = excluded.account_id, provider_id = excluded.provider_id,
        parts = excluded.parts, at = excluded.at,
        state = CASE WHEN r.provider_id = excluded.provider_id THEN r.state ELSE excluded.state END"""


def accepted(account: Account, message_id: int, provider_id: str, parts: int = 1) -> None:
    """The provider took this message and calls it so."""
    with connection.cursor() as raw:
        raw.execute(_ACCEPTED, [account.pk, provider_id[:200], parts, timezone.now(), message_id])


def take(account: Account, words: Sequence[Word]) -> int:
    """Writes down what is news in these; returns how many were."""
    with transaction.atomic():
        found = _receipts(account, words)
        news = [(found[word], word) for word in words if word in found and _is_news(found[word], word)]
        for receipt, word in news:
            receipt.state, receipt.at = word.state, word.at or timezone.now()
        Receipt.objects.bulk_update([receipt for receipt, _ in news], ["state", "at"])
        messages = Message.objects.select_for_update().in_bulk([receipt.message_id for receipt, _ in news])
        told = [(messages[r.message_id], word) for r, word in news if r.message_id in messages]
        _settle(account, told)
        _tell(account, [(message, word) for message, word in told if not message.is_erased])
    return len(news)


def _is_news(receipt: Receipt, word: Word) -> bool:
    return _RANK[word.state] > _RANK[State(receipt.state)]


def _receipts(account: Account, words: Sequence[Word]) -> dict[Word, Receipt]:
    """Which message each word is about: by our own reference, else by the provider's id."""
    named = {word: mark.message_id for word in words if (mark := tokens.read(RECEIPT, word.reference))}
    _make_missing(account, named)
    ids = {word.provider_id for word in words if word not in named} - {""}
    rows = Receipt.objects.select_for_update().filter(
        Q(message_id__in=named.values()) | Q(account=account, provider_id__in=ids)
    )
    by_id, by_message = {}, {}
    for row in rows.order_by("message_id"):
        by_id[row.provider_id], by_message[row.message_id] = row, row
    found = {word: by_message.get(named[word]) if word in named else by_id.get(word.provider_id) for word in words}
    return {word: row for word, row in found.items() if row}


def _make_missing(account: Account, named: dict[Word, int]) -> None:
    there = set(Receipt.objects.filter(message_id__in=named.values()).values_list("message_id", flat=True))
    for word, message_id in named.items():
        if message_id not in there:
            accepted(account, message_id, word.provider_id)


def _settle(account: Account, told: Iterable[tuple[Message, Word]]) -> None:
    """The messages' own rows follow: a failure after it was sent, or the end of a doubt."""
    now = timezone.now()
    arrived, lost, bounced, refused = [], [], [], []
    for message, word in told:
        in_doubt = message.status == Status.FAILED and message.reason == Reason.UNKNOWN_OUTCOME
        if word.state == State.FAILED:
            lost.append(Outcome(message.pk, failed(Reason.REJECTED, word.detail), message.customer_id))
            bounced += [message.address] if word.bounced else []
            refused += [message.address] if word.refused_by_person else []
        elif in_doubt or message.status == Status.SENDING:
            arrived.append(Outcome(message.pk, SENT, message.customer_id))
    verdict.record(arrived, now, before=[Status.FAILED, Status.SENDING])
    verdict.record(lost, now, before=[Status.SENT, Status.SENDING, Status.FAILED])
    suppress(account.kind, filter(None, bounced), Suppression.Reason.HARD_BOUNCE)
    suppress(account.kind, filter(None, refused), Suppression.Reason.UNSUBSCRIBED)
    read = [message.pk for message, word in told if word.state == State.READ]
    Message.objects.filter(pk__in=read, opened_at=None).update(opened_at=now)


def _tell(account: Account, told: Sequence[tuple[Message, Word]]) -> None:
    """As events of the log, in this transaction."""
    if not told:
        return
    now = timezone.now()
    columns = {
        "message_id": pa.array([f"{word.state}-{message.pk}" for message, word in told]),
        "customer": pa.array([message.customer_id for message, _ in told]),
        "name": pa.array([_EVENTS[word.state] for _, word in told]),
        "time": pa.array([word.at or now for _, word in told]),
        "source": SOURCE,
        "channel": account.kind,
        "properties": pa.array([_properties(message) for message, _ in told]),
    }
    made.record(cursor(), len(told), columns, now)


def _properties(message: Message) -> str:
    facts = {"message_id": message.pk, "sender": message.sender, "template": message.template_id}
    return msgspec.json.encode(facts).decode()
