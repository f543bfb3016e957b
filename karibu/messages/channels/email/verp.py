"""The address that a bounce of one mail comes back to: bounces+<signed word>@shop.example (VERP).

So a bounce names its message, and by it the recipient, whatever else its text holds. The word is the message's number
and a keyed hash in base32, since some servers change the case of what stands before the @.
"""

import base64
import binascii
import re
import time
from functools import lru_cache

from karibu.messages import tokens
from karibu.messages.channels.email.models import BounceBox

PURPOSE = "b"
FRESH = 30  # seconds until a sender sees another bounce address
_WORD = re.compile(r"\+([a-z2-7]{26})@", re.IGNORECASE)


def return_path(message_id: int, otherwise: str) -> str:
    """Where this message's bounces go; `otherwise`, while the shop has no address for them."""
    address = _address(int(time.monotonic() / FRESH))
    local, _, domain = address.rpartition("@")
    return f"{local}+{written(message_id)}@{domain}" if local else otherwise


def written(message_id: int) -> str:
    word = base64.urlsafe_b64decode(tokens.sign(PURPOSE, message_id) + "==")
    return base64.b32encode(word).decode().rstrip("=").lower()


def message_of(text: str) -> int | None:
    """The message that an address in this text was signed for."""
    for found in _WORD.findall(text):
        try:
            raw = base64.b32decode(found.upper() + "======")
        except binascii.Error:
            continue
        if mark := tokens.read(PURPOSE, base64.urlsafe_b64encode(raw).decode().rstrip("=")):
            return mark.message_id
    return None


@lru_cache(maxsize=2)
def _address(moment: int) -> str:
    box = BounceBox.objects.filter(pk=1).first()
    return box.address if box else ""


def forget() -> None:
    _address.cache_clear()
