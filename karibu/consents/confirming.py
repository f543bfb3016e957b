"""Double opt-in: a consent that anybody could have stated counts once its address says so.

The mail is sent by an app above (follow). Its link leads to a page; only the POST from there confirms, so that a
scanner that follows links agrees to nothing. One address is asked seldom, whoever asks: nobody can be bombed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from karibu.consents import queries
from karibu.consents.actions import record_consents
from karibu.consents.methods import Method
from karibu.consents.models import Confirmation
from karibu.consents.statement import GIVEN, Statement
from karibu.customers.models import Customer

LASTS = timedelta(days=7)
PER_HOUR, PER_MONTH = 1, 5  # questions to one address
# What whoever reads an address's mail can vouch for. A phone says it itself.
VOUCHED = frozenset({"email", "ads"})
# Channels where a stranger's name could be given. A browser that takes push messages is there itself.
DOUBTED = frozenset({"email", "sms", "whatsapp", "ads"})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one person is to confirm."""

    customer_id: int
    consents: tuple[tuple[str, str], ...]  # (channel, topic)
    source: str
    wording: str = ""
    origin: str = ""
    evidence: str = ""


Follower = Callable[[Sequence[Confirmation]], None]
_askers: list[Follower] = []
_followers: list[Follower] = []


def ask_through(asker: Follower) -> None:
    """`asker(confirmations)` sends the questions, in the caller's transaction."""
    if asker not in _askers:
        _askers.append(asker)


def follow(follower: Follower) -> None:
    """`follower([confirmation])` is called in the transaction that confirms."""
    if follower not in _followers:
        _followers.append(follower)


@transaction.atomic
def ask(asked: Sequence[Asked], now: datetime) -> list[Confirmation]:
    """Writes the questions down, and sends those whose address was not asked lately. Who has no address is left out."""
    emails = dict(Customer.objects.filter(pk__in={one.customer_id for one in asked}).values_list("pk", "email"))
    rows = []
    for one in asked:
        address = queries.normalise("email", emails.get(one.customer_id, ""))
        vouched = [list(pair) for pair in one.consents if pair[0] in VOUCHED]
        if address and vouched:
            rows.append(_question(one, address, vouched, now))
    return put(rows, now)


def _question(asked: Asked, address: str, consents: list[list[str]], now: datetime) -> Confirmation:
    return Confirmation(
        kind=Confirmation.Kind.CONSENT,
        customer_id=asked.customer_id,
        address=address,
        consents=consents,
        source=asked.source[:200],
        wording=asked.wording,
        origin=asked.origin,
        evidence=asked.evidence[:300],
        asked_at=now,
        expires_at=now + LASTS,
    )


def put(rows: list[Confirmation], now: datetime) -> list[Confirmation]:
    """Keeps the questions and sends as many as each address may get. Returns those that are sent."""
    if not rows:
        return []
    _one_at_a_time({row.address for row in rows})
    hour, month = (_sent(rows, now - span) for span in (timedelta(hours=1), timedelta(days=30)))
    for row in rows:
        if hour[row.address] < PER_HOUR and month[row.address] < PER_MONTH:
            row.sent_at = now
            hour[row.address] += 1
            month[row.address] += 1
    Confirmation.objects.bulk_create(rows)
    sent = [row for row in rows if row.sent_at]
    for asker in _askers if sent else ():
        asker(sent)
    return sent


def _one_at_a_time(addresses: Collection[str]) -> None:
    """Until the transaction ends nobody else counts for these."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(a, 12)) FROM unnest(%s::text[]) AS a", [sorted(addresses)]
        )


def _sent(rows: Sequence[Confirmation], since: datetime) -> Counter[str]:
    """How often each address was asked since then. What it answered is no bother to anybody, and does not count."""
    lately = Confirmation.objects.filter(address__in={row.address for row in rows}, sent_at__gt=since)
    return Counter(lately.filter(confirmed_at=None).values_list("address", flat=True))


@transaction.atomic
def confirm(number: int, now: datetime, *, evidence: str) -> Confirmation | None:
    """The person's own act. Confirming twice changes nothing more. None: it has expired, or is not there any more."""
    found = Confirmation.objects.select_for_update().filter(pk=number).first()
    if found is None or (found.confirmed_at is None and found.expires_at <= now):
        return None
    if found.confirmed_at is None:
        found.confirmed_at, found.confirmed = now, evidence[:300]
        found.save(update_fields=["confirmed_at", "confirmed"])
        record_consents([_given(found, channel, topic) for channel, topic in found.consents])
        for follower in _followers:
            follower([found])
    return found


def _given(found: Confirmation, channel: str, topic: str) -> Statement:
    assert found.confirmed_at
    return Statement(
        customer_id=found.customer_id,
        channel=channel,
        topic=topic,
        status=GIVEN,
        method=Method.DOUBLE_OPT_IN,
        source=found.source,
        wording=found.wording,
        evidence=f"confirmation {found.pk}; {found.confirmed}",
        at=found.confirmed_at,
    )
