"""The gate asked about the past: what it would have said of messages that are only thought of.

Two questions. `standing`: may this person be written to at all, by what is known of them today (there, reachable, not
blocked, agreed, not held out). `paced`: when each of those would have left, by the shop's hours and caps of today,
among what had really been sent. What nobody kept of the past is not asked: whether a product was sold out, a coupon
left, the channel's window open, or a complaint unsettled.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import cast

from karibu.consents.queries import rhythms
from karibu.customers.models import Customer
from karibu.customers.raw import cursor
from karibu.events.arrays import with_bulk_arrays
from karibu.messages import quiet, zones
from karibu.messages.gate import pace
from karibu.messages.gate.case import Case, Group
from karibu.messages.gate.person import (
    address_is_known,
    address_is_open,
    consent_is_given,
    person_is_there,
    person_is_written_to,
)
from karibu.messages.models import Message
from karibu.messages.status import Reason
from karibu.messages.verdict import Verdict, refused

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = -100_000  # before every priority
_PEOPLE = """
    SELECT id, merged_into, erased_at, email, phone, country, timezone FROM customers_customer
    WHERE id = ANY(%s::bigint[])"""
STANDING = (person_is_there, address_is_known, address_is_open, consent_is_given, person_is_written_to)


@dataclass(slots=True)
class Thought:
    """A message that is only thought of: what the checks of this file look at. A row of Message takes ten times as long
    to make, and a rehearsal thinks of hundreds of thousands."""

    customer_id: int
    channel: str
    topic: str
    is_marketing: bool
    due_at: datetime
    sender: str
    priority: int = 0
    is_holdout: bool = False
    enrollment_id: int | None = None
    expires_at: datetime | None = None

    def case(self, like: Case | None = None) -> Case:
        """Before the gate; `like`: with what is known of the same person already."""
        message = cast("Message", self)
        return Case(message, like.customer, like.address) if like else Case(message)


@dataclass(slots=True)
class Person:
    """What the checks of this file look at of somebody, for the same reason."""

    pk: int
    merged_into: int | None
    erased_at: datetime | None
    email: str
    phone: str
    country: str
    timezone: str


@dataclass
class Fate:
    """What would have become of a message: it leaves at `at`, or the verdict says why not; `held` are the reasons it
    waited for on the way."""

    case: Case
    at: datetime
    verdict: Verdict | None = None
    held: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Real:
    """A marketing message that really left."""

    customer_id: int
    channel: str
    at: datetime
    sender: str = ""


def standing(thoughts: Sequence[Thought], now: datetime) -> list[Case]:
    """A case for each; its verdict is None where the message may leave."""
    group = Group(cases=[thought.case() for thought in thoughts], now=now, people=_people)
    for check in STANDING:
        check(group)
    return group.cases


def _people(ids: set[int]) -> dict[int, Customer]:
    own = with_bulk_arrays(cursor())
    own.execute(_PEOPLE, [list(ids)], binary=True)
    return {row[0]: cast("Customer", Person(*row)) for row in own.fetchall()}


def paced(cases: Iterable[Case], really: Iterable[Real]) -> list[Fate]:
    """Each message from its due time on, in the order of time, until it leaves or it is too late."""
    group = Group(cases=[], now=EPOCH)
    order = count()
    fates = [Fate(case, case.message.due_at) for case in cases]
    wishes = rhythms({fate.case.message.customer_id for fate in fates})
    ahead: list[tuple[datetime, int, int, Fate | Real]] = [
        (fate.at, -fate.case.message.priority, next(order), fate) for fate in fates
    ]
    ahead += [(real.at, FIRST, next(order), real) for real in really]
    heapq.heapify(ahead)
    sent: dict[pace.Line, list[datetime]] = {}
    while ahead:
        at, _first, place, what = heapq.heappop(ahead)
        if isinstance(what, Real):
            for line in ((what.customer_id, what.channel), (what.customer_id, pace.ANY)):
                sent.setdefault(line, []).insert(0, at)
            continue
        group.now = at
        if until := _waits(what, group, sent, wishes.get(what.case.message.customer_id, 0)):
            heapq.heappush(ahead, (until, -what.case.message.priority, place, what))
    return fates


def _waits(fate: Fate, group: Group, sent: dict[pace.Line, list[datetime]], wish: int) -> datetime | None:
    """Until when it is held at this moment; None when that is decided."""
    case, fate.at = fate.case, group.now
    if case.message.expires_at and case.message.expires_at < group.now:
        fate.verdict = refused(Reason.TOO_LATE)
        return None
    if not case.message.is_marketing:
        return None
    reason, until = Reason.QUIET_HOURS, _wakes(case, group)
    if not until:
        reason, until = Reason.FREQUENCY, pace.rest(case, group, sent, wish)
    if until and reason not in fate.held:
        fate.held.append(reason)
    return until


def _wakes(case: Case, group: Group) -> datetime | None:
    rules = group.rules_of(case.message.channel)
    if not quiet.limits(rules) or not case.customer:
        return None
    place = zones.of(case.customer, group.shop.timezone, group.shop.country)
    return quiet.ends(group.now, place.zone, rules, place.country)
