"""For how long set-aside events stay: whole events of real people, which nobody may ever look at."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from karibu.collect.models import Keeping, RejectedEvent
from karibu.web.actions import record

LONGEST = 365  # days
AT_ONCE = 10_000  # rows of one transaction

_GO = """
    DELETE FROM collect_rejectedevent WHERE id IN (
        SELECT id FROM collect_rejectedevent WHERE received_at < %s ORDER BY received_at LIMIT %s)"""


def rule() -> Keeping:
    """As it stands, or as it is by default."""
    return Keeping.objects.filter(pk=1).first() or Keeping(pk=1)


def change_rule(kept: Keeping, *, by: str) -> None:
    with transaction.atomic():
        kept.save()
        record(by, "changed retention", "rejected events", days=kept.rejected_days)


def overdue(now: datetime, days: int | None = None) -> int:
    """How many set-aside events are older than the rule, or than `days`, allows."""
    return RejectedEvent.objects.filter(received_at__lt=_limit(now, days)).count()


def let_go(now: datetime) -> int:
    """Deletes what has been kept for long enough; returns how many."""
    gone = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_GO, [_limit(now), AT_ONCE])
            gone += int(cursor.rowcount)
            if cursor.rowcount < AT_ONCE:
                break
    if gone:
        record("system", "let go of events", "rejected events", count=gone)
    return gone


def _limit(now: datetime, days: int | None = None) -> datetime:
    return now - timedelta(days=rule().rejected_days if days is None else days)
