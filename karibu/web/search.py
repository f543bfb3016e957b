"""The search of the top bar: every app may register a searcher; the shell shows what they find."""

from collections.abc import Callable
from dataclasses import dataclass

from karibu.web.models import User


@dataclass(frozen=True)
class Hit:
    """One thing found: `kind` is the heading it stands under ("Customers"), `icon` a symbol of the icon set."""

    kind: str
    title: str
    url: str
    detail: str = ""
    icon: str = "search"


Searcher = Callable[[str, User], list[Hit]]
_searchers: list[Searcher] = []


def register(searcher: Searcher) -> None:
    """`searcher(text, user)` answers at once (well under 100 ms), with its best few hits first."""
    if searcher not in _searchers:
        _searchers.append(searcher)


def find(text: str, user: User) -> dict[str, list[Hit]]:
    """What all searchers find, by kind, in the order they were registered."""
    found: dict[str, list[Hit]] = {}
    if text := text.strip():
        for searcher in _searchers:
            for hit in searcher(text, user):
                found.setdefault(hit.kind, []).append(hit)
    return found
