"""Who uses a template: upper apps say so, for the list of templates and before one is changed."""

from collections.abc import Callable, Collection

Users = dict[str, list[tuple[str, str]]]
Lister = Callable[[Collection[str]], Users]
_listers: list[Lister] = []


def register(lister: Lister) -> None:
    """`lister(template keys) -> {key: [(what it is called, its address)]}`."""
    if lister not in _listers:
        _listers.append(lister)


def of(keys: Collection[str]) -> Users:
    found: Users = {}
    for lister in _listers:
        for key, users in lister(keys).items():
            found.setdefault(key, []).extend(users)
    return found
