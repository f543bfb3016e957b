"""What an entry of the left rail is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One place in the rail: `icon` names a symbol of the icon set, `key` is pressed after `g`."""

    label: str
    url: str
    icon: str
    key: str
    on_phone: bool = False
