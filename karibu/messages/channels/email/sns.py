"""Amazon's Simple Notification Service, by which SES tells of mails: whether a call is Amazon's, and who may make it.

Each call is signed with a key whose certificate Amazon serves; an address of the certificate that is not Amazon's is
not fetched. Anybody can have Amazon sign calls of a topic of their own: so the account of the first topic that is
confirmed here is kept, and the topics of others are refused.
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.db import transaction

from karibu.messages.channels import guard
from karibu.messages.channels.hearing import Asked, Forged, NotNow
from karibu.messages.channels.http import Answer, InDoubt, NotReached
from karibu.messages.channels.models import Account

NOTE, CONFIRM, LEFT = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
_SIGNED = {
    NOTE: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRM: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SIGNED[LEFT] = _SIGNED[CONFIRM]
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - Amazon's default
_AMAZON = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com(\.cn)?")
MOST_KEPT = 20  # certificates that this process remembers; Amazon uses one a region at a time
_certificates: dict[str, x509.Certificate] = {}


def read(account: Account, asked: Asked) -> Mapping[str, Any]:
    """What it says. Raises Forged where it is not Amazon's, or of an account that is not the shop's; or NotNow."""
    said = asked.json
    kind = str(said.get("Type", ""))
    if kind not in _SIGNED or not _is_signed(account, said, _SIGNED[kind]):
        raise Forged
    known = account.settings.get("aws_account", "")
    if known and known != _owner(said):
        raise Forged
    if kind == CONFIRM and not _is_amazons(account, str(said.get("SubscribeURL", ""))):
        raise Forged
    return said


def confirm(account: Account, said: Mapping[str, Any]) -> None:
    """Tells Amazon that the topic may call here, and keeps whose it is. Raises NotNow."""
    _fetch(account, str(said.get("SubscribeURL", "")))
    with transaction.atomic():
        kept = Account.objects.select_for_update().get(pk=account.pk)
        kept.settings.setdefault("aws_account", _owner(said))
        kept.save(update_fields=["settings"])


def _owner(said: Mapping[str, Any]) -> str:
    """The number of the AWS account in `arn:aws:sns:eu-west-1:123456789012:topic`."""
    parts = str(said.get("TopicArn", "")).split(":")
    return parts[4] if len(parts) == 6 else ""


def _is_signed(account: Account, said: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    lines = [f"{name}\n{said[name]}\n" for name in names if said.get(name) is not None]
    algorithm = _HASHES.get(str(said.get("SignatureVersion", "")))
    key = _certificate(account, str(said.get("SigningCertURL", ""))).public_key()
    if algorithm is None or not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        signature = base64.b64decode(str(said.get("Signature", "")), validate=True)
        key.verify(signature, "".join(lines).encode(), padding.PKCS1v15(), algorithm)
    except (ValueError, InvalidSignature):
        return False
    return True


def _certificate(account: Account, url: str) -> x509.Certificate:
    """As it was fetched once, while it is valid."""
    # A question to Amazon's servers is answered with words of whoever asks, among which a certificate could stand.
    if "?" in url or not url.endswith(".pem"):
        raise Forged
    if url not in _certificates:
        answer = _fetch(account, url)
        try:
            found = x509.load_pem_x509_certificate(answer.body)
        except ValueError as error:
            raise NotNow("the certificate cannot be read") from error
        if len(_certificates) >= MOST_KEPT:
            _certificates.clear()
        _certificates[url] = found
    one = _certificates[url]
    if not one.not_valid_before_utc <= datetime.now(UTC) <= one.not_valid_after_utc:
        _certificates.pop(url, None)
        raise Forged
    return one


def _fetch(account: Account, url: str) -> Answer:
    """From Amazon alone: what a call names is a stranger's word until its signature is checked."""
    if not _is_amazons(account, url):
        raise Forged
    try:
        answer = guard.get(url)
    except (guard.Forbidden, NotReached, InDoubt) as error:
        raise NotNow(str(error)) from error
    if not answer.is_good:
        raise NotNow(f"Amazon answers HTTP {answer.status}")
    return answer


def _is_amazons(account: Account, url: str) -> bool:
    """An account with an address of its own (what stands in for Amazon in a test of the connection) has only that."""
    if account.base_url:
        return url.startswith(account.base_url + "/")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_plain = port in (None, 443) and not parts.username and not parts.password
    return parts.scheme == "https" and is_plain and bool(_AMAZON.fullmatch(parts.hostname or ""))
