"""What a colleague or the API does with rehearsals."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from karibu.journeys.definition import parse
from karibu.journeys.models import Journey, Rehearsal
from karibu.web.actions import record

DAYS = 90
MOST_DAYS = 366
KEPT = 10  # rehearsals of one journey
OPEN = (Rehearsal.Status.QUEUED, Rehearsal.Status.RUNNING)


def begin(journey: Journey, *, by: str, days: int = DAYS, now: datetime | None = None, **wanted: Any) -> Rehearsal:
    """The draft as it is now, told over the last `days`; a worker takes it up. One at a time of each journey: the one
    that is under way is returned. Raises DefinitionError for a draft that cannot run, ValueError for the days.

    `wanted`: whether `everybody` is told of, and who are put in where nobody knows whom (`stand_in`, a segment)."""
    from karibu.journeys.jobs import queue_rehearsal

    with transaction.atomic():
        rehearsal = plan(journey, by=by, days=days, now=now, **wanted)
        queue_rehearsal(rehearsal.pk)
    return rehearsal


def plan(journey: Journey, *, by: str, days: int = DAYS, now: datetime | None = None, **wanted: Any) -> Rehearsal:
    """As begin(), but whoever calls this runs it (run.py)."""
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"from 1 to {MOST_DAYS} days")
    parse(journey.definition)
    with transaction.atomic():
        journey = Journey.objects.select_for_update().get(pk=journey.pk)
        under_way = journey.rehearsals.filter(status__in=OPEN).order_by("-pk").first()
        if under_way and not is_stalled(under_way):
            return under_way
        until = now or timezone.now()
        made = journey.rehearsals.create(
            definition=journey.definition, since=until - timedelta(days=days), until=until, by=by, **wanted
        )
        record(by, "rehearsed journey", f"journey {journey.pk}", days=days)
        old = journey.rehearsals.order_by("-pk").values_list("pk", flat=True)[KEPT:]
        journey.rehearsals.filter(pk__in=list(old)).delete()
    return made


def stop(rehearsal: Rehearsal, *, by: str) -> bool:
    """It ends within a second or two; what it had come to stays. False where it had ended."""
    with transaction.atomic():
        stopped = Rehearsal.objects.filter(pk=rehearsal.pk, status__in=OPEN).update(
            status=Rehearsal.Status.STOPPED, ended_at=timezone.now()
        )
        if stopped:
            record(by, "stopped rehearsal", f"journey {rehearsal.journey_id}")
    return bool(stopped)


def is_stalled(rehearsal: Rehearsal) -> bool:
    """Whoever ran it is gone."""
    from karibu.journeys.rehearsal.run import SILENT

    beaten = rehearsal.heartbeat_at
    return rehearsal.status == Rehearsal.Status.RUNNING and (beaten is None or timezone.now() - beaten > SILENT)
