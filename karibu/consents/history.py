"""A person's ledger told step by step: who said what, and what it changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from karibu.consents import queries
from karibu.consents.actions import ADDRESS_IN
from karibu.consents.methods import FILE, Method, channel_name
from karibu.consents.models import Consent
from karibu.consents.statement import GIVEN, PENDING, WITHDRAWN
from karibu.customers.models import Customer

NEVER = "never_asked"
LONGEST = 500  # statements of one person that are told, the latest


@dataclass(frozen=True)
class Mark:
    """What holds for one channel and topic. `last` is the latest statement, None where there is none."""

    channel: str
    topic: str
    status: str  # given withdrawn pending never_asked
    last: Consent | None

    @property
    def by(self) -> str:
        return channel_name(self.channel)


@dataclass(frozen=True)
class Step:
    """One statement, and what was in force before and after it was recorded."""

    row: Consent
    before: str
    after: str

    @property
    def by(self) -> str:
        return channel_name(self.row.channel)

    @property
    def method(self) -> str:
        return str(Method(self.row.method).label) if self.row.method in Method.values else self.row.method

    @property
    def is_news(self) -> bool:
        return self.before != self.after


def standing(customer: Customer) -> list[Mark]:
    """What this person said of each channel and topic; also channels where they were never asked."""
    marks = [Mark(**mark) for mark in queries.marks(customer.pk)]
    asked = {mark.channel for mark in marks}
    silent = [name for name, field in ADDRESS_IN.items() if name not in asked and getattr(customer, field)]
    return marks + [Mark(channel, "", NEVER, None) for channel in silent]


def told(customer_ids: Sequence[int]) -> list[Step]:
    """All that these (one person's family) said, newest first."""
    rows = Consent.objects.filter(customer_id__in=customer_ids).order_by("-pk")[:LONGEST]
    by_subject = sorted(rows, key=lambda row: (row.channel, row.topic, row.pk))
    steps = [step for _, same in groupby(by_subject, lambda row: (row.channel, row.topic)) for step in _steps(same)]
    return sorted(steps, key=lambda step: step.row.pk, reverse=True)


def _steps(rows: Iterable[Consent]) -> list[Step]:
    heard: list[Consent] = []
    steps = []
    for row in rows:
        before = in_force(heard)
        heard.append(row)
        steps.append(Step(row, before, in_force(heard)))
    return steps


def in_force(said: Sequence[Consent]) -> str:
    """As queries.in_force, of the statements about one channel and topic alone."""
    counted = [row for row in said if row.status != PENDING]
    if not counted:
        return str(PENDING) if said else NEVER
    against = [row for row in counted if row.status == WITHDRAWN]
    given = [row for row in counted if row.status == GIVEN]
    if against:
        latest, strongest = max(row.at for row in against), max(row.strength for row in against)
        given = [row for row in given if row.at > latest and row.strength >= strongest and row.strength > FILE]
    return str(GIVEN if given else WITHDRAWN)
