"""The send loop: due messages go through the gate, are filled in and handed to their channel.

Where delivery is a row in the same database (the mailbox) all of it is one transaction: exactly once. Elsewhere the
claim is committed first, and each message's hand-over is committed right before it cannot be taken back: what holds
after a crash is said in `handover`.
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Min
from django.utils import timezone
from liquid.exceptions import LiquidError

from karibu.customers import raw
from karibu.events.arrays import with_bulk_arrays
from karibu.messages import channels, content, facts, gate, handover
from karibu.messages import links as targets
from karibu.messages.channels import Letter
from karibu.messages.mjml import BadMarkup
from karibu.messages.models import Link, Message, Template
from karibu.messages.status import OPEN, Reason, Status
from karibu.messages.verdict import Outcome, Stopped, failed, record

log = logging.getLogger("karibu.send")
# In one transaction go as many messages as leave in so long: what is claimed cannot be paused any more.
FEWEST, MOST, SECONDS = 50, 1000, 1.0
IDLE = 30.0  # seconds between looks when nothing is due and nobody wakes us

_COLUMNS = ["id", "customer_id", "channel", "template_id", "topic", "is_marketing", "priority", "is_holdout", "context"]
_COLUMNS += ["sender", "status", "history", "link_set_id", "due_at", "expires_at", "attempts"]
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM messages_message"  # noqa: S608 - constants of ours
_CLAIM = f"""
    {_SELECT} WHERE status IN ('intended', 'held') AND due_at <= %s
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED"""
_ONE = f"{_SELECT} WHERE status IN ('intended', 'held') AND due_at <= %s AND id = %s FOR UPDATE SKIP LOCKED"
# The lock is on who the person is today, so that a merge does not open a second way around the caps.
_LOCK_PERSON = """
    SELECT id, person FROM (
        SELECT w.id, coalesce(c.merged_into, w.id) AS person
        FROM unnest(%s::bigint[]) AS w(id) LEFT JOIN customers_customer c ON c.id = w.id OFFSET 0) AS people
    WHERE pg_try_advisory_xact_lock(7001::bigint << 32 | person)"""
# Found by the person alone: before the table was first counted, everything that is due looks like as good a way in.
_COMPETING = f"""
    WITH theirs AS MATERIALIZED (
        SELECT id, due_at, priority FROM messages_message
        WHERE customer_id = ANY(%s) AND status IN ('intended', 'held') AND is_marketing)
    {_SELECT} WHERE id = ANY(ARRAY(
        SELECT id FROM theirs WHERE due_at <= %s AND id <> ALL(%s) ORDER BY priority DESC, id LIMIT %s))
    FOR UPDATE SKIP LOCKED"""  # noqa: S608 - constants of ours
_LINKS = """
    INSERT INTO messages_link (message_id, position, url)
    SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::text[])"""


def step() -> float:
    """One group. Returns 0 when there may be more, else the seconds until the next message is due."""
    with transaction.atomic():
        handover.take_back()
    handover.admit_doubt()
    if _send_for_a_moment():
        return 0
    nearest = Message.objects.filter(status__in=OPEN).aggregate(at=Min("due_at"))["at"]
    if nearest is None:
        return IDLE
    # Never less than a moment: a due row that another worker holds is not ours to spin on.
    wait: float = (nearest - timezone.now()).total_seconds()
    return max(0.05, min(IDLE, wait))


_pace = threading.local()


def _send_for_a_moment() -> int:
    begun = time.monotonic()
    decided = send_due(getattr(_pace, "group", FEWEST))
    _pace.group = min(max(int(SECONDS * decided / (time.monotonic() - begun)), FEWEST), MOST)
    return decided


def send_due(limit: int = MOST) -> int:
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
    known = partial(raw.objects, Message, _COLUMNS)
    found = known(_CLAIM, now, limit) if only is None else known(_ONE, now, only)
    with connection.wrap_database_errors:
        rows = raw.cursor().execute(_LOCK_PERSON, [sorted({message.customer_id for message in found})])
        ours: dict[int, int] = dict(rows.fetchall())
    claimed = [message for message in found if message.customer_id in ours]
    if claimed and only is None:
        claimed += known(_COMPETING, list({*ours, *ours.values()}), now, [message.id for message in claimed], limit)
    templates = Template.objects.in_bulk({message.template_id for message in claimed})  # few, of many messages
    known_as = Message.template.field.set_cached_value  # what assigning does, without asking whether it may
    for message in claimed:
        known_as(message, templates[message.template_id])
    return sorted(claimed, key=lambda message: (message.due_at, message.id))


def _write(group: gate.Group) -> list[Letter]:
    """Fills in every ready message. Who cannot be filled in fails alone, with the reason."""
    ready = [case for case in group.cases if case.verdict is not None and case.verdict.status == Status.SENDING]
    known = facts.gather([case.message for case in ready], group.customers())
    letters, links = [], []
    shared: dict[targets.Urls, list[Message]] = {}
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
        shared.setdefault(said.shared, []).append(message)
        own = enumerate(said.links[len(said.shared) :], len(said.shared))
        links += [(message.id, position, url) for position, url in own]
    _keep_links(links, [case.message.id for case in ready if case.message.attempts])
    for urls, number in targets.sets(shared).items():
        for message in shared[urls]:
            message.link_set_id = number
    return letters


def _keep_links(links: Sequence[tuple[int, int, str]], tried_before: Sequence[int]) -> None:
    """`links`: message, position, target. Those of an earlier attempt make room."""
    if tried_before:
        Link.objects.filter(message__in=tried_before).delete()
    if links:
        columns = [list(column) for column in zip(*links, strict=True)]
        with_bulk_arrays(raw.cursor()).execute(_LINKS, columns)


def _outcome(case: gate.Case) -> Outcome:
    assert case.verdict is not None
    message = case.message
    links = message.link_set_id or 0
    return Outcome(message.id, case.verdict, message.customer_id, case.address, message.subject, links)


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
