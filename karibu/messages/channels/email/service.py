"""Handing mail to a provider's HTTP interface. django-anymail knows what each wants to be asked and what it answers;
the call itself is made as all channels make theirs (channels/http.py, handing.py).
"""

import email
import email.policy
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from typing import Any

import requests
from anymail.exceptions import AnymailAPIError
from anymail.message import AnymailMessage

from karibu.messages.channels import Begin, Letter, accounts, handing, receipts
from karibu.messages.channels.email.account import service
from karibu.messages.channels.email.bounces import code_in
from karibu.messages.channels.email.inbound import REFERENCE
from karibu.messages.channels.email.smtp import NotTaken
from karibu.messages.channels.handing import Handed
from karibu.messages.channels.http import Answer, Call
from karibu.messages.channels.models import Account
from karibu.messages.verdict import SENT, Verdict

# What the provider writes itself, from what it is given; and our signature, which it would break.
_ITS_OWN = frozenset(
    [
        *("from", "to", "subject", "date", "reply-to", "dkim-signature"),
        *("mime-version", "content-type", "content-transfer-encoding"),
    ]
)
_TAKEN = {"queued", "sent", "unknown"}
_OURS = (401, 402, 403)  # the account: to be mended by a person


def deliver(account: Account, letters: Sequence[Letter], begin: Begin) -> Iterator[tuple[Letter, Verdict]]:
    backend = service(account).backend(account)
    yield from handing.deliver(account, letters, begin, lambda letter: hand(backend, letter))


def send_now(account: Account, letter: Letter) -> None:
    """One letter that has no row. Raises NotTaken."""
    handed = hand(service(account).backend(account), letter)
    if handed.verdict != SENT:
        raise NotTaken(handed.verdict.detail, handed.verdict.reason)


def hand(backend: Any, letter: Letter) -> Handed:
    """One mail, and what the provider's answer means."""
    mail = written(letter)
    payload = backend.build_message_payload(mail, backend.send_defaults)

    def meaning(answer: Answer, attempt: int) -> Handed:
        words = " ".join(answer.body.decode("utf-8", "replace").split())[:300]
        if answer.status in _OURS:
            return handing.misconfigured(f"HTTP {answer.status} {words}")
        if not answer.is_good:
            return handing.refused(f"HTTP {answer.status} {words}", bounced=code_in(words).startswith("5.1."))
        return _taken(backend, payload, mail, answer, words)

    return handing.make(_call(payload.get_request_params(backend.api_url)), meaning, letter.attempt)


def _call(params: dict[str, Any]) -> Call:
    made = requests.Request(
        **{name: params.get(name) for name in ("method", "url", "params", "data", "json", "headers", "files", "auth")}
    ).prepare()
    body = made.body.encode() if isinstance(made.body, str) else made.body or b""
    return Call(url=str(made.url), method=str(made.method), headers=dict(made.headers), body=bytes(body))


def _taken(backend: Any, payload: Any, mail: AnymailMessage, answer: Answer, words: str) -> Handed:
    response = requests.Response()
    response.status_code, response._content = answer.status, answer.body
    try:
        backend.raise_for_status(response, payload, mail)
        [status] = backend.parse_recipient_status(response, payload, mail).values()
    except AnymailAPIError:
        return handing.refused(words)
    if status.status in _TAKEN:
        return handing.sent(str(status.message_id or ""))
    return handing.refused(words, bounced=status.status == "invalid")


def written(letter: Letter) -> AnymailMessage:
    """The letter's parts, since providers write the mail themselves. Its links and picture are tracked by us alone."""
    mail = email.message_from_bytes(letter.raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    made = AnymailMessage(
        subject=letter.subject,
        body=plain.get_content() if plain else "",
        from_email=str(mail["From"]),
        to=[letter.recipient],
        reply_to=[str(mail["Reply-To"])] if mail["Reply-To"] else None,
        headers={name: " ".join(str(value).split()) for name, value in mail.items() if name.lower() not in _ITS_OWN},
        metadata={REFERENCE: receipts.reference(letter.message_id)},
    )
    if html:
        made.attach_alternative(html.get_content(), "text/html")
    return made


def in_use() -> Account | None:
    """The account that mail leaves by, where one that sends is connected."""
    account = accounts.in_use("email")
    return account if account and service(account).sends else None
