"""The ways a message can leave. Each is a folder with the same files.

`address.py`  addresses_of(customers) -> {customer id: what is written to}; usable(address) in the network's form, or ""
`compose.py`  compose(message, address, content, shop) -> Letter: everything that leaves
`deliver.py`  deliver(letters, begin) -> verdicts; `stays_inside()`: whether delivery is part of the database
              transaction; `closed()`: the verdict on everybody while nothing can be handed over, else None
`account.py`  PROVIDERS: who carries this channel, what each needs to be connected, how that is tried out
`inbound.py`  what the provider calls us with: whether it is genuine, statuses, messages that people wrote

`rules.py`    optional, the channel's own law: allows(cases, now) -> a verdict for each of these cases (gate/case.py),
              None for those it lets pass: one question for the whole group, asked by the gate after consent

What only the finished text shows (it is too long) `compose` says by raising verdict.Stopped.

E-mail without an account leaves over the installation's SMTP server, or stays in its mailbox.
`begin(letter)` is called right before the step that cannot be taken back; where it answers False the letter is
somebody else's by now and must not leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from karibu.messages.status import Reason

if TYPE_CHECKING:  # this package is an app of its own: it is loaded before there are models
    from karibu.customers.models import Customer
    from karibu.messages.content import Content
    from karibu.messages.gate.case import Case
    from karibu.messages.models import Message
    from karibu.messages.verdict import Verdict
    from karibu.web.models import Shop

KINDS = ("email", "sms", "whatsapp", "push", "telegram")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One message as it leaves: `raw` is every byte of it."""

    message_id: int
    customer_id: int
    channel: str
    claim: int  # which claim of the row this letter belongs to (Message.attempts)
    attempt: int  # 1 is the first; one more for each time the network asked to try later
    sender: str
    recipient: str
    subject: str
    raw: bytes

    @classmethod
    def of(cls, message: Message, *, recipient: str, subject: str, raw: bytes, sender: str = "") -> Letter:
        """The next letter of this message's row."""
        return cls(
            message_id=message.id,
            customer_id=message.customer_id,
            channel=message.channel,
            claim=message.attempts + 1,
            attempt=1 + sum(entry.get("reason") == Reason.RETRY for entry in message.history),
            sender=sender,
            recipient=recipient,
            subject=subject,
            raw=raw,
        )


class Begin(Protocol):
    """May these letters' last words go out? Asked right before (handover.Window)."""

    def __call__(self, letter: Letter) -> bool: ...

    def window(self, letters: Sequence[Letter]) -> set[int]:
        """As for one, for several at once: one commit. Answers whose may, by their message's id."""

    def settle(self) -> None:
        """Nothing will be begun for a moment: what came of the earlier ones is written down meanwhile."""


@dataclass(frozen=True)
class Channel:
    addresses_of: Callable[[Sequence[Customer]], dict[int, str]]
    usable: Callable[[str], str]
    allows: Callable[[Sequence[Case], datetime], Sequence[Verdict | None]]
    compose: Callable[[Message, str, Content, Shop], Letter]
    stays_inside: Callable[[], bool]
    closed: Callable[[], Verdict | None]
    deliver: Callable[[Sequence[Letter], Begin], Iterator[tuple[Letter, Verdict]]]


@cache
def get(kind: str) -> Channel:
    """The channel of this kind. Raises LookupError for one that does not exist."""
    if kind not in KINDS:
        raise LookupError(f"There is no channel {kind!r}.")
    address, compose, deliver = (part(kind, name) for name in ("address", "compose", "deliver"))
    rules = f"{__name__}.{kind}.rules"
    return Channel(
        addresses_of=address.addresses_of,
        usable=address.usable,
        allows=part(kind, "rules").allows if find_spec(rules) else _everything,
        compose=compose.compose,
        stays_inside=deliver.stays_inside,
        closed=deliver.closed,
        deliver=deliver.deliver,
    )


def part(kind: str, name: str) -> Any:
    """One file of a channel's folder."""
    return import_module(f"{__name__}.{kind}.{name}")


def _everything(cases: Sequence[Case], now: datetime) -> Sequence[Verdict | None]:
    """A channel without a law of its own lets every message pass."""
    return [None] * len(cases)
