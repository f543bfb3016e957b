"""What stands on the settings page. Every app may register a place of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """One settings page: what it is for, who may open it (the owner always may), and where it stands in the order."""

    label: Any  # str or a lazy translation
    text: Any
    url: str
    icon: str
    roles: tuple[str, ...] = ()
    order: int = 50


_settings: list[Setting] = []
_followers: list[Callable[[str], object]] = []


def register(setting: Setting) -> None:
    if setting not in _settings:
        _settings.append(setting)


def open_to(role: str) -> list[Setting]:
    """The pages that `role` may open, in order."""
    mine = [one for one in _settings if role == "owner" or role in one.roles]
    return sorted(mine, key=lambda one: one.order)


def follow_currency(follower: Callable[[str], object]) -> None:
    """`follower` is called with the shop's new currency, in the transaction that changes it and before the change."""
    if follower not in _followers:
        _followers.append(follower)


def announce_currency(currency: str) -> None:
    for follower in _followers:
        follower(currency)
