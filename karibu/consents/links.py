"""The signed words in the addresses that only one person is given: their preferences, and a consent to confirm.

As messages/tokens.py: a number (6 bytes) and an HMAC-SHA-256 cut to 12 bytes, in URL-safe base64.
"""

import base64
import binascii
import hmac

from django.conf import settings

PREFERENCES, CONFIRM = "preferences", "confirm"
_MAC = 12


def page(purpose: str, number: int) -> str:
    """The whole address, e.g. `https://shop.example/preferences/AAAA.../`."""
    base = str(settings.KARIBU_PUBLIC_URL or settings.KARIBU_SERVED_URL)
    return f"{base}/{purpose}/{sign(purpose, number)}/"


def sign(purpose: str, number: int) -> str:
    body = number.to_bytes(6, "big")
    return base64.urlsafe_b64encode(body + _mac(purpose, body)).decode()


def read(purpose: str, token: str) -> int | None:
    """The number that was signed for this purpose, or None for anything else."""
    try:
        raw = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:6], raw[6:]
    if len(mac) != _MAC or not hmac.compare_digest(mac, _mac(purpose, body)):
        return None
    return int.from_bytes(body, "big")


def _mac(purpose: str, body: bytes) -> bytes:
    key = b"karibu.consents.links:" + settings.SECRET_KEY.encode()
    return hmac.digest(key, purpose.encode() + body, "sha256")[:_MAC]
