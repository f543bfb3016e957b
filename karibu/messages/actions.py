"""What can be done with messages. `intend` is the only way in; nothing leaves except through the gate."""

from collections.abc import Collection

from django.utils import timezone

from karibu.events.wake import wake
from karibu.messages import verdict
from karibu.messages.intents import Intent, intend
from karibu.messages.models import Message
from karibu.messages.senders import TEST
from karibu.messages.status import OPEN, Reason, Status
from karibu.messages.verdict import Outcome, Verdict
from karibu.web.actions import record

__all__ = ["Intent", "cancel", "intend", "retry"]


def cancel(message_ids: Collection[int], *, by: str, reason: str = Reason.BY_HAND) -> int:
    """Takes back messages that have not left; returns how many. Call it in a transaction."""
    rows = Message.objects.filter(pk__in=message_ids, status__in=OPEN).select_for_update()
    gone = Verdict(status=Status.CANCELLED, reason=reason, detail=by)
    return verdict.record(
        [Outcome(message_id=m.pk, verdict=gone, customer_id=m.customer_id) for m in rows], timezone.now(), before=OPEN
    )


def retry(message_id: int, *, by: str) -> int:
    """Lets a failed message go through the gate again; returns 1, or 0 where it had not failed (or is a test).

    For `unknown_outcome` this is a person's decision: the first try may have arrived.
    """
    failed = Message.objects.filter(pk=message_id, status=Status.FAILED).exclude(sender=TEST)
    message = failed.select_for_update().first()
    if message is None:
        return 0
    now = timezone.now()
    again = Verdict(status=Status.INTENDED, detail=by, until=now)
    outcome = Outcome(message_id=message.pk, verdict=again, customer_id=message.customer_id)
    verdict.record([outcome], now, before=[Status.FAILED])
    record(by, "tried message again", f"message {message_id}", failed_with=message.reason)
    wake("send")
    return 1
