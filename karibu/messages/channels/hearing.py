"""A provider's call to us, as `inbound.py` of each channel reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from karibu.messages.channels.receipts import Word
from karibu.messages.channels.received import Received
from karibu.web.reading import read_json


class Forged(Exception):
    """Not signed by the provider."""


class NotNow(Exception):
    """Whether it is genuine cannot be said yet: the provider shall call again."""


class Unreadable(ValueError):
    """Genuine, and not what the provider is known to send."""


@dataclass(frozen=True)
class Asked:
    """`url` is our address as the provider knows it, with its query."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Raises Unreadable for what is no JSON object."""
        try:
            said = read_json(self.body)
        except ValueError as error:
            raise Unreadable("no JSON") from error
        if not isinstance(said, dict):
            raise Unreadable("no object")
        return said


@dataclass
class Heard:
    """What a call says, and what to answer. `deeds` are what else it asks for, `unknown` what we cannot read."""

    words: list[Word] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    deeds: list[Callable[[], None]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    answer: str = ""
    content_type: str = "text/plain"
