"""What pages and the API ask about journeys. Each figure is defined here, once."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from karibu.customers.models import Customer
from karibu.journeys.models import Enrollment, Journey, Passage
from karibu.messages.models import Message

Figure = Callable[[int], Any]
_figures: dict[str, Figure] = {}

INSIDE = Q(enrollments__status=Enrollment.Status.ACTIVE)


@dataclass
class Numbers:
    """At one step: who stands before it now, who went through it, who left the journey while before it."""

    waiting: int = 0
    passed: int = 0
    left: int = 0
    failed: int = 0


def register_figure(name: str, figure: Figure) -> None:
    """Adds `figure(journey_id)` (JSON-able) to every journey's report under `name`; for apps above this one."""
    _figures[name] = figure


def journeys() -> QuerySet[Journey]:
    """All journeys with how many are inside and have been through."""
    return Journey.objects.annotate(
        inside=Count("enrollments", filter=INSIDE),
        finished=Count("enrollments", filter=Q(enrollments__status=Enrollment.Status.FINISHED)),
        left=Count("enrollments", filter=Q(enrollments__status=Enrollment.Status.LEFT)),
        failed=Count("enrollments", filter=Q(enrollments__status=Enrollment.Status.FAILED)),
    )


def step_numbers(journey: Journey) -> dict[int, Numbers]:
    """By position, over all versions."""
    found: dict[int, Numbers] = defaultdict(Numbers)
    stands = Enrollment.objects.filter(journey=journey).exclude(status=Enrollment.Status.FINISHED)
    for row in stands.values("step", "status").annotate(n=Count("id")):
        name = {"active": "waiting", "left": "left", "failed": "failed"}[row["status"]]
        setattr(found[row["step"]], name, row["n"])
    passed = Passage.objects.filter(journey_id=journey.pk).values("step").annotate(n=Count("id"))
    for step, count in passed.values_list("step", "n"):
        found[step].passed = count
    return found


def report(journey: Journey) -> dict[str, Any]:
    """Entered, where they are now, messages by status, and what other apps add (registered figures)."""
    counts = dict(
        Enrollment.objects.filter(journey=journey)
        .values_list("status")
        .annotate(n=Count("id"))
        .values_list("status", "n")
    )
    sent = Message.objects.filter(sender=f"journey:{journey.pk}").values_list("status").annotate(n=Count("id"))
    return {
        "entered": sum(counts.values()),
        "inside": counts.get("active", 0),
        "finished": counts.get("finished", 0),
        "left": counts.get("left", 0),
        "failed": counts.get("failed", 0),
        "messages": dict(sent.values_list("status", "n")),
        **{name: figure(journey.pk) for name, figure in _figures.items()},
    }


def names(numbers: Collection[int]) -> dict[int, str]:
    """What these journeys are called."""
    return dict(Journey.objects.filter(pk__in=numbers).values_list("pk", "name"))


def named(customer_ids: list[int]) -> dict[int, str]:
    """What to call each customer."""
    found = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "name", "email")
    return {pk: name or email or f"#{pk}" for pk, name, email in found}
