"""Vonage Messages API, SMS. https://developer.vonage.com/en/api/messages"""

import base64
import hashlib
import hmac
import time
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from karibu.customers import addresses
from karibu.messages.channels import handing
from karibu.messages.channels.connecting import Field, Provider, ask_provider
from karibu.messages.channels.handing import Handed
from karibu.messages.channels.hearing import Asked, Forged, Heard
from karibu.messages.channels.http import Answer, Call
from karibu.messages.channels.models import Account
from karibu.messages.channels.receipts import State, Word
from karibu.messages.channels.received import Received
from karibu.web.reading import read_json

_STATES = {
    "delivered": State.DELIVERED,
    "read": State.READ,
    "rejected": State.FAILED,
    "undeliverable": State.FAILED,
}
_NO_SUCH_NUMBER = frozenset({"1120", "1170", "1210", "1280"})  # unknown or invalid, of the recipient
_SKEW = 300  # seconds that a signature stays good


def call(account: Account, to: str, text: str, reference: str, hook: str) -> Call:
    said = {
        "channel": "sms",
        "message_type": "text",
        "from": account.settings["from"].lstrip("+"),
        "to": to.lstrip("+"),
        "text": text,
        **({"client_ref": reference} if reference else {}),
    }
    return Call(url=f"{account.base_url}/v1/messages", auth=_keys(account), json=said)


def meaning(answer: Answer, attempt: int) -> Handed:
    said = answer.json
    if answer.is_good and said.get("message_uuid"):
        return handing.sent(str(said["message_uuid"]))
    words = f"{said.get('title', '')}: {said.get('detail', '')}".strip(": ") or f"HTTP {answer.status}"
    if answer.status in (401, 402, 403):
        return handing.misconfigured(words)
    wrong = {one.get("name") for one in said.get("invalid_parameters") or [] if isinstance(one, dict)}
    return handing.refused(words, bounced=answer.status == 422 and "to" in wrong)


def read(account: Account, asked: Asked) -> Heard:
    _believe(account, asked)
    said, heard = asked.json, Heard()
    if said.get("status") in _STATES:
        heard.words.append(_word(said))
    elif "from" in said and "status" not in said:
        heard.received.append(_received(said))
    return heard


def _believe(account: Account, asked: Asked) -> None:
    """A JWT (RFC 7519) with HS256 and the digest of the body. https://developer.vonage.com/en/getting-started/concepts/webhooks"""
    scheme, _space, token = asked.headers.get("Authorization", "").partition(" ")
    head, _dot, rest = token.partition(".")
    claimed, _dot, signature = rest.partition(".")
    mac = hmac.new(account.secrets["signature_secret"].encode(), f"{head}.{claimed}".encode(), hashlib.sha256).digest()
    if scheme.lower() != "bearer" or not hmac.compare_digest(_word64(mac), signature):
        raise Forged
    if _opened(head).get("alg") != "HS256":
        raise Forged
    claims = _opened(claimed)
    body = hashlib.sha256(asked.body).hexdigest()
    if not hmac.compare_digest(str(claims.get("payload_hash", "")), body):
        raise Forged
    if abs(time.time() - float(claims.get("iat") or 0)) > _SKEW:
        raise Forged


def _word64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _opened(part: str) -> dict[str, Any]:
    try:
        said = read_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:
        raise Forged from error
    return said if isinstance(said, dict) else {}


def _word(said: dict[str, Any]) -> Word:
    error = said.get("error") or {}
    code = str(error.get("title", ""))
    return Word(
        provider_id=str(said.get("message_uuid", "")),
        reference=str(said.get("client_ref", "")),
        state=_STATES[said["status"]],
        detail=f"{code}: {error.get('detail', '')}".strip(": "),
        bounced=code in _NO_SUCH_NUMBER,
        at=_moment(said),
    )


def _received(said: dict[str, Any]) -> Received:
    number = f"+{str(said['from']).lstrip('+')}"
    return Received(
        provider_id=str(said.get("message_uuid", "")),
        address=addresses.phone(number) or number,
        text=str(said.get("text", "")),
        at=_moment(said),
    )


def _moment(said: dict[str, Any]) -> datetime:
    found = parse_datetime(str(said.get("timestamp", "")))
    return found if found and found.tzinfo else timezone.now()


def _keys(account: Account) -> tuple[str, str]:
    return account.settings["api_key"], account.secrets["api_secret"]


def _check(account: Account) -> str:
    key, _secret = keys = _keys(account)
    ask_provider(Call(method="GET", url=f"{account.base_url}/accounts/{key}/secrets", auth=keys))
    return str(account.settings["from"])


PROVIDER = Provider(
    key="vonage",
    label="Vonage",
    base_url="https://api.nexmo.com",
    fields=(
        Field("api_key", _("API key"), _("Stands on the first page of Vonage's dashboard.")),
        Field("api_secret", _("API secret"), is_secret=True),
        Field("signature_secret", _("Signature secret"), _("Settings → API settings; signs Vonage's calls."), True),
        Field("from", _("Sender"), _("A number you rent from Vonage, or a name of up to 11 letters.")),
    ),
    check=_check,
    teaches=_("Works nearly everywhere; statuses and answers come signed."),
    hook=_("In Vonage: your application → Messages. Enter it as Inbound URL and as Status URL."),
)
