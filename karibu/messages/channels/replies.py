"""The worker's loop that answers STOP, START and HELP: each at most once, and not later than an hour."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from karibu.messages.channels import part
from karibu.messages.channels.models import Inbound
from karibu.messages.status import Status

AT_ONCE = 20
IDLE = 60.0
LEASE = timedelta(minutes=10)  # whoever took one has ended by then; what came of it nobody knows
FRESH = timedelta(hours=1)
Reply = Inbound.Reply


def step() -> float:
    """Returns 0 while there may be more to answer."""
    _give_up()
    answered = [_answer(row) for row in _claim()]
    return 0 if any(answered) else IDLE


def _claim() -> list[Inbound]:
    with transaction.atomic():
        rows = Inbound.objects.select_for_update(skip_locked=True, of=("self",)).filter(reply_state=Reply.WANTED)
        taken = list(rows.select_related("account").order_by("pk")[:AT_ONCE])
        ids = [row.pk for row in taken]
        Inbound.objects.filter(pk__in=ids).update(reply_state=Reply.SENDING, replied_at=timezone.now())
    return taken


def _give_up() -> None:
    now = timezone.now()
    Inbound.objects.filter(reply_state=Reply.SENDING, replied_at__lt=now - LEASE).update(reply_state=Reply.FAILED)
    Inbound.objects.filter(reply_state=Reply.WANTED, received_at__lt=now - FRESH).update(reply_state=Reply.FAILED)


def _answer(row: Inbound) -> bool:
    """Not through the gate: the person asks, and is told once that they were heard. False where it has to wait."""
    handed = part(row.kind, "deliver").say(row.account, row.address, row.reply)
    state = {Status.SENT: Reply.SENT, Status.HELD: Reply.WANTED}.get(handed.verdict.status, Reply.FAILED)
    Inbound.objects.filter(pk=row.pk).update(reply_state=state, replied_at=timezone.now())
    return state != Reply.WANTED
