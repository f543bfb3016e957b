"""What WhatsApp calls us with. https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components"""

import hashlib
import hmac
from datetime import UTC, datetime
from functools import partial
from typing import Any

from karibu.customers import addresses
from karibu.messages.channels.hearing import Asked, Forged, Heard
from karibu.messages.channels.models import Account
from karibu.messages.channels.receipts import State, Word
from karibu.messages.channels.received import Received
from karibu.messages.channels.whatsapp import changes, templates
from karibu.messages.channels.whatsapp.account import verify_token
from karibu.messages.channels.whatsapp.deliver import NOT_THERE, STOPPED
from karibu.messages.channels.whatsapp.words import text_of

_STATES = {"delivered": State.DELIVERED, "read": State.READ, "played": State.READ, "failed": State.FAILED}
_NO_NEWS = frozenset({"sent", "RINGING", "ACCEPTED", "REJECTED"})  # also of calls, which are nobody's message
_TEMPLATES = frozenset(
    {
        "message_template_status_update",
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
    }
)
_LISTS = ("messages", "statuses", "calls", "message_echoes", "user_preferences", "errors")


def read(account: Account, asked: Asked) -> Heard:
    if asked.method == "GET":
        return _handshake(account, asked)
    mac = hmac.new(account.secrets["app_secret"].encode(), asked.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"sha256={mac}", asked.headers.get("X-Hub-Signature-256", "")):
        raise Forged
    return understand(account, asked.json)


def _handshake(account: Account, asked: Asked) -> Heard:
    given = asked.query.get("hub.verify_token", "")
    if asked.query.get("hub.mode") != "subscribe" or not hmac.compare_digest(given, verify_token(account)):
        raise Forged
    return Heard(answer=asked.query.get("hub.challenge", ""))


def understand(account: Account, said: dict[str, Any]) -> Heard:
    """Everything that one call tells; what we do not know by name stands in `unknown`."""
    heard = Heard()
    for entry in said.get("entry") or []:
        for change in entry.get("changes") or []:
            field, value = str(change.get("field")), change.get("value") or {}
            if field in _TEMPLATES:
                heard.deeds.append(partial(templates.change, account, field, value))
            elif field == "account_update":
                heard.deeds.append(partial(changes.note_account, account, value))
            elif any(name in value for name in _LISTS):
                _understand_value(account, heard, value)
            else:
                heard.unknown.append(field)
    return heard


def _understand_value(account: Account, heard: Heard, value: dict[str, Any]) -> None:
    names = {one.get("wa_id"): (one.get("profile") or {}).get("name", "") for one in value.get("contacts") or []}
    for message in value.get("messages") or []:
        heard.received.append(_received(message, names))
        if message.get("type") in ("revoke", "edit"):
            heard.deeds.append(partial(changes.follow, account, message))
    for status in value.get("statuses") or []:
        if status.get("status") in _STATES and status.get("type") != "call":
            heard.words.append(_word(status))
        elif status.get("status") not in _NO_NEWS:
            heard.unknown.append(f"status {status.get('status')}")
    for call in value.get("calls") or []:
        if call.get("direction") == "USER_INITIATED" and call.get("event") == "connect":
            heard.received.append(_received({**call, "type": "call"}, names))
    for wish in value.get("user_preferences") or []:
        heard.deeds.append(partial(changes.note_wish, account, wish))
    for error in [] if value.get("messages") else value.get("errors") or []:  # beside a message it is about that
        heard.deeds.append(partial(changes.note_trouble, account, f"{error.get('code')}: {error.get('title')}"))
    # message_echoes: what a colleague wrote on the phone itself. It is theirs, and asks nothing of us.


def _received(message: dict[str, Any], names: dict[Any, str]) -> Received:
    kind = str(message.get("type"))
    original = (message.get(kind) or {}) if kind in ("revoke", "edit", "reaction") else {}
    return Received(
        provider_id=str(message.get("id", "")),
        address=number_of(message.get("from")),
        name=names.get(message.get("from"), ""),
        type=kind,
        text=text_of(message),
        at=moment(message),
        answers=str(
            original.get("original_message_id")
            or original.get("message_id")
            or (message.get("context") or {}).get("id")
            or ""
        ),
        payload={} if kind == "text" and set(message) <= {"from", "id", "timestamp", "type", "text"} else message,
    )


def number_of(wa_id: object) -> str:
    """E.164 of WhatsApp's name for a person: the digits of their number."""
    number = f"+{str(wa_id).lstrip('+')}"
    return addresses.phone(number) or number


def _word(status: dict[str, Any]) -> Word:
    error: dict[str, Any] = next(iter(status.get("errors") or []), {})
    code = int(error.get("code") or 0)
    detail = (error.get("error_data") or {}).get("details") or error.get("title") or ""
    return Word(
        provider_id=str(status.get("id", "")),
        reference=str(status.get("biz_opaque_callback_data") or ""),
        state=_STATES[status["status"]],
        detail=f"{code}: {detail}" if code else "",
        bounced=code in NOT_THERE,
        refused_by_person=code in STOPPED,
        at=moment(status),
    )


def moment(said: dict[str, Any]) -> datetime:
    """Seconds since 1970, as text."""
    return datetime.fromtimestamp(int(said.get("timestamp") or 0), UTC)
