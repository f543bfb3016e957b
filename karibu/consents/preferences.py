"""What a person decides by themselves on their preferences page. Every change is a row of a ledger."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from karibu.consents import blocked, confirming, queries, topics
from karibu.consents.actions import ADDRESS_IN, leave_everything, record_consents
from karibu.consents.methods import Method
from karibu.consents.models import Confirmation, Consent, Pause, Rhythm
from karibu.consents.statement import EVERYTHING, GIVEN, WITHDRAWN, Statement
from karibu.customers.models import Customer

SOURCE = "preferences page"
PAUSE = timedelta(days=30)


@dataclass(frozen=True)
class Box:
    """One topic on one channel."""

    channel: str
    topic: str
    name: str
    description: str
    is_given: bool

    @property
    def value(self) -> str:
        return f"{self.channel}/{self.topic}"


def channels(customer: Customer) -> list[str]:
    """Those on which this person can be reached, and those of which they said something: a browser, a chat, ads."""
    said = Consent.objects.filter(customer_id=customer.pk).order_by("channel").values_list("channel", flat=True)
    there = [channel for channel, field in ADDRESS_IN.items() if getattr(customer, field)]
    return there + [channel for channel in said.distinct() if channel not in ADDRESS_IN]


def boxes(customer: Customer, language: str) -> list[Box]:
    """Each topic on each channel, with what is in force, in words of the person's language."""
    found = []
    for channel in channels(customer):
        for topic in topics.offered():
            status = queries.in_force([customer.pk], channel, topic.key).get(customer.pk)
            found.append(Box(channel, topic.key, **topics.said(topic, language), is_given=status == GIVEN))
    return found


def save(customer: Customer, wanted: Collection[str], shown: Collection[str], language: str, now: datetime) -> int:
    """Records what differs between what holds and the ticked boxes (`value`s). `shown` are those that were on the page:
    what it did not show stays. Returns how many changed."""
    changed = [box for box in boxes(customer, language) if box.value in shown and box.is_given != (box.value in wanted)]
    return record_consents([_said(customer, box, now) for box in changed])


def _said(customer: Customer, box: Box, now: datetime) -> Statement:
    return Statement(
        customer_id=customer.pk,
        channel=box.channel,
        topic=box.topic,
        status=WITHDRAWN if box.is_given else GIVEN,
        method=Method.PREFERENCE_CENTRE,
        source=SOURCE,
        wording=f"{box.name}. {box.description}".strip(),
        at=now,
    )


@transaction.atomic
def leave(customer: Customer, now: datetime) -> None:
    """No marketing any more, by any channel."""
    about = {"customer_id": customer.pk, "topic": EVERYTHING, "status": WITHDRAWN, "source": SOURCE, "at": now}
    for channel in channels(customer):
        leave_everything(Statement(**about, channel=channel, method=Method.PREFERENCE_CENTRE))  # type: ignore[arg-type]


def pause(customer: Customer, now: datetime) -> Pause:
    return Pause.objects.create(customer_id=customer.pk, at=now, until=now + PAUSE)


def resume(customer: Customer, now: datetime) -> Pause:
    return Pause.objects.create(customer_id=customer.pk, at=now, until=now)


RHYTHMS = (0, 7, 30)  # days; 0: as the shop likes


def keep_rhythm(customer: Customer, days: int, now: datetime) -> bool:
    """At most one piece of marketing in so many days. Returns whether that is news."""
    if days not in RHYTHMS or days == queries.rhythms([customer.pk]).get(customer.pk, 0):
        return False
    Rhythm.objects.create(customer_id=customer.pk, at=now, days=days)
    return True


@transaction.atomic
def correct_address(customer: Customer, address: str, now: datetime) -> None:
    """Asks the new address whether it is theirs; until it says so nothing changes. Who was erased is not asked."""
    new = queries.normalise("email", address)
    if new == queries.normalise("email", customer.email) or blocked.erased([new]):
        return
    row = Confirmation(
        kind=Confirmation.Kind.ADDRESS,
        customer_id=customer.pk,
        address=new,
        source=SOURCE,
        asked_at=now,
        expires_at=now + confirming.LASTS,
    )
    confirming.put([row], now)
