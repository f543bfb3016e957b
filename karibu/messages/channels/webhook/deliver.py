"""The worker's loop of webhooks: events become deliveries, deliveries are made, tried again, and at last given up.

At least once: a delivery that may have arrived is made again, under the same id. There is no order among deliveries.
Whoever does not answer is left alone for a while; whoever has not answered for days is disabled, and the owners told.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.db import connection, transaction
from django.utils import timezone

from karibu.messages.channels import guard
from karibu.messages.channels.http import InDoubt, NotReached
from karibu.messages.channels.models import Delivery, Outgoing, Webhook
from karibu.messages.channels.webhook import compose, notice
from karibu.messages.channels.webhook.stage import read
from karibu.web.sealed import CannotOpen

log = logging.getLogger("karibu.webhooks")
PAUSES = [timedelta(seconds=s) for s in (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)]
PATIENCE = timedelta(days=3)  # without a single success
LEASE = timedelta(minutes=3)
BLOCKS, AT_ONCE, WIDTH = 20, 64, 16
IDLE = 30.0
GONE = 410

# Who does not answer is asked at most once at a time, by one delivery.
_CLAIM = """
    WITH taken AS MATERIALIZED (
        SELECT due.id FROM channels_webhook w, LATERAL (
            SELECT id FROM channels_delivery
            WHERE webhook_id = w.id AND status = 'waiting' AND due_at <= %(now)s ORDER BY due_at
            LIMIT CASE WHEN w.failing_since IS NULL THEN %(most)s ELSE 1 END FOR UPDATE SKIP LOCKED) due
        WHERE w.closed_at IS NULL AND w.disabled_at IS NULL AND (w.rests_until IS NULL OR w.rests_until <= %(now)s)
        LIMIT %(most)s)
    UPDATE channels_delivery d SET due_at = %(lease)s, attempts = attempts + 1
    FROM taken WHERE d.id = taken.id RETURNING d.id"""


@dataclass(frozen=True)
class Result:
    """What came of one try. `status` 0: there was no answer."""

    status: int
    words: str
    milliseconds: int
    retry_after: timedelta | None = None

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


def step() -> float:
    """Returns 0 while there is more to do now."""
    if fan_out() or deliver():
        return 0
    due = Delivery.objects.filter(status=Delivery.Status.WAITING, webhook__disabled_at=None, webhook__closed_at=None)
    nearest = due.order_by("due_at").values_list("due_at", "webhook__rests_until").first()
    if nearest is None:
        return IDLE
    wait: float = (max(filter(None, nearest)) - timezone.now()).total_seconds()
    return max(0.5, min(IDLE, wait))


def fan_out() -> int:
    """Makes deliveries of what a few batches told; returns how many batches."""
    with transaction.atomic():
        taken = list(Outgoing.objects.select_for_update(skip_locked=True).order_by("pk")[:BLOCKS])
        hooks = list(Webhook.objects.filter(closed_at=None, disabled_at=None))
        now = timezone.now()
        rows = [
            Delivery(
                webhook=hook,
                event=body.data.message_id[:300],
                customer_id=body.data.customer,
                name=body.type[:200],
                body=compose.text(body),
                due_at=now,
            )
            for block in taken
            for body in read(block.body)
            for hook in hooks
            if not hook.names or body.type in hook.names
        ]
        Delivery.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)
        Outgoing.objects.filter(pk__in=[block.pk for block in taken]).delete()
    return len(taken)


def deliver() -> int:
    """Tries a group of those that are due, side by side; returns how many."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease": now + LEASE, "now": now, "most": AT_ONCE})
        ids = [row[0] for row in cursor.fetchall()]
    taken = list(Delivery.objects.filter(pk__in=ids).select_related("webhook").order_by("pk"))
    results = list(_threads().map(_try, taken))
    with transaction.atomic():
        _settle(taken, results)
    return len(taken)


def _try(delivery: Delivery) -> Result:
    """One POST, in a thread that has no database."""
    started = time.monotonic()
    body, hook = delivery.body.encode(), delivery.webhook
    try:
        headers = compose.headers(hook.secret, f"msg_{delivery.pk}", timezone.now(), body)
        answer = guard.post(hook.url, body, headers)
        status, words = answer.status, answer.body[:500].decode("utf-8", "replace").replace("\0", "")
        pause = answer.retry_after(timezone.now()) if status in (429, 503) else None
    except (guard.Forbidden, NotReached, InDoubt, CannotOpen) as error:
        status, words, pause = 0, str(error), None
    except Exception as error:  # a bug on the way of one delivery holds up no other
        log.exception("delivery %s failed", delivery.pk)
        status, words, pause = 0, type(error).__name__, None
    return Result(status, words, round((time.monotonic() - started) * 1000), pause)


def _settle(taken: Sequence[Delivery], results: Sequence[Result]) -> None:
    now = timezone.now()
    for delivery, result in zip(taken, results, strict=True):
        delivery.answer_status, delivery.answer, delivery.took_ms = result.status, result.words, result.milliseconds
        delivery.tried_at = now
        if result.is_good:
            delivery.status, delivery.done_at = Delivery.Status.DELIVERED, now
        elif delivery.attempts > len(PAUSES):
            delivery.status, delivery.done_at = Delivery.Status.GIVEN_UP, now
        else:
            delivery.due_at = now + (result.retry_after or PAUSES[delivery.attempts - 1])
    fields = ["answer_status", "answer", "took_ms", "tried_at", "status", "done_at", "due_at"]
    Delivery.objects.bulk_update(taken, fields)
    by_hook: dict[int, list[Result]] = {}
    for delivery, result in zip(taken, results, strict=True):
        by_hook.setdefault(delivery.webhook_id, []).append(result)
    for hook in Webhook.objects.select_for_update().filter(pk__in=by_hook).order_by("pk"):
        _note(hook, by_hook[hook.pk], now)


def _note(hook: Webhook, results: Sequence[Result], now: datetime) -> None:
    """Whether the receiver is well: one success says so."""
    if any(result.is_good for result in results):
        hook.failing_since, hook.rests_until, hook.failures = None, None, 0
    else:
        hook.failures += 1
        hook.failing_since = hook.failing_since or now
        hook.rests_until = now + timedelta(seconds=min(2**hook.failures, 600))
        if any(result.status == GONE for result in results):
            _disable(hook, "It answered 410: it is gone for good.", now)
        elif now - hook.failing_since > PATIENCE:
            _disable(hook, f"It has not taken anything for {PATIENCE.days} days: {results[-1].words[:200]}", now)
    hook.save(update_fields=["failing_since", "rests_until", "failures", "disabled_at", "disabled_because"])


def _disable(hook: Webhook, why: str, now: datetime) -> None:
    if hook.disabled_at is None:
        hook.disabled_at, hook.disabled_because = now, why
        transaction.on_commit(lambda: notice.tell_owners(hook))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WIDTH, thread_name_prefix="webhooks")
