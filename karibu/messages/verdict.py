"""What became of a message, decided by the gate or by a channel, and how it is written down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from karibu.customers.raw import cursor
from karibu.events.arrays import with_bulk_arrays
from karibu.messages.status import Reason, Status


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`until` is when a held message is looked at again. `bounced` says that the address itself does not exist."""

    status: str
    reason: str = ""
    detail: str = ""
    until: datetime | None = None
    bounced: bool = False


READY = Verdict(status=Status.SENDING)
NOT_REACHED = Verdict(status=Status.INTENDED, reason=Reason.INTERRUPTED)
SENT = Verdict(status=Status.SENT)


def refused(reason: Reason, detail: str = "") -> Verdict:
    return Verdict(status=Status.REFUSED, reason=reason, detail=detail)


def held(until: datetime, reason: Reason, detail: str = "") -> Verdict:
    return Verdict(status=Status.HELD, reason=reason, detail=detail, until=until)


def failed(reason: Reason, detail: str = "", *, bounced: bool = False) -> Verdict:
    return Verdict(status=Status.FAILED, reason=reason, detail=detail, bounced=bounced)


class Stopped(Exception):
    """What a channel raises while it writes a letter that may not leave as it is; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


@dataclass(frozen=True)
class Outcome:
    """A verdict on one message, with what the row shall remember of the attempt."""

    message_id: int
    verdict: Verdict
    customer_id: int
    address: str = ""
    subject: str = ""
    link_set: int = 0  # LinkSet.id of what is being sent


# Who was erased while their message was being handed over is not written back with what came of it.
_RECORD = """
    WITH written AS (UPDATE messages_message m SET
        status = n.status, reason = n.reason, customer_id = n.customer_id,
        detail = CASE WHEN {gone} THEN '' ELSE n.detail END,
        due_at = coalesce(n.until, m.due_at),
        claimed_at = CASE WHEN n.status = 'sending' THEN %(now)s ELSE m.claimed_at END,
        claimed_by = CASE WHEN n.status = 'sending' THEN pg_backend_pid() ELSE m.claimed_by END,
        handed_over_at = CASE WHEN n.status = 'sending' THEN NULL ELSE m.handed_over_at END,
        attempts = m.attempts + (n.status = 'sending')::int,
        sent_at = CASE WHEN n.status = 'sent' THEN %(now)s ELSE m.sent_at END,
        address = CASE WHEN {gone} THEN '' ELSE coalesce(nullif(n.address, ''), m.address) END,
        link_set_id = CASE WHEN n.status = 'sending' THEN nullif(n.link_set, 0) ELSE m.link_set_id END,
        subject = CASE WHEN {gone} THEN '' ELSE coalesce(nullif(n.subject, ''), m.subject) END,
        history = (CASE WHEN n.reason IN ('unreachable', 'frequency', 'paused') AND m.history->-1->>'reason' = n.reason
            THEN m.history - (-1) ELSE m.history END)
            || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('at', %(now)s::timestamptz, 'status', n.status,
                'reason', nullif(n.reason, ''), 'until', n.until,
                'detail', CASE WHEN {gone} THEN NULL ELSE nullif(n.detail, '') END)))
    FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[], %(details)s::text[],
        %(untils)s::timestamptz[], %(customers)s::bigint[], %(addresses)s::text[], %(subjects)s::text[],
        %(link_sets)s::bigint[]) AS n(id, status, reason, detail, until, customer_id, address, subject, link_set)
    WHERE m.id = n.id AND m.status = ANY(%(before)s::text[]) RETURNING m.id, m.status
    ), noted AS (INSERT INTO messages_untold (message_id) SELECT id FROM written WHERE status = 'sent'
        ON CONFLICT DO NOTHING)
    SELECT count(*) FROM written""".replace("{gone}", "m.key = 'erased:' || m.id")

# The setting holds until the end of the transaction, which may be this one statement.
_RECORD_UNFLUSHED = _RECORD.replace(
    "FROM unnest", "FROM (SELECT set_config('synchronous_commit', 'off', true)) AS unflushed, unnest", 1
)

# Rows that another worker holds are being looked at by it.
_RELEASE = """
    UPDATE messages_message SET due_at = %s WHERE id = ANY(ARRAY(
        SELECT id FROM messages_message
        WHERE customer_id = ANY(%s) AND status = 'held' AND reason = 'frequency' FOR UPDATE SKIP LOCKED))"""


def record(outcomes: Iterable[Outcome], now: datetime, *, before: Iterable[str], flushed: bool = True) -> int:
    """Writes the outcomes on messages that still stand at one of `before`; returns how many did.

    Not `flushed`: the commit does not wait for the disk. See handover for where that is safe.
    """
    rows = list(outcomes)
    if not rows:
        return 0
    with connection.wrap_database_errors:
        found = with_bulk_arrays(cursor()).execute(
            _RECORD if flushed else _RECORD_UNFLUSHED, _values(rows, now, before)
        )
        [count] = found.fetchone() or (0,)
    _release(rows, now)
    return int(count)


def _values(rows: Sequence[Outcome], now: datetime, before: Iterable[str]) -> dict[str, Any]:
    verdicts = [row.verdict for row in rows]
    return {
        "now": now,
        "ids": [row.message_id for row in rows],
        "statuses": [str(v.status) for v in verdicts],
        "reasons": [str(v.reason) for v in verdicts],
        "details": [v.detail[:500] for v in verdicts],
        "untils": [v.until for v in verdicts],
        "customers": [row.customer_id for row in rows],
        "addresses": [row.address[:300] for row in rows],
        "subjects": [row.subject for row in rows],
        "link_sets": [row.link_set for row in rows],
        "before": [str(status) for status in before],
    }


def _release(rows: Sequence[Outcome], now: datetime) -> None:
    """A message that did not arrive takes nobody's place: what waited because of it is asked again."""
    if without := [row.customer_id for row in rows if _did_not_arrive(row.verdict)]:
        with connection.wrap_database_errors:
            cursor().execute(_RELEASE, [now, without])


def _did_not_arrive(verdict: Verdict) -> bool:
    return verdict.status == Status.FAILED and verdict.reason != Reason.UNKNOWN_OUTCOME
