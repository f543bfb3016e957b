"""Cards on the home page that other apps put there: the sample shop's way in, for one."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.functional import Promise


@dataclass(frozen=True)
class Card:
    """`links` are (label, address) pairs; the first is the primary one."""

    title: str | Promise
    text: str | Promise
    icon: str
    links: tuple[tuple[str | Promise, str], ...] = field(default_factory=tuple)


Dealer = Callable[[], Card | None]
_dealers: list[Dealer] = []


def register(dealer: Dealer) -> None:
    """`dealer()` is asked on each visit: one cheap query at most; None shows nothing."""
    if dealer not in _dealers:
        _dealers.append(dealer)


def on_the_table() -> list[Card]:
    return [card for dealer in _dealers if (card := dealer())]
