"""The ways a message can leave. Each is a folder with the same files: `address.py`, `compose.py`, `deliver.py`.

`address.py`  address_of(customer) and usable(address): what is written to, in the form the network takes
`compose.py`  compose(letter's facts) -> the bytes that leave
`deliver.py`  deliver(letters, begin) -> verdicts; `stays_inside()`: whether delivery is part of the database
              transaction; `closed()`: the verdict on everybody while nothing can be handed over, else None

`begin(letter)` is called right before the step that cannot be taken back; where it answers False the letter is
somebody else's by now and must not leave.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from karibu.customers.models import Customer
from karibu.messages.content import Content
from karibu.messages.models import Message
from karibu.messages.verdict import Verdict
from karibu.web.models import Shop

KINDS = ("email",)


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


Begin = Callable[[Letter], bool]


@dataclass(frozen=True)
class Channel:
    address_of: Callable[[Customer], str]
    usable: Callable[[str], str]
    compose: Callable[[Message, str, Content, Shop], Letter]
    stays_inside: Callable[[], bool]
    closed: Callable[[], Verdict | None]
    deliver: Callable[[Sequence[Letter], Begin], Iterator[tuple[Letter, Verdict]]]


@cache
def get(kind: str) -> Channel:
    """The channel of this kind. Raises LookupError for one that does not exist."""
    if kind not in KINDS:
        raise LookupError(f"There is no channel {kind!r}.")
    address, compose, deliver = (
        import_module(f"{__name__}.{kind}.{part}") for part in ("address", "compose", "deliver")
    )
    return Channel(
        address_of=address.address_of,
        usable=address.usable,
        compose=compose.compose,
        stays_inside=deliver.stays_inside,
        closed=deliver.closed,
        deliver=deliver.deliver,
    )
