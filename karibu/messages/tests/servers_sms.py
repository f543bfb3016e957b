"""Providers of SMS as they answer: addresses, keys, fields and error bodies of their documentation."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from karibu.messages.channels import accounts
from karibu.messages.channels.models import Account
from karibu.messages.tests.servers_http import Request, Said, Server, serving

SETTINGS = {
    "twilio": ({"sid": "AC1", "from": "+15005550006"}, {"auth_token": "t-secret"}),
    "africastalking": ({"username": "duka", "from": "22384"}, {"api_key": "a-secret"}),
    "vonage": ({"api_key": "v1", "from": "+15005550006"}, {"api_secret": "v-secret", "signature_secret": "s-secret"}),
}
NOBODY = "+250788000404"  # no such number


def twilio(numbers: Iterator[int]):  # type: ignore[no-untyped-def]
    def answer(request: Request) -> Said:
        if request.keys != ("AC1", "t-secret"):
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}, {}
        if request.path == "/2010-04-01/Accounts/AC1.json":
            return 200, {"sid": "AC1", "friendly_name": "Duka", "status": "active"}, {}
        assert request.path == "/2010-04-01/Accounts/AC1/Messages.json"
        form = request.form
        if form["To"] == NOBODY:
            said = {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}
            return 400, said, {}
        assert form["Body"] and form["From"]
        return 201, {"sid": f"SM{next(numbers):032}", "status": "queued", "error_code": None}, {}

    return answer


def africastalking(numbers: Iterator[int]):  # type: ignore[no-untyped-def]
    def answer(request: Request) -> Said:
        if request.headers.get("apiKey") != "a-secret":
            return 401, b"The supplied authentication is invalid", {}
        if request.path == "/version1/user":
            return 200, {"UserData": {"balance": "KES 100.00"}}, {}
        assert request.path == "/version1/messaging"
        form = request.form
        code, status = (403, "InvalidPhoneNumber") if form["to"] == NOBODY else (101, "Success")
        taken = {"statusCode": code, "number": form["to"], "status": status, "cost": "KES 0.80"}
        taken["messageId"] = f"ATXid_{next(numbers)}" if code == 101 else "None"
        return 201, {"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": [taken]}}, {}

    return answer


def vonage(numbers: Iterator[int]):  # type: ignore[no-untyped-def]
    def answer(request: Request) -> Said:
        if request.keys != ("v1", "v-secret"):
            return 401, {"title": "Unauthorized", "detail": "You did not provide correct credentials."}, {}
        if request.path == "/accounts/v1/secrets":
            return 200, {"_embedded": {"secrets": []}}, {}
        assert request.path == "/v1/messages"
        said = request.json
        assert said["channel"] == "sms" and said["message_type"] == "text" and said["text"] and said["from"]
        if f"+{said['to']}" == NOBODY:
            wrong = [{"name": "to", "reason": "invalid"}]
            return 422, {"title": "Your request parameters didn't validate", "invalid_parameters": wrong}, {}
        return 202, {"message_uuid": f"uuid-{next(numbers)}"}, {}

    return answer


_ANSWERS = {"twilio": twilio, "africastalking": africastalking, "vonage": vonage}


@contextmanager
def provider(name: str) -> Iterator[tuple[Server, Account]]:
    """The provider on loopback, connected as the account for SMS."""
    with serving(_ANSWERS[name](count(1))) as server:
        settings, secret = SETTINGS[name]
        account = accounts.draft("sms", name, {**settings, "base_url": server.url, "plain_hooks": "yes"}, secret)
        yield server, accounts.open_account(account, by="a test")


def reported(account: Account, provider_id: str, state: str, code: str = "") -> dict[str, str]:
    """A status callback's fields; `state` is delivered or failed, `code` the provider's own."""
    if account.provider == "twilio":
        said = {"MessageSid": provider_id, "MessageStatus": "undelivered" if state == "failed" else state}
        return {**said, **({"ErrorCode": code} if code else {})}
    if account.provider == "africastalking":
        status = "Failed" if state == "failed" else "Success"
        return {"id": provider_id, "status": status, **({"failureReason": code} if code else {})}
    told = {"message_uuid": provider_id, "status": "undeliverable" if state == "failed" else state}
    return {**told, **({"error": {"title": code}} if code else {})}  # type: ignore[dict-item]


def written(account: Account, number: str, text: str, provider_id: str) -> dict[str, str]:
    """The fields of a message that somebody wrote."""
    if account.provider == "twilio":
        return {"MessageSid": provider_id, "From": number, "To": "+15005550006", "Body": text, "NumMedia": "0"}
    if account.provider == "africastalking":
        return {"id": provider_id, "from": number, "to": "22384", "text": text, "date": "2026-03-01 10:00:00"}
    return {"channel": "sms", "message_uuid": provider_id, "from": number.lstrip("+"), "text": text}


def call_us(client, account: Account, said: dict[str, str], *, query: str = "", key: str = ""):  # type: ignore[no-untyped-def]
    """The provider calls our address, signed by its rules with its key (or with `key`)."""
    url = f"/hooks/{account.token}/" + (f"?{query}" if query else "")
    if account.provider == "africastalking":
        return client.post(url, said)
    if account.provider == "twilio":
        signed = accounts.hook_url(account) + (f"?{query}" if query else "")
        signed += "".join(name + value for name, value in sorted(said.items()))
        mac = hmac.new((key or "t-secret").encode(), signed.encode(), hashlib.sha1).digest()
        return client.post(url, said, headers={"X-Twilio-Signature": base64.b64encode(mac).decode()})
    body = json.dumps(said).encode()
    claims = {"iat": int(time.time()), "iss": "Vonage", "payload_hash": hashlib.sha256(body).hexdigest()}
    token = ".".join(_word(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    mac = hmac.new((key or "s-secret").encode(), token.encode(), hashlib.sha256).digest()
    headers = {"Authorization": f"Bearer {token}.{_word(mac)}"}
    return client.post(url, body, content_type="application/json", headers=headers)


def _word(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
