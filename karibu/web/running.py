"""What is running now (imports, sends), for the top bar. Every app may register a lister."""

from collections.abc import Callable
from dataclasses import dataclass

from karibu.web.models import User


@dataclass(frozen=True)
class Running:
    """One piece of long work: `done` of `total` (None where the end is not known)."""

    title: str
    url: str
    done: int = 0
    total: int | None = None

    @property
    def percent(self) -> int | None:
        return None if not self.total else min(100, self.done * 100 // self.total)


Lister = Callable[[User], list[Running]]
_listers: list[Lister] = []


def register(lister: Lister) -> None:
    """`lister(user)` is asked on each page: one indexed query, no more."""
    if lister not in _listers:
        _listers.append(lister)


def now(user: User) -> list[Running]:
    return [running for lister in _listers for running in lister(user)]
