"""The send loop: due messages go through the gate, are filled in and handed to their channel.

Where delivery is a row in the same database (the mailbox) all of it is one transaction: exactly once. Elsewhere the
claim is committed first, and each message's hand-over is committed right before it cannot be taken back: what holds
after a crash is said in `handover`.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Min
from django.utils import timezone
from liquid.exceptions import LiquidError

from karibu.customers.raw import cursor
from karibu.events.arrays import with_bulk_arrays
from karibu.messages import channels, content, facts, gate, handover, sent
from karibu.messages.channels import Letter
from karibu.messages.mjml import BadMarkup
from karibu.messages.models import Link, Message, Template
from karibu.messages.status import OPEN, Reason, Status
from karibu.messages.verdict import Outcome, Stopped, failed, record

log = logging.getLogger("karibu.send")
GROUP = 400  # messages in one transaction
IDLE = 30.0  # seconds between looks when nothing is due and nobody wakes us

_CLAIM = """
    SELECT id, customer_id FROM messages_message
    WHERE status IN ('intended', 'held') AND due_at <= %s
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED"""
# The lock is on who the person is today, so that a merge does not open a second way around the caps.
_LOCK_PERSON = """
    SELECT id, person FROM (
        SELECT w.id, coalesce(c.merged_into, w.id) AS person
        FROM unnest(%s::bigint[]) AS w(id) LEFT JOIN customers_customer c ON c.id = w.id OFFSET 0) AS people
    WHERE pg_try_advisory_xact_lock(7001::bigint << 32 | person)"""
# Found by the person alone: before the table was first counted, everything that is due looks like as good a way in.
_COMPETING = """
    WITH theirs AS MATERIALIZED (
        SELECT id, due_at, priority FROM messages_message
        WHERE customer_id = ANY(%s) AND status IN ('intended', 'held') AND is_marketing)
    SELECT id FROM messages_message WHERE id = ANY(ARRAY(
        SELECT id FROM theirs WHERE due_at <= %s AND id <> ALL(%s) ORDER BY priority DESC, id LIMIT %s))
    FOR UPDATE SKIP LOCKED"""


_LINKS = """
    INSERT INTO messages_link (message_id, position, url)
    SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::text[])"""


def step() -> float:
    """One group. Returns 0 when there may be more, else the seconds until the next message is due."""
    with transaction.atomic():
        handover.take_back()
    handover.admit_doubt()
    decided = send_due()
    sent.tell()
    if decided:
        return 0
    nearest = Message.objects.filter(status__in=OPEN).aggregate(at=Min("due_at"))["at"]
    if nearest is None:
        return IDLE
    # Never less than a moment: a due row that another worker holds is not ours to spin on.
    wait: float = (nearest - timezone.now()).total_seconds()
    return max(0.05, min(IDLE, wait))


def send_due(limit: int = GROUP) -> int:
    """Sends one group of due messages; returns how many were decided on."""
    try:
        return _send(limit)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # One of them is poison. Alone it can only harm itself.
        log.exception("a group of messages failed; trying them one by one")
        return sum(_send_alone(number) for number in _due(limit))


def _due(limit: int) -> list[int]:
    due = Message.objects.filter(status__in=OPEN, due_at__lte=timezone.now())
    return list(due.order_by("due_at").values_list("id", flat=True)[:limit])


def _send_alone(number: int) -> int:
    try:
        return _send(1, only=number)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("message %s failed", number)
        with transaction.atomic():
            message = Message.objects.select_for_update().get(pk=number)
            verdict = failed(Reason.ERROR, type(error).__name__)
            outcome = Outcome(message_id=number, verdict=verdict, customer_id=message.customer_id)
            return record([outcome], timezone.now(), before=OPEN)


def _send(limit: int, only: int | None = None) -> int:
    now = timezone.now()
    with transaction.atomic():
        messages = _claim(now, limit, only)
        if not messages:
            return 0
        group = gate.ask(messages, now)
        letters = _write(group)
        record((_outcome(case) for case in group.cases), now, before=OPEN)
        inside = {kind for kind in {letter.channel for letter in letters} if channels.get(kind).stays_inside()}
        _deliver([letter for letter in letters if letter.channel in inside])
    _deliver([letter for letter in letters if letter.channel not in inside])
    return len(messages)


def _claim(now: datetime, limit: int, only: int | None) -> list[Message]:
    """Locks due rows that no other worker holds, of people whom no other worker is about to write to.

    With them come the other marketing messages that are due to the same people: who goes first is decided among all.
    """
    with connection.cursor() as cursor:
        if only is None:
            cursor.execute(_CLAIM, [now, limit])
        else:
            cursor.execute(_CLAIM.replace("WHERE", f"WHERE id = {int(only)} AND"), [now, 1])
        wanted: dict[int, int] = dict(cursor.fetchall())
        cursor.execute(_LOCK_PERSON, [sorted(set(wanted.values()))])
        ours: dict[int, int] = dict(cursor.fetchall())
        claimed = [number for number, customer in wanted.items() if customer in ours]
        if claimed and only is None:
            cursor.execute(_COMPETING, [list({*ours, *ours.values()}), now, claimed, limit])
            claimed += [row[0] for row in cursor.fetchall()]
    messages = list(Message.objects.filter(pk__in=claimed).order_by("due_at", "id"))
    templates = Template.objects.in_bulk({message.template_id for message in messages})  # few, of many messages
    for message in messages:
        message.template = templates[message.template_id]
    return messages


def _write(group: gate.Group) -> list[Letter]:
    """Fills in every ready message. Who cannot be filled in fails alone, with the reason."""
    ready = [case for case in group.cases if case.verdict is not None and case.verdict.status == Status.SENDING]
    known = facts.gather([case.message for case in ready], group.customers())
    letters, links = [], []
    for case in ready:
        message = case.message
        try:
            form = content.compiled(message.template.pk, message.template.version, message.is_marketing)
            said = content.render_tracked(form, known[message.id], message.id)
            letter = channels.get(message.channel).compose(message, case.address, said, group.shop)
        except Stopped as stopped:
            case.verdict = stopped.verdict
            continue
        except (LiquidError, BadMarkup, ValueError, TypeError, LookupError, ArithmeticError) as error:
            case.verdict = failed(Reason.TEMPLATE_ERROR, _first_line(error))
            continue
        message.subject = letter.subject
        letters.append(letter)
        links += [(message.id, n, url) for n, url in enumerate(said.links)]
    _keep_links(links, [case.message.id for case in ready if case.message.attempts])
    return letters


def _keep_links(links: Sequence[tuple[int, int, str]], tried_before: Sequence[int]) -> None:
    """`links`: message, position, target. Those of an earlier attempt make room."""
    if tried_before:
        Link.objects.filter(message__in=tried_before).delete()
    if links:
        raw = with_bulk_arrays(cursor())
        raw.execute(_LINKS, [list(column) for column in zip(*links, strict=True)], prepare=True)


def _outcome(case: gate.Case) -> Outcome:
    assert case.verdict is not None
    message = case.message
    return Outcome(message.id, case.verdict, message.customer_id, case.address, message.subject)


def _deliver(letters: Sequence[Letter]) -> None:
    """Hands over, and writes down what became of each: inside the transaction together, else as handover says."""
    for kind in sorted({letter.channel for letter in letters}):
        window = handover.Window(kind)
        try:
            for letter, verdict in channels.get(kind).deliver([one for one in letters if one.channel == kind], window):
                window.note(letter, verdict)
        finally:
            window.settle()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
