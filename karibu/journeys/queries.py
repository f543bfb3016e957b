"""What pages and the API ask about journeys. Each figure is defined here, once."""

from collections.abc import Callable, Collection
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext

from karibu.customers.models import Customer
from karibu.journeys.models import Enrollment, Journey
from karibu.messages.models import Message
from karibu.web.models import User
from karibu.web.search import Hit

Figure = Callable[[int], Any]
Counter = Callable[[Journey, int], dict[str, Any]]
_figures: dict[str, Figure] = {}
_counters: list[Counter] = []

INSIDE = Q(enrollments__status=Enrollment.Status.ACTIVE)


def register_figure(name: str, figure: Figure) -> None:
    """Adds `figure(journey_id)` (JSON-able) to every journey's report under `name`; for apps above this one."""
    _figures[name] = figure


def register_counter(counter: Counter) -> None:
    """Adds all that `counter(journey, days)` says to every journey's report; for apps above this one."""
    _counters.append(counter)


def find(text: str, user: User) -> list[Hit]:
    """For the search of the top bar."""
    found = Journey.objects.filter(name__icontains=text).order_by("name", "pk")[:5]
    return [
        Hit(gettext("Journeys"), one.name, f"/journeys/{one.pk}/", str(one.get_status_display()), "journeys")
        for one in found
    ]


def journeys() -> QuerySet[Journey]:
    """All journeys with how many are inside and have been through."""
    return Journey.objects.annotate(
        inside=Count("enrollments", filter=INSIDE),
        finished=Count("enrollments", filter=Q(enrollments__status=Enrollment.Status.FINISHED)),
        left=Count("enrollments", filter=Q(enrollments__status=Enrollment.Status.LEFT)),
        failed=Count("enrollments", filter=Q(enrollments__status=Enrollment.Status.FAILED)),
        held_out=Count("enrollments", filter=Q(enrollments__status=Enrollment.Status.HELD)),
    )


def report(journey: Journey, days: int) -> dict[str, Any]:
    """The numbers of the page, messages by status, and what other apps add (registered figures and counters)."""
    sent = Message.objects.filter(sender=f"journey:{journey.pk}").values_list("status").annotate(n=Count("id"))
    found = {
        **stands(journey),
        "messages": dict(sent.values_list("status", "n")),
        **{name: figure(journey.pk) for name, figure in _figures.items()},
    }
    for counter in _counters:
        found |= counter(journey, days)
    return found


def stands(journey: Journey) -> dict[str, int]:
    """How many entered, and where they are now; beside them how many were held out."""
    counts = dict(
        Enrollment.objects.filter(journey=journey)
        .values_list("status")
        .annotate(n=Count("id"))
        .values_list("status", "n")
    )
    return {
        "entered": sum(n for status, n in counts.items() if status != Enrollment.Status.HELD),
        "inside": counts.get("active", 0),
        "finished": counts.get("finished", 0),
        "left": counts.get("left", 0),
        "failed": counts.get("failed", 0),
        "held_out": counts.get("held", 0),
    }


def names(numbers: Collection[int]) -> dict[int, str]:
    """What these journeys are called."""
    return dict(Journey.objects.filter(pk__in=numbers).values_list("pk", "name"))


def named(customer_ids: list[int]) -> dict[int, str]:
    """What to call each customer."""
    found = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "name", "email")
    return {pk: name or email or f"#{pk}" for pk, name, email in found}
