"""What an entry of the left rail is."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One place in the rail: `icon` names a symbol of the icon set, `key` is pressed after `g`.

    `on_phone`: stands in the bottom bar of a phone (four do, "More" is the fifth). `also`: addresses that belong to it.
    """

    label: Any  # str or a lazy translation
    url: str
    icon: str
    key: str
    on_phone: bool = False
    also: tuple[str, ...] = ()
