"""Providers of e-mail as servers of the tests' own, and what each tells of a mail, written after their manuals."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from karibu.messages.channels import accounts
from karibu.messages.channels.models import Account
from karibu.messages.tests.servers_http import Request, Said, Server, serving

KEYS: dict[str, dict[str, str]] = {
    "brevo": {"api_key": "k"},
    "mailgun": {"api_key": "k", "webhook_signing_key": "s"},
    "mailjet": {"api_key": "k", "secret_key": "s"},
    "postmark": {"server_token": "k"},
    "sendgrid": {"api_key": "k"},
    "sparkpost": {"api_key": "k"},
}
PATHS = {
    "brevo": "/smtp/email",
    "mailgun": "/duka.example/messages",
    "mailjet": "/send",
    "postmark": "/email",
    "sendgrid": "/mail/send",
    "sparkpost": "/transmissions/",
}
ID = "12345"
NOW = int(time.time())
DAY = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW))
UNKNOWN = "550 5.1.1 no such user here"


def answer(kind: str, to: str) -> Said:
    """The yes of each."""
    taken: dict[str, Said] = {
        "brevo": (201, {"messageId": ID}, {}),
        "mailgun": (200, {"id": ID, "message": "Queued. Thank you."}, {}),
        "mailjet": (200, {"Messages": [{"Status": "success", "To": [{"Email": to, "MessageID": int(ID)}]}]}, {}),
        "postmark": (200, {"To": to, "MessageID": ID, "ErrorCode": 0, "Message": "OK", "SubmittedAt": DAY}, {}),
        "sendgrid": (202, b"", {"X-Message-Id": ID}),
        "sparkpost": (200, {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": ID}}, {}),
    }
    return taken[kind]


@contextmanager
def provider(kind: str, to: str = "amina@example.com") -> Iterator[tuple[Server, Account]]:
    """A server that is connected as the provider of mail."""

    def say(request: Request) -> Said:
        return answer(kind, to) if request.path == PATHS[kind] else (404, {}, {})

    with serving(say) as server:
        settings = {"base_url": server.url, **({"sender_domain": "duka.example"} if kind == "mailgun" else {})}
        account = accounts.open_account(accounts.draft("email", kind, settings, KEYS[kind]), by="owner@example.com")
        yield server, account


def telling(kind: str, what: str, word: str, to: str = "amina@example.com", event: str = "e1") -> Any:
    """What the provider posts: "delivered", "bounced" or "complained". `word` is what we gave it to hand back."""
    return _TELLING[kind](what, word, to, event)


def _brevo(what: str, word: str, to: str, event: str) -> Any:
    name = {"delivered": "delivered", "bounced": "hard_bounce", "complained": "spam"}[what]
    custom = json.dumps({"karibu": word})
    known = {"email": to, "ts_epoch": NOW * 1000, "message-id": ID, "X-Mailin-custom": custom, "id": event}
    return {"event": name, **known, **({"reason": UNKNOWN} if what == "bounced" else {})}


def _mailgun(what: str, word: str, to: str, event: str) -> Any:
    name = {"delivered": "delivered", "bounced": "failed", "complained": "complained"}[what]
    mac = hmac.new(b"s", f"{NOW}{event}".encode(), hashlib.sha256).hexdigest()
    data = {"event": name, "id": event, "timestamp": NOW, "recipient": to, "user-variables": {"karibu": word}}
    data["message"] = {"headers": {"message-id": ID}}
    if what == "bounced":
        status = {"code": 550, "message": UNKNOWN, "enhanced-code": "5.1.1"}
        data |= {"severity": "permanent", "reason": "bounce", "delivery-status": status}
    return {"signature": {"timestamp": str(NOW), "token": event, "signature": mac}, "event-data": data}


def _mailjet(what: str, word: str, to: str, event: str) -> Any:
    name = {"delivered": "sent", "bounced": "bounce", "complained": "spam"}[what]
    known = {"event": name, "time": NOW, "MessageID": int(ID), "email": to, "Payload": json.dumps({"karibu": word})}
    hard = {"blocked": False, "hard_bounce": True, "error_related_to": "recipient", "error": "user unknown"}
    return [{**known, **(hard if what == "bounced" else {})}]


def _postmark(what: str, word: str, to: str, event: str) -> Any:
    known = {"MessageID": ID, "Metadata": {"karibu": word}, "ID": event}
    if what == "delivered":
        return {"RecordType": "Delivery", "Recipient": to, "DeliveredAt": DAY, "Details": "250 ok", **known}
    name, kind = {"bounced": ("Bounce", "HardBounce"), "complained": ("SpamComplaint", "SpamComplaint")}[what]
    return {"RecordType": name, "Type": kind, "Email": to, "BouncedAt": DAY, "Details": f"smtp;{UNKNOWN}", **known}


def _sendgrid(what: str, word: str, to: str, event: str) -> Any:
    name = {"delivered": "delivered", "bounced": "bounce", "complained": "spamreport"}[what]
    bounce = {"type": "bounce", "reason": UNKNOWN, "status": "5.1.1"} if what == "bounced" else {}
    known = {"email": to, "timestamp": NOW, "sg_event_id": event, "sg_message_id": ID, "karibu": word}
    return [{"event": name, **known, **bounce}]


def _sparkpost(what: str, word: str, to: str, event: str) -> Any:
    name = {"delivered": "delivery", "bounced": "bounce", "complained": "spam_complaint"}[what]
    known = {"type": name, "event_id": event, "transmission_id": ID, "rcpt_to": to, "raw_rcpt_to": to}
    known |= {"rcpt_meta": {"karibu": word}, "timestamp": str(NOW)}
    return [
        {
            "msys": {
                "message_event": {
                    **known,
                    **({"raw_reason": UNKNOWN, "bounce_class": "10"} if what == "bounced" else {}),
                }
            }
        }
    ]


_TELLING = {
    "brevo": _brevo,
    "mailgun": _mailgun,
    "mailjet": _mailjet,
    "postmark": _postmark,
    "sendgrid": _sendgrid,
    "sparkpost": _sparkpost,
}
