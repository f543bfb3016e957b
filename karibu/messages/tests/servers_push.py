"""A browser's push service (RFC 8030), and the browser behind it, who alone can read what comes (RFC 8291)."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from karibu.messages.tests.servers_http import Request, Said, Server, serving

AUTH = b"sixteen bytes ok"


def word(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """`read` says what it was shown."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def subscription(self) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "keys": {"p256dh": word(point), "auth": word(AUTH)}}

    def read(self, body: bytes) -> dict[str, Any]:
        said = http_ece.decrypt(body, private_key=self.key, auth_secret=AUTH, version="aes128gcm")
        shown: dict[str, Any] = json.loads(said)
        return shown


def answer(request: Request) -> Said:
    if request.path.startswith("/gone/"):
        return 410, b"push subscription has unsubscribed or expired", {}
    assert request.headers["Content-Encoding"] == "aes128gcm" and int(request.headers["TTL"]) > 0
    if not _is_signed(request):
        return 403, b"invalid JWT provided", {}
    return 201, b"", {"Location": f"/m/{request.headers['Topic']}"}


def _is_signed(request: Request) -> bool:
    """RFC 8292: ES256 over a token that names us, and is about this service."""
    scheme, _, parts = request.headers["Authorization"].partition(" ")
    named = dict(part.strip().split("=", 1) for part in parts.split(","))
    head, claims, signature = named["t"].split(".")
    numbers = raw(signature)
    der = encode_dss_signature(int.from_bytes(numbers[:32], "big"), int.from_bytes(numbers[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(named["k"]))
    key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))  # raises where it is forged
    told = json.loads(raw(claims))
    is_about_us = urlsplit(told["aud"]).netloc == request.headers["Host"]
    return scheme == "vapid" and is_about_us and time.time() < told["exp"] < time.time() + 24 * 3600 + 60


@contextmanager
def push_service() -> Iterator[Server]:
    with serving(answer) as server:
        yield server
