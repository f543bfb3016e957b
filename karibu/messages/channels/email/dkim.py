"""DKIM: mail signed in the name of its domain (RFC 6376), with RSA or with Ed25519 (RFC 8463).

Headers and body are canonicalized "relaxed", which survives what relays do to white space.
"""

import base64
import hashlib
import re
import time
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

Private = Ed25519PrivateKey | RSAPrivateKey
ED25519, RSA = "ed25519", "rsa"
# From is signed once more than it is there: a second one added on the way breaks the signature (RFC 6376, 8.15).
_SIGNED = [
    *("from", "from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
    *("list-unsubscribe", "list-unsubscribe-post", "feedback-id", "auto-submitted"),
]
_FIELDS = re.compile(rb"\r\n(?![ \t])")


@dataclass(frozen=True)
class Signer:
    """One key of one domain. `algorithm` is "rsa" or "ed25519"."""

    domain: str
    selector: str
    algorithm: str
    key: Private

    def header(self, raw: bytes, at: float | None = None) -> bytes:
        """The line DKIM-Signature for this mail, to stand before all others."""
        head, _, body = raw.partition(b"\r\n\r\n")
        present = _canonical_fields(head)
        names = [name for name in _SIGNED if name in present]
        tags = (
            f"v=1; a={self.algorithm}-sha256; c=relaxed/relaxed; d={self.domain}; s={self.selector};"
            f"\r\n\tt={int(at or time.time())}; h={':'.join(names)};\r\n\tbh={_b64(_digest(_relaxed(body)))};\r\n\tb="
        )
        signed = b"".join(present[name].pop() for name in names if present[name])
        own = b"dkim-signature:" + _one_space(tags.encode())
        return b"DKIM-Signature: " + tags.encode() + _folded(self._sign(signed + own)) + b"\r\n"

    def _sign(self, text: bytes) -> str:
        if isinstance(self.key, Ed25519PrivateKey):
            return _b64(self.key.sign(_digest(text)))
        return _b64(self.key.sign(text, PKCS1v15(), hashes.SHA256()))


def _canonical_fields(head: bytes) -> dict[str, list[bytes]]:
    """{name: its fields in canonical form, the last one last} (RFC 6376, 3.4.2; 5.4.2 takes them from the end)."""
    found: dict[str, list[bytes]] = {}
    for field in _FIELDS.split(head):
        name, _, value = field.partition(b":")
        known = name.decode("ascii", "replace").strip().lower()
        canonical = known.encode() + b":" + _one_space(value) + b"\r\n"
        found.setdefault(known, []).append(canonical)
    return found


def _one_space(value: bytes) -> bytes:
    return b" ".join(value.split())


def _relaxed(body: bytes) -> bytes:
    """RFC 6376, 3.4.4. Plain replacing, which takes a tenth of the time of an expression."""
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    body = body.replace(b" \r\n", b"\r\n")
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    while body.endswith(b"\r\n\r\n"):
        body = body[:-2]
    return b"" if body == b"\r\n" else body


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _folded(signature: str) -> bytes:
    return "\r\n\t ".join(signature[n : n + 72] for n in range(0, len(signature), 72)).encode()


def new_key(algorithm: str) -> bytes:
    """A private key as PKCS #8 in PEM."""
    made: Private = Ed25519PrivateKey.generate() if algorithm == ED25519 else generate_private_key(65537, 2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@lru_cache(maxsize=16)
def opened(pem: bytes) -> Private:
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, Ed25519PrivateKey | RSAPrivateKey)
    return key


def dns_record(pem: bytes) -> str:
    """The text to publish at SELECTOR._domainkey.DOMAIN (RFC 6376, 3.6.1; RFC 8463, 4)."""
    key = opened(pem)
    if isinstance(key, Ed25519PrivateKey):
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={_b64(raw)}"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return f"v=DKIM1; k=rsa; p={_b64(key.public_key().public_bytes(serialization.Encoding.DER, form))}"
