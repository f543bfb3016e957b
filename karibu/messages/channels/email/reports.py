"""What the world says of mails that have left: delivered, deferred, bounced, reported as spam. Each counts once.

A hard bounce or a complaint blocks the address; a complaint also withdraws what the person agreed to. An address that
bounces softly again and again, with no delivery in between, is given up as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
import pyarrow as pa
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from karibu.consents.actions import record_consents, suppress
from karibu.consents.models import Suppression
from karibu.consents.statement import EVERYTHING, WITHDRAWN, Statement
from karibu.customers.raw import cursor
from karibu.events import made
from karibu.messages.channels.email.models import Departed, Report
from karibu.messages.models import Message
from karibu.messages.senders import TEST
from karibu.messages.sent import SOURCE

Kind = Report.Kind
KEPT = timedelta(days=90)  # that a mail arrived, or was put off; what blocks an address is kept for good
SOFT, WITHIN = 5, timedelta(days=30)  # so many soft bounces within that time are as good as a hard one
NAMES = {
    Kind.DELIVERED: "Message Delivered",
    Kind.BOUNCED: "Message Bounced",
    Kind.COMPLAINED: "Message Marked as Spam",
}
_COLUMNS = {Kind.DELIVERED: "delivered_at", Kind.BOUNCED: "bounced_at", Kind.COMPLAINED: "complained_at"}
_MARK = """
    UPDATE messages_message m SET {column} = n.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS n(id, at)
    WHERE m.id = n.id AND m.{column} IS NULL"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One report. `key` tells it from all others for ever; `message_id` and `address` as far as they are known."""

    key: str
    kind: Kind
    via: str
    at: datetime
    message_id: int | None = None
    address: str = ""
    is_hard: bool = False
    code: str = ""
    said: str = ""


def take(reports: Sequence[Said]) -> int:
    """Writes down what is news in these, in one transaction; returns how many were."""
    with transaction.atomic():
        cursor().execute("SELECT pg_advisory_xact_lock(hashtext('reports of mails'))")
        known, told = _messages(reports), _told_before(reports)
        news = [_completed(report, known) for report in _unknown(reports)]
        Report.objects.bulk_create([_row(report) for report in news], ignore_conflicts=True)
        for kind, column in _COLUMNS.items():
            _mark(column, [report for report in news if report.kind == kind])
        _block(news)
        _withdraw([report for report in news if report.kind == Kind.COMPLAINED], known)
        _tell([r for r in news if r.kind in NAMES and (r.kind, r.message_id) not in told], known)
    return len(news)


def forget(now: datetime) -> None:
    """Lets go of what nobody asks any more. Messages and the log keep what came of each."""
    Report.objects.filter(kind__in=(Kind.DELIVERED, Kind.DEFERRED), at__lt=now - KEPT).delete()
    Departed.objects.filter(day__lt=(now - timedelta(days=2)).date()).delete()


def _messages(reports: Iterable[Said]) -> dict[int, Message]:
    ids = {report.message_id for report in reports if report.message_id}
    rows = Message.objects.filter(pk__in=ids, channel="email").exclude(sender=TEST)  # those are no customer's
    return {m.pk: m for m in rows if not m.is_erased}


def _unknown(reports: Iterable[Said]) -> list[Said]:
    first = {report.key: report for report in reports}
    there = set(Report.objects.filter(key__in=first).values_list("key", flat=True))
    return [report for key, report in first.items() if key not in there]


def _completed(report: Said, known: dict[int, Message]) -> Said:
    """A message we sent says itself where it went; a report cannot block anybody else's address by naming it."""
    message = known.get(report.message_id or 0)
    if message is None:
        return replace(report, message_id=None)
    return replace(report, address=message.address)


def _row(report: Said) -> Report:
    return Report(
        key=report.key[:200],
        kind=report.kind,
        message_id=report.message_id,
        address=report.address[:300],
        is_hard=report.is_hard,
        code=report.code[:20],
        said=report.said[:500] if report.message_id else "",
        via=report.via,
        at=report.at,
    )


def _mark(column: str, reports: Sequence[Said]) -> None:
    """When it was first so, of each message."""
    first: dict[int, datetime] = {}
    for report in reports:
        if number := report.message_id:
            first[number] = min(report.at, first.get(number, report.at))
    if first:
        cursor().execute(_MARK.format(column=column), [list(first), list(first.values())])


def _block(news: Sequence[Said]) -> None:
    """Only addresses that we wrote to: anybody can send us a mail that looks like a bounce."""
    ours = [report for report in news if report.message_id and report.address]
    complained = [report.address for report in ours if report.kind == Kind.COMPLAINED]
    bounced = [report for report in ours if report.kind == Kind.BOUNCED]
    gone = [report.address for report in bounced if report.is_hard]
    gone += _given_up({report.address for report in bounced if not report.is_hard})
    suppress("email", complained, Suppression.Reason.COMPLAINT)
    suppress("email", gone, Suppression.Reason.HARD_BOUNCE)


def _given_up(addresses: set[str]) -> list[str]:
    since = timezone.now() - WITHIN
    rows = Report.objects.filter(address__in=addresses, at__gte=since).values("address")
    bounced = Q(kind=Kind.BOUNCED)
    delivered = dict(rows.filter(kind=Kind.DELIVERED).annotate(last=Max("at")).values_list("address", "last"))
    many = rows.filter(bounced).annotate(times=Count("id"), first=Max("at")).filter(times__gte=SOFT)
    return [row["address"] for row in many if delivered.get(row["address"], since) < row["first"]]


def _withdraw(complaints: Sequence[Said], known: dict[int, Message]) -> None:
    record_consents(
        [
            Statement(
                customer_id=known[report.message_id].customer_id,
                channel="email",
                topic=EVERYTHING,
                status=WITHDRAWN,
                method="complaint",
                source=f"Messages ({report.via})",
                evidence=f"message {report.message_id}",
                at=timezone.now(),  # a provider's clock must not set it before what they agreed to
            )
            for report in complaints
            if report.message_id
        ]
    )


def _told_before(reports: Iterable[Said]) -> set[tuple[str, int | None]]:
    """What the log knows already, from earlier reports of the same kind."""
    rows = Report.objects.filter(message_id__in={report.message_id for report in reports if report.message_id})
    return set(rows.values_list("kind", "message_id"))


def _tell(reports: Sequence[Said], known: dict[int, Message]) -> None:
    """As events of the log, in this transaction: once for each kind and message."""
    first = {(report.kind, report.message_id): report for report in reports if report.message_id}
    rows = [(known[number], report) for (_, number), report in first.items() if number]
    if not rows:
        return
    columns = {
        "message_id": pa.array([f"{report.kind}-{message.pk}" for message, report in rows]),
        "customer": pa.array([message.customer_id for message, _ in rows]),
        "name": pa.array([NAMES[report.kind] for _, report in rows]),
        "time": pa.array([report.at for _, report in rows]),
        "source": SOURCE,
        "channel": "email",
        "properties": pa.array([_properties(message, report) for message, report in rows]),
    }
    made.record(cursor(), len(rows), columns, timezone.now())


def _properties(message: Message, report: Said) -> str:
    facts = {"message_id": message.pk, "sender": message.sender, "template": message.template_id}
    if report.kind == Kind.BOUNCED:
        facts |= {"hard": report.is_hard, "code": report.code}
    return msgspec.json.encode(facts).decode()
