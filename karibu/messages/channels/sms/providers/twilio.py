"""Twilio Programmable Messaging. https://www.twilio.com/docs/messaging/api/message-resource"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from django.utils import timezone
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

# https://www.twilio.com/docs/api/errors: of the recipient's number, for good; the person stopped; our account.
NO_SUCH_NUMBER = frozenset({21211, 21214, 21217, 21614, 30005, 30006})
STOPPED = frozenset({21610})
OURS = frozenset({20003, 20005, 21212, 21606, 21659, 21660, 21703, 30002, 30010, 30034})
_STATES = {
    "delivered": State.DELIVERED,
    "read": State.READ,
    "undelivered": State.FAILED,
    "failed": State.FAILED,
    "canceled": State.FAILED,
}


def call(account: Account, to: str, text: str, reference: str, hook: str) -> Call:
    form = {"To": to, "Body": text}
    if service := account.settings.get("service"):
        form["MessagingServiceSid"] = service
    else:
        form["From"] = account.settings["from"]
    if hook.startswith("https://") or account.settings.get("plain_hooks"):
        form["StatusCallback"] = f"{hook}?message={reference}" if reference else hook
    return Call(url=f"{_account_url(account)}/Messages.json", auth=_keys(account), form=form)


def meaning(answer: Answer, attempt: int) -> Handed:
    said = answer.json
    if answer.is_good and said.get("sid"):
        return handing.sent(str(said["sid"]))
    code, words = int(said.get("code") or 0), f"{said.get('code')}: {said.get('message')}"
    if code in OURS or answer.status in (401, 403):
        return handing.misconfigured(words)
    return handing.refused(words, bounced=code in NO_SUCH_NUMBER)


def read(account: Account, asked: Asked) -> Heard:
    """X-Twilio-Signature: https://www.twilio.com/docs/usage/security#validating-requests"""
    signed = asked.url + "".join(name + value for name, value in sorted(asked.form.items()))
    mac = hmac.new(account.secrets["auth_token"].encode(), signed.encode(), hashlib.sha1).digest()
    if not hmac.compare_digest(base64.b64encode(mac).decode(), asked.headers.get("X-Twilio-Signature", "")):
        raise Forged
    form, heard = asked.form, Heard(answer="<Response/>", content_type="text/xml")
    if "MessageStatus" in form:
        if form["MessageStatus"] in _STATES:
            heard.words.append(_word(form, asked.query.get("message", "")))
    elif form.get("MessageSid") and form.get("From"):
        heard.received.append(_received(form))
    return heard


def _word(form: Mapping[str, str], reference: str) -> Word:
    code = int(form.get("ErrorCode") or 0)
    return Word(
        provider_id=form["MessageSid"],
        reference=reference,
        state=_STATES[form["MessageStatus"]],
        detail=f"error {code}" if code else "",
        bounced=code in NO_SUCH_NUMBER,
        refused_by_person=code in STOPPED,
    )


def _received(form: Mapping[str, str]) -> Received:
    pictures = int(form.get("NumMedia") or 0)
    media = [form[f"MediaUrl{n}"] for n in range(pictures) if f"MediaUrl{n}" in form]
    return Received(
        provider_id=form["MessageSid"],
        address=addresses.phone(form["From"]) or form["From"],
        text=form.get("Body", ""),
        at=timezone.now(),
        payload={"media": media} if media else {},
        is_answered=bool(form.get("OptOutType")),  # its Advanced Opt-Out has answered
    )


def _check(account: Account) -> str:
    said = ask_provider(Call(method="GET", url=f"{_account_url(account)}.json", auth=_keys(account))).json
    return f"{said.get('friendly_name') or account.settings['sid']}"


def _account_url(account: Account) -> str:
    return f"{account.base_url}/2010-04-01/Accounts/{account.settings['sid']}"


def _keys(account: Account) -> tuple[str, str]:
    return account.settings["sid"], account.secrets["auth_token"]


PROVIDER = Provider(
    key="twilio",
    label="Twilio",
    base_url="https://api.twilio.com",
    fields=(
        Field("sid", _("Account SID"), _("Begins with AC. It stands on the first page of Twilio's console.")),
        Field("auth_token", _("Auth token"), _("Stands beside the account SID."), is_secret=True),
        Field(
            "from",
            _("Sender"),
            _("A number you rent from Twilio, such as +15550100, or a name of up to 11 letters where that is allowed."),
            is_required=False,
        ),
        Field(
            "service",
            _("Messaging service SID"),
            _("Begins with MG. In place of a sender: Twilio then picks the best of your numbers."),
            is_required=False,
        ),
    ),
    check=_check,
    teaches=_("Works nearly everywhere; each SMS is paid for by its parts."),
    hook=_("In Twilio: your number (or messaging service) → “A message comes in” → Webhook, HTTP POST."),
)
