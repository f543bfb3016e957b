"""Amazon's SNS of a test's own: it serves a certificate, signs calls with its key, and takes confirmations."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from karibu.messages.tests.servers_http import Request, Said, Server, serving

TOPIC = "arn:aws:sns:eu-west-1:123456789012:karibu"
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])


@dataclass
class Amazon:
    """`server.asked` are the confirmations and fetched certificates."""

    server: Server
    key: rsa.RSAPrivateKey
    number: int = 0

    def call(self, said: Any, **more: str) -> dict[str, Any]:
        """A signed notification of this message, or with `Type` another kind of call."""
        self.number += 1
        known = {
            "Type": "Notification", "MessageId": f"n-{self.number}", "TopicArn": TOPIC, "Message": json.dumps(said),
            "Timestamp": "2026-01-01T00:00:06.000Z", "SignatureVersion": "2",
            "SigningCertURL": f"{self.server.url}/SimpleNotificationService-1.pem",
        } | more  # fmt: skip
        return {**known, "Signature": known.get("Signature") or self.signature(known)}

    def confirmation(self, **more: str) -> dict[str, Any]:
        where = f"{self.server.url}/?Action=ConfirmSubscription&Token=t-1"
        return self.call(
            "You have chosen", **{"Type": "SubscriptionConfirmation", "Token": "t-1"} | {"SubscribeURL": where} | more
        )

    def signature(self, said: dict[str, str]) -> str:
        """Written from Amazon's text, not from our code: the names sorted, each with its value, a line each."""
        wanted = {"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
        lines = "".join(f"{name}\n{said[name]}\n" for name in sorted(wanted & set(said)))
        algorithm = hashes.SHA1() if said["SignatureVersion"] == "1" else hashes.SHA256()
        return base64.b64encode(self.key.sign(lines.encode(), padding.PKCS1v15(), algorithm)).decode()


@contextmanager
def amazon(days: int = 2) -> Iterator[Amazon]:
    """`days` is how long its certificate is valid from now on."""
    key = rsa.generate_private_key(65537, 2048)
    certificate = _certificate(key, days)

    def answer(request: Request) -> Said:
        if request.path.endswith(".pem"):
            return 200, certificate, {}
        return (200, {}, {}) if request.query.get("Token") == "t-1" else (400, {}, {})

    with serving(answer) as server:
        yield Amazon(server, key)


def _certificate(key: rsa.RSAPrivateKey, days: int) -> bytes:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(_NAME).issuer_name(_NAME).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=30))
    signed = made.not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)
