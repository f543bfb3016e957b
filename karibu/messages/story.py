"""Why a message was sent, or was not: the same words for its page, the customer's timeline and the API."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.messages.gate import CHECKS, concerns
from karibu.messages.models import Message, Visit
from karibu.messages.senders import TEST
from karibu.messages.status import TONES, Reason, Status, explain
from karibu.web.formats import percent

CHECK_LABELS = {
    "person": gettext_lazy("The person is known and was not erased"),
    "address": gettext_lazy("There is an address that can be written to"),
    "suppression": gettext_lazy("The address is not blocked"),
    "consent": gettext_lazy("The person agreed to this kind of message"),
    "pause": gettext_lazy("The person asked for no silence"),
    "moment": gettext_lazy("It is not too late"),
    "cart": gettext_lazy("The cart is still open"),
    "stock": gettext_lazy("The product it is about is not sold out"),
    "coupon": gettext_lazy("A coupon is left for it"),
    "channel law": gettext_lazy("The channel allows it"),
    "holdout": gettext_lazy("The person does not belong to the share that gets nothing"),
    "complaint": gettext_lazy("No complaint of the person is open"),
    "quiet hours": gettext_lazy("It is an hour to write to people where the person is"),
    "frequency": gettext_lazy("The person has not had too many messages lately"),
    "channel": gettext_lazy("The channel is open"),
}
STOPPED_BY = {
    Reason.SILENCE: "pause",
    Reason.ERASED: "person",
    Reason.NO_ADDRESS: "address",
    Reason.BAD_ADDRESS: "address",
    Reason.SUPPRESSED: "suppression",
    Reason.NO_CONSENT: "consent",
    Reason.WITHDRAWN: "consent",
    Reason.TOO_LATE: "moment",
    Reason.CART_ORDERED: "cart",
    Reason.CART_EMPTIED: "cart",
    Reason.OUTSIDE_WINDOW: "channel law",
    Reason.HOLDOUT: "holdout",
    Reason.PAUSED: "complaint",
    Reason.OUT_OF_STOCK: "stock",
    Reason.NO_COUPON: "coupon",
    Reason.QUIET_HOURS: "quiet hours",
    Reason.FREQUENCY: "frequency",
    Reason.UNREACHABLE: "channel",
    Reason.NOT_CONNECTED: "channel",
}


@dataclass(frozen=True)
class Step:
    """One thing that became of a message. `until` only where it was held."""

    at: datetime
    words: str
    tone: str
    detail: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """What one check of the gate said the last time it was asked: "passed", "stopped", "not asked" (others had decided)
    or "not needed" (it has nothing to ask of such a message)."""

    words: str
    outcome: str


def steps(message: Message, visits: list[Visit] | None = None, wanted_by: str = "") -> list[Step]:
    """Everything that happened, oldest first; visits are people's and machines', told apart.

    `wanted_by`: what its sender is called (senders.names).
    """
    found = [Step(message.created_at, _("Wanted by %(sender)s") % {"sender": wanted_by or message.sender}, "quiet")]
    found += [_step(entry) for entry in message.history]
    found += [_visit(visit) for visit in visits or ()]
    return sorted(found, key=lambda step: step.at)


def _step(entry: dict[str, Any]) -> Step:
    status = entry["status"]
    words = str(Status(status).label) if status in Status.values else status
    if entry.get("reason"):
        words = f"{words}: {explain(entry['reason'])}"
    until = parse_datetime(entry["until"]) if entry.get("until") else None
    at = parse_datetime(entry["at"])
    assert at
    return Step(at, words, TONES.get(status, "quiet"), entry.get("detail", ""), until)


def _visit(visit: Visit) -> Step:
    words = _("Opened") if visit.kind == "opened" else _("Clicked")
    likely = "" if visit.human is None else _("a person's by %(share)s") % {"share": percent(visit.human, 0)}
    detail = "; ".join(filter(None, (visit.why or visit.user_agent[:120], likely)))
    if visit.is_machine:
        return Step(visit.at, _("%(what)s by a machine") % {"what": words}, "quiet", detail)
    return Step(visit.at, words, "good", detail)


def decisions(message: Message) -> list[Decision]:
    """Each check of the gate in its order, with its last answer; empty where the gate has not been asked."""
    if message.sender == TEST:
        return []
    asked = [entry for entry in message.history if entry["status"] in (Status.SENDING, Status.HELD, Status.REFUSED)]
    if not asked:
        return []
    stopper = STOPPED_BY.get(asked[-1].get("reason", ""), "")
    found, is_over = [], False
    for name, _check in CHECKS:
        answer = "stopped" if name == stopper else "passed" if concerns(name, message) else "not needed"
        found.append(Decision(str(CHECK_LABELS[name]), "not asked" if is_over else answer))
        is_over = is_over or name == stopper
    return found
