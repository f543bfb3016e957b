"""The WhatsApp Cloud API as it answers, and how it calls us: signed, with the JSON of its documentation."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any

from karibu.messages.channels import accounts
from karibu.messages.channels.models import Account
from karibu.messages.tests.servers_http import Request, Said, Server, serving

SECRETS = {"access_token": "w-token", "app_secret": "w-secret"}
NOT_THERE = "250788000404"  # no such person on WhatsApp


def template(name: str, body: str, *, status: str = "APPROVED", **fields: Any) -> dict[str, Any]:
    known = {"id": f"id-{name}", "name": name, "language": "en", "category": "UTILITY", "status": status}
    return {**known, "components": [{"type": "BODY", "text": body}], **fields}


TEMPLATES = [
    template("order_shipped", "Hello {{1}}, your order {{2}} is on its way."),
    template("offers", "Dear {{1}}, see what is new.", status="REJECTED", rejected_reason="PROMOTIONAL"),
    template("hello_all", "Karibu tena! We have missed you.", category="MARKETING"),
]


def cloud(numbers: Iterator[int]):  # type: ignore[no-untyped-def]
    def answer(request: Request) -> Said:
        if request.headers.get("Authorization") != "Bearer w-token":
            return 401, _error(190, "Invalid OAuth access token."), {}
        if request.path == "/v1/900":
            return 200, {"verified_name": "Duka", "display_phone_number": "+250 788 000 000", "id": "900"}, {}
        if request.path == "/v1/800/subscribed_apps":
            return 200, {"success": True}, {}
        if request.path == "/v1/800/message_templates":
            return _page(request)
        assert request.path == "/v1/900/messages" and request.json["messaging_product"] == "whatsapp"
        if request.json["to"] == NOT_THERE:
            return 400, _error(131026, "Message undeliverable"), {}
        to = request.json["to"]
        said = {"contacts": [{"input": to, "wa_id": to}], "messages": [{"id": f"wamid.{next(numbers)}"}]}
        return 200, {"messaging_product": "whatsapp", **said}, {}

    return answer


def _page(request: Request) -> Said:
    """Two templates a page, by cursor."""
    start = int(request.query.get("after", 0))
    end = start + 2
    paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(end)}}
    if end < len(TEMPLATES):
        paging["next"] = "https://elsewhere.example/not-to-be-followed"
    return 200, {"data": TEMPLATES[start:end], "paging": paging}, {}


def _error(code: int, message: str) -> dict[str, Any]:
    return {"error": {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "fbtrace_id": "x"}}


@contextmanager
def whatsapp() -> Iterator[tuple[Server, Account]]:
    with serving(cloud(count(1))) as server:
        settings = {"phone_number_id": "900", "business_id": "800", "base_url": f"{server.url}/v1"}
        account = accounts.draft("whatsapp", "meta", settings, SECRETS)
        yield server, accounts.open_account(account, by="a test")


def call_us(client, account: Account, said: dict[str, Any], key: str = "w-secret"):  # type: ignore[no-untyped-def]
    body = json.dumps(said).encode()
    mac = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={mac}"}
    return client.post(f"/hooks/{account.token}/", body, content_type="application/json", headers=headers)


def value(field: str = "messages", **told: Any) -> dict[str, Any]:
    known = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "900"}}
    change = {"field": field, "value": {**known, **told}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "800", "changes": [change]}]}


def written(number: str, text: str, provider_id: str, at: datetime) -> dict[str, Any]:
    """Somebody wrote a text."""
    message = {"from": number.lstrip("+"), "id": provider_id, "timestamp": str(int(at.timestamp())), "type": "text"}
    contacts = [{"profile": {"name": "Amina"}, "wa_id": number.lstrip("+")}]
    return value(messages=[{**message, "text": {"body": text}}], contacts=contacts)


def status(provider_id: str, word: str, at: datetime, **more: Any) -> dict[str, Any]:
    told = {"id": provider_id, "status": word, "timestamp": str(int(at.timestamp())), "recipient_id": "1", **more}
    return value(statuses=[told])
