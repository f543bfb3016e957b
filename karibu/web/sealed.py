"""Secrets that the database holds for us (keys of providers): sealed with the installation's own key.

Whoever has a copy of the database alone reads none of them. Fernet (AES-128-CBC with HMAC-SHA256), its key derived from
SECRET_KEY for this purpose only (HKDF, RFC 5869). After SECRET_KEY was changed they cannot be opened any more.
"""

import base64
import json
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class CannotOpen(ValueError):
    """Sealed with another key than the installation has now."""


def seal(secrets: dict[str, str]) -> bytes:
    return _box(settings.SECRET_KEY).encrypt(json.dumps(secrets).encode())


def unseal(sealed: bytes | memoryview) -> dict[str, str]:
    """What was sealed; nothing for nothing. Raises CannotOpen."""
    if not sealed:
        return {}
    try:
        opened: dict[str, str] = json.loads(_box(settings.SECRET_KEY).decrypt(bytes(sealed)))
    except InvalidToken as error:
        raise CannotOpen("The installation's key has changed: connect again.") from error
    return opened


@lru_cache
def _box(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"karibu: sealed secrets").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
