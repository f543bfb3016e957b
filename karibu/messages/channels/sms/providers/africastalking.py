"""Africa's Talking bulk SMS. https://developers.africastalking.com/docs/sms/sending/bulk

Its calls to us carry no signature: the address itself is the secret, and nobody else knows it.
"""

from collections.abc import Mapping

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from karibu.customers import addresses
from karibu.messages.channels import handing
from karibu.messages.channels.connecting import Field, Provider, ask_provider
from karibu.messages.channels.handing import Handed
from karibu.messages.channels.hearing import Asked, Heard
from karibu.messages.channels.http import Answer, Call
from karibu.messages.channels.models import Account
from karibu.messages.channels.receipts import State, Word
from karibu.messages.channels.received import Received

_TAKEN = frozenset({100, 101, 102})
_NO_SUCH_NUMBER = frozenset({403, 404})
_OURS = frozenset({402, 405})  # our sender, our balance
_PASSING = frozenset({407, 500, 501})
_STATES = {"Success": State.DELIVERED, "Failed": State.FAILED, "Rejected": State.FAILED, "Expired": State.FAILED}
_GONE = frozenset({"NotNetworkSubscriber", "UserDoesNotExist"})


def call(account: Account, to: str, text: str, reference: str, hook: str) -> Call:
    form = {"username": account.settings["username"], "to": to, "message": text}
    if sender := account.settings.get("from"):
        form["from"] = sender
    return Call(url=f"{account.base_url}/version1/messaging", headers=_headers(account), form=form)


def meaning(answer: Answer, attempt: int) -> Handed:
    if answer.status in (401, 403):
        return handing.misconfigured(f"HTTP {answer.status}: {answer.body[:200].decode('utf-8', 'replace')}")
    said = answer.json.get("SMSMessageData") or {}
    recipients = said.get("Recipients") or []
    if not recipients:
        return handing.misconfigured(str(said.get("Message") or f"HTTP {answer.status}"))
    code, words = int(recipients[0].get("statusCode") or 0), str(recipients[0].get("status"))
    if code in _TAKEN:
        return handing.sent(str(recipients[0].get("messageId", "")))
    if code in _OURS:
        return handing.misconfigured(f"{code}: {words}")
    if code in _PASSING:
        return handing.later(attempt, f"{code}: {words}")
    return handing.refused(f"{code}: {words}", bounced=code in _NO_SUCH_NUMBER)


def read(account: Account, asked: Asked) -> Heard:
    form, heard = asked.form, Heard()
    if "text" in form and "from" in form:
        heard.received.append(_received(form))
    elif form.get("status") in _STATES and form.get("id"):
        heard.words.append(_word(form))
    return heard


def _word(form: Mapping[str, str]) -> Word:
    why = form.get("failureReason", "")
    return Word(
        provider_id=form["id"],
        state=_STATES[form["status"]],
        detail=why or form["status"],
        bounced=why in _GONE,
        refused_by_person=why == "UserInBlackList",
    )


def _received(form: Mapping[str, str]) -> Received:
    return Received(
        provider_id=form.get("id") or form.get("linkId") or f"{form['from']} {form.get('date', '')}",
        address=addresses.phone(form["from"]) or form["from"],
        text=form["text"],
        at=timezone.now(),
    )


def _headers(account: Account) -> dict[str, str]:
    return {"apiKey": account.secrets["api_key"], "Accept": "application/json"}


def _check(account: Account) -> str:
    url = f"{account.base_url}/version1/user?username={account.settings['username']}"
    said = ask_provider(Call(method="GET", url=url, headers=_headers(account))).json
    return f"{account.settings['username']} ({(said.get('UserData') or {}).get('balance', '')})"


PROVIDER = Provider(
    key="africastalking",
    label="Africa’s Talking",
    base_url="https://api.africastalking.com",
    fields=(
        Field("username", _("User name"), _("Of your app; “sandbox” while you try it out.")),
        Field("api_key", _("API key"), _("Settings → API key. It is shown to you once."), is_secret=True),
        Field("from", _("Sender"), _("Your short code or sender name. Empty: theirs."), is_required=False),
    ),
    check=_check,
    teaches=_("The straightest way to phones in most of Africa. People can write back to a short code."),
    hook=_("In Africa’s Talking: SMS → SMS callback URLs. Enter it for delivery reports and for incoming messages."),
)
