"""The gate: nothing leaves except through here, and it is asked at the moment of sending.

Each check looks at the whole group at once and gives a verdict to those it stops. The first verdict stands; who
has none at the end is ready.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from karibu.messages.gate import goods
from karibu.messages.gate.case import Case, Group
from karibu.messages.gate.channel import channel_allows, channel_is_open
from karibu.messages.gate.goods import cart_is_still_open, coupon_is_left, product_is_in_stock
from karibu.messages.gate.moment import moment_is_not_past, person_is_awake
from karibu.messages.gate.pace import person_has_had_rest
from karibu.messages.gate.past import Fate, Real, Thought, paced, standing
from karibu.messages.gate.person import (
    address_is_known,
    address_is_open,
    consent_is_given,
    pause_register,
    person_has_no_complaint,
    person_is_there,
    person_is_written_to,
    person_wants_no_silence,
)
from karibu.messages.models import Message
from karibu.messages.verdict import READY, Verdict

__all__ = [
    "CHECKS",
    "Case",
    "Fate",
    "Finding",
    "Group",
    "Real",
    "Thought",
    "ask",
    "concerns",
    "paced",
    "pause_register",
    "rehearse",
    "standing",
]

Check = Callable[[Group], None]
# In this order; the name is what the message's page calls the check. What refuses comes before what holds, so that
# nobody waits for nothing; the distance to other messages comes last, so that only what can leave takes its place.
CHECKS: list[tuple[str, Check]] = [
    ("person", person_is_there),
    ("address", address_is_known),
    ("suppression", address_is_open),
    ("consent", consent_is_given),
    ("pause", person_wants_no_silence),
    ("moment", moment_is_not_past),
    ("cart", cart_is_still_open),
    ("stock", product_is_in_stock),
    ("coupon", coupon_is_left),
    ("channel law", channel_allows),
    ("holdout", person_is_written_to),
    ("complaint", person_has_no_complaint),
    ("quiet hours", person_is_awake),
    ("channel", channel_is_open),
    ("frequency", person_has_had_rest),
]
NEEDED = ("person", "address")
# What only marketing is asked: a receipt needs no consent and waits for nothing.
OF_MARKETING = frozenset({"consent", "pause", "stock", "holdout", "complaint", "quiet hours", "frequency"})


@dataclass(frozen=True)
class Finding:
    """What one check says by itself of a message that is only thought of; no verdict: it passes."""

    check: str
    verdict: Verdict | None


def concerns(check: str, message: Message) -> bool:
    """Whether this check has anything to ask of such a message: one about no cart is asked for none."""
    if check in OF_MARKETING and not (message.is_marketing or (check == "holdout" and message.is_holdout)):
        return False
    return goods.is_about(check, message.context)


def rehearse(message: Message, now: datetime) -> list[Finding]:
    """What each check would say of this message, not saved, if it were due now; all are asked, whatever others say.

    Without a person or an address the checks that need them are not asked. Nothing is written.
    """
    case = Case(message)
    group = Group(cases=[case], now=now)
    found = []
    for name, check in CHECKS:
        case.verdict = None
        check(group)
        found.append(Finding(name, case.verdict))
        if case.verdict and name in NEEDED:
            break
    return found


def ask(messages: Sequence[Message], now: datetime) -> Group:
    """Decides on each of these messages. Call it in the transaction that holds their rows."""
    group = Group(cases=[Case(message) for message in messages], now=now)
    for _, check in CHECKS:
        check(group)
    for case in group.undecided():
        case.verdict = READY
    return group
