"""The signed words in a message's links: short, not guessable, and good for one purpose only.

16 bytes in URL-safe base64 (22 letters): message id (6), position (1), keyed BLAKE2b (RFC 7693) of 9 bytes. 72 bits
cannot be guessed over HTTP, and a mail has a dozen of them: this is a third of the time of an HMAC. The target of a
link is never in the URL, so there is no open redirect.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b, sha512
from typing import NamedTuple

from django.conf import settings

CLICK, OPEN, UNSUBSCRIBE, VIEW, REFERENCE, SURVEY = "c", "o", "u", "v", "m", "s"
_MAC = 9
_TO_24 = bytes(2)  # makes a word a whole number of letters: 24, of which the last two say nothing
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Mark(NamedTuple):
    message_id: int
    position: int


def sign(purpose: str, message_id: int, position: int = 0) -> str:
    body = (message_id << 8 | position).to_bytes(7, "big")
    return _written(body + _mac(purpose, body))


def words(message_id: int, wanted: Iterable[tuple[str, int]]) -> list[str]:
    """`sign` for several of (purpose, position) of one message, in a third of the time."""
    secret, number = settings.SECRET_KEY, message_id << 8
    raw: list[bytes] = []
    for purpose, position in wanted:
        body = (number | position).to_bytes(7, "big")
        mac = _begun(secret, purpose).copy()
        mac.update(body)
        raw += (body, mac.digest(), _TO_24)
    text = _written(b"".join(raw))
    return [text[start : start + 22] for start in range(0, len(text), 24)]


def read(purpose: str, token: str) -> Mark | None:
    """What was signed for this purpose, or None for anything else."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:7], raw[7:]
    if len(raw) != 7 + _MAC or _written(raw) != token or not hmac.compare_digest(mac, _mac(purpose, body)):
        return None
    return Mark(int.from_bytes(body[:6], "big"), body[6])


def read_reference(reference: str) -> int | None:
    """The message that a `k_m` parameter names: k.js hands it back, so that an order finds its message."""
    mark = read(REFERENCE, reference)
    return mark.message_id if mark else None


def _written(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()


def _mac(purpose: str, body: bytes) -> bytes:
    begun = _begun(settings.SECRET_KEY, purpose).copy()
    begun.update(body)
    return begun.digest()


@lru_cache(maxsize=32)
def _begun(secret: str, purpose: str) -> blake2b:
    """The hash as it is when key and purpose have gone in, which is half of its work."""
    return blake2b(purpose.encode(), key=sha512(b"karibu.messages:" + secret.encode()).digest(), digest_size=_MAC)
