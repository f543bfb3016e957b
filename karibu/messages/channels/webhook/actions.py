"""What an owner does with webhooks."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from karibu.events.wake import wake
from karibu.messages.channels import guard
from karibu.messages.channels.models import Delivery, Webhook
from karibu.messages.channels.webhook import compose
from karibu.web import sealed
from karibu.web.actions import record

TEST = "Webhook Tested"
KEPT = timedelta(days=7)  # what was delivered or given up: it holds people's data


def create(url: str, names: Sequence[str], *, by: str) -> Webhook:
    """Raises guard.Forbidden."""
    guard.check(url)
    with transaction.atomic():
        made = Webhook.objects.create(
            url=url, names=sorted(set(names)), sealed=sealed.seal({"secret": compose.new_secret()}), made_by=by
        )
        record(by, "created webhook", f"webhook {made.pk}")
    return made


def close(hook: Webhook, *, by: str) -> None:
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk, closed_at=None).update(closed_at=timezone.now(), sealed=b"")
        Delivery.objects.filter(webhook=hook, status=Delivery.Status.WAITING).delete()
        record(by, "deleted webhook", f"webhook {hook.pk}")


def enable(hook: Webhook, *, by: str) -> None:
    """What waited meanwhile is delivered now; what happened meanwhile was not kept for it."""
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).update(
            disabled_at=None, disabled_because="", failing_since=None, rests_until=None, failures=0
        )
        record(by, "enabled webhook", f"webhook {hook.pk}")
        wake("webhooks")


def new_secret(hook: Webhook, *, by: str) -> None:
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).update(sealed=sealed.seal({"secret": compose.new_secret()}))
        record(by, "changed webhook's secret", f"webhook {hook.pk}")


def test(hook: Webhook) -> Delivery:
    """A delivery that tells of nothing."""
    now = timezone.now()
    body = compose.Body(type=TEST, timestamp=now, data=compose.Told(message_id=f"test-{now.timestamp()}"))
    with transaction.atomic():
        made = Delivery.objects.create(
            webhook=hook, event=body.data.message_id, name=TEST, body=compose.text(body), due_at=now
        )
        wake("webhooks")
    return made


def replay(ids: Collection[int], *, by: str) -> int:
    """These deliveries are made once more, under their old ids; returns how many."""
    again = Delivery.objects.filter(pk__in=ids, webhook__closed_at=None)
    with transaction.atomic():
        done = again.update(status=Delivery.Status.WAITING, attempts=0, due_at=timezone.now(), done_at=None)
        record(by, "replayed deliveries", f"{done} deliveries")
        wake("webhooks")
    return done


def forget(now: datetime) -> int:
    """Deletes old deliveries that are over; returns how many."""
    return Delivery.objects.filter(done_at__lt=now - KEPT).delete()[0]
