"""What e-mail providers call us with, read by django-anymail: delivered, bounced, complained, unsubscribed; and mail
that people write to the shop (incoming.py).
"""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from anymail.exceptions import AnymailAPIError, AnymailConfigurationError, AnymailWebhookValidationFailure
from anymail.signals import EventType, RejectReason
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from karibu.consents.actions import suppress
from karibu.consents.models import Suppression
from karibu.messages import tokens
from karibu.messages.channels.email import incoming, reports, sns
from karibu.messages.channels.email.account import service
from karibu.messages.channels.email.bounces import code_in, named_in, says_nobody_is_there
from karibu.messages.channels.email.reports import Kind, Said
from karibu.messages.channels.hearing import Asked, Forged, Heard, Unreadable
from karibu.messages.channels.models import Account, Receipt
from karibu.messages.channels.receipts import RECEIPT
from karibu.messages.models import Message

REFERENCE = "karibu"  # our signed word in what a provider hands back with each event
_NAME = re.compile(r'"(?:type|event|RecordType)": "([^"]+)"')
_KINDS = {
    EventType.DELIVERED: Kind.DELIVERED,
    EventType.DEFERRED: Kind.DEFERRED,
    EventType.BOUNCED: Kind.BOUNCED,
    EventType.REJECTED: Kind.BOUNCED,
    EventType.FAILED: Kind.BOUNCED,
    EventType.COMPLAINED: Kind.COMPLAINED,
}
_OURS_TO_COUNT = {EventType.OPENED, EventType.CLICKED}  # by our own links and picture
_NO_NEWS = {
    *(EventType.QUEUED, EventType.SENT, EventType.AUTORESPONDED, EventType.SUBSCRIBED, EventType.INBOUND),
    *_OURS_TO_COUNT,
}


def read(account: Account, asked: Asked) -> Heard:
    """Raises hearing.Forged or NotNow."""
    if asked.method != "POST":
        return Heard()
    if service(account).is_sns:
        call = sns.read(account, asked)
        if call["Type"] == sns.CONFIRM:
            return Heard(deeds=[partial(sns.confirm, account, call)])
        if call["Type"] == sns.LEFT:
            return Heard(unknown=["the topic does not call here any more"])
    return _written(account, asked) if incoming.is_mail(account.provider, asked) else _told(account, asked)


def _written(account: Account, asked: Asked) -> Heard:
    """Mail that somebody wrote to the shop."""
    if incoming.is_elsewhere(account.provider, asked):
        return Heard(unknown=[incoming.IN_A_BUCKET])
    events = _read_by(service(account).reader(account), incoming.without_files(account.provider, asked))
    return Heard(received=[one for event in events if (one := incoming.received(event))])


def _told(account: Account, asked: Asked) -> Heard:
    heard, events = Heard(), _read_by(service(account).listener(account), asked)
    said = [_said(account, event) for event in events if event.event_type in _KINDS]
    left = [event for event in events if event.event_type == EventType.UNSUBSCRIBED]
    heard.unknown += [_named(e) for e in events if e.event_type not in {*_KINDS, *_NO_NEWS} and e not in left]
    heard.unknown = [name for name in heard.unknown if not name.endswith(("open", "click"))]  # new kinds of these
    heard.deeds.append(partial(_take, account, said, left))
    return heard


def _named(event: Any) -> str:
    """What the provider calls it, where django-anymail has no word for that."""
    found = _NAME.search(json.dumps(event.esp_event, default=str))
    return found[1] if found else str(event.event_type)


def _take(account: Account, said: list[Said], left: list[Any]) -> None:
    reports.take(said)
    _unsubscribe(account, left)


def _read_by(listener: Any, asked: Asked) -> list[Any]:
    """Raises Forged or Unreadable."""
    request = _request(asked)
    try:
        listener.run_validators(request)
        return list(listener.parse_events(request))
    except AnymailWebhookValidationFailure as error:
        raise Forged from error
    except (KeyError, IndexError, TypeError, AttributeError, AnymailAPIError, AnymailConfigurationError) as error:
        raise Unreadable(type(error).__name__) from error


def _request(asked: Asked) -> HttpRequest:
    """The call as django-anymail wants to see it."""
    request: Any = HttpRequest()
    request.method = asked.method
    request.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in asked.headers.items()}
    request.META["CONTENT_TYPE"] = asked.headers.get("Content-Type", "application/json")
    request._body = asked.body
    request._set_content_type_params(request.META)
    request.POST = QueryDict(urlencode(asked.form))
    request._files = MultiValueDict()
    return request  # type: ignore[no-any-return]


def _said(account: Account, event: Any) -> Said:
    words = " ".join(str(event.mta_response or event.description or "").split())
    code = code_in(words)
    named = [event.event_id or "", event.message_id, event.event_type, event.recipient, event.timestamp]
    return Said(
        key=f"{account.provider} {_digest(named)}",
        kind=_KINDS[event.event_type],
        via=account.provider,
        at=_moment(event.timestamp),
        message_id=_message_of(account, event),
        address=str(event.recipient or "").lower(),
        is_hard=_is_hard(event, code),
        code=code,
        said=words,
    )


def _digest(parts: Iterable[object]) -> str:
    """One event's name, as short as a key may be."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:48]


def _moment(at: datetime | None) -> datetime:
    """Not before what we know, not in a future that a provider's clock may be in."""
    now = timezone.now()
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), now) if at else now


def _is_hard(event: Any, code: str) -> bool:
    """The address itself is no good: what is blocked, spam or full says nothing about that."""
    if event.reject_reason == RejectReason.INVALID:
        return True
    kind = event.esp_event.get("Type", event.esp_event.get("type")) if isinstance(event.esp_event, dict) else ""
    is_bounce = event.event_type == EventType.BOUNCED and event.reject_reason in (RejectReason.BOUNCED, None)
    return is_bounce and kind not in ("SoftBounce", "blocked") and says_nobody_is_there(code)


def _message_of(account: Account, event: Any) -> int | None:
    """By our own signed word or Message-ID in what it hands back, else by the provider's id for it."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    if mark := tokens.read(RECEIPT, str(metadata.get(REFERENCE, ""))):
        return mark.message_id
    if number := named_in(json.dumps(event.esp_event, default=str)):
        return number
    known = Receipt.objects.filter(account=account, provider_id=str(event.message_id or "")[:200]).first()
    return known.message_id if known else None


def _unsubscribe(account: Account, events: Iterable[Any]) -> None:
    """Whoever left by the provider's own link or header gets no more marketing."""
    ids = {number for event in events if (number := _message_of(account, event))}
    addresses = Message.objects.filter(pk__in=ids).exclude(address="").values_list("address", flat=True)
    suppress("email", list(addresses), Suppression.Reason.UNSUBSCRIBED)
