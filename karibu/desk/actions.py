"""Giving tasks, and getting them done."""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils import timezone

from karibu.desk.models import Task
from karibu.journeys.steps.task import Wanted
from karibu.web.actions import record


def give(wanted: Sequence[Wanted]) -> None:
    """Writes the tasks down that are not there yet, in the caller's transaction."""
    now = timezone.now()
    rows = [
        Task(
            key=one.key,
            customer_id=one.customer_id,
            title=one.title,
            colleague=one.colleague,
            source=one.source,
            made_at=now,
            due_at=one.due_at,
        )
        for one in wanted
    ]
    Task.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def give_by_hand(wanted: Wanted, *, by: str) -> None:
    """A colleague gives one task."""
    give([wanted])
    record(by, "gave task", f"customer {wanted.customer_id}")


@transaction.atomic
def finish(ids: Collection[int], *, by: str) -> int:
    """These are done; returns how many were not before."""
    done = Task.objects.filter(pk__in=ids, done_at=None).update(done_at=timezone.now(), done_by=by)
    record(by, "finished tasks", "tasks", count=done)
    return done


@transaction.atomic
def reopen(ids: Collection[int], *, by: str) -> int:
    """These are to be done after all; returns how many were done."""
    again = Task.objects.filter(pk__in=ids).exclude(done_at=None).update(done_at=None, done_by="")
    record(by, "reopened tasks", "tasks", count=again)
    return again
