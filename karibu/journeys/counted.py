"""The numbers at each step, of each version and over all of them, and the people behind each number.

A step is known by its id, whatever its place in a version: whoever stands before it there counts with it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, Func, OuterRef, Q, QuerySet, Value

from karibu.journeys import live
from karibu.journeys.definition import Definition
from karibu.journeys.layout import Place
from karibu.journeys.leaving import REACHED
from karibu.journeys.models import Enrollment, Journey, Passage

Spot = tuple[int, int]  # version, position
_NAMES = {"active": "waiting", "left": "left", "failed": "failed"}


@dataclass
class Numbers:
    """At one step: who stands before it now, who went through it, who left the journey while before it."""

    waiting: int = 0
    passed: int = 0
    left: int = 0
    failed: int = 0

    def __add__(self, other: "Numbers") -> "Numbers":
        return Numbers(
            self.waiting + other.waiting, self.passed + other.passed, self.left + other.left, self.failed + other.failed
        )


def places(journey: Journey) -> dict[Spot, Place]:
    """Every step of every version that can be read."""
    return {(number, place.position): place for number, one in definitions(journey) for place in one.layout.places}


def definitions(journey: Journey) -> list[tuple[int, Definition]]:
    """The versions that can be read, the oldest first."""
    numbers = journey.versions.order_by("number").values_list("number", flat=True)
    return [(number, one) for number in numbers if (one := live.readable(journey.pk, number))]


def at_spots(journey: Journey) -> dict[Spot, Numbers]:
    """By version and position."""
    found: dict[Spot, Numbers] = defaultdict(Numbers)
    stands = Enrollment.objects.filter(journey=journey, status__in=_NAMES)
    for version, step, status, count in _counted(stands, "version", "step", "status"):
        setattr(found[version, step], _NAMES[status], count)
    passed = Passage.objects.filter(journey_id=journey.pk, step__gte=0)  # before the first only chance was drawn
    for version, step, count in _counted(passed, "version", "step"):
        found[version, step].passed = count
    return found


def _counted(rows: QuerySet[Any], *by: str) -> Iterable[tuple[Any, ...]]:
    counts: Iterable[tuple[Any, ...]] = rows.order_by().values_list(*by).annotate(n=Count("pk"))
    return counts


def at_steps(journey: Journey) -> dict[str, Numbers]:
    """By the step's id, all versions together."""
    known, found = places(journey), defaultdict[str, Numbers](Numbers)
    for spot, numbers in at_spots(journey).items():
        name = known[spot].id if spot in known else str(spot[1] + 1)
        found[name] = found[name] + numbers
    return found


def standing(journey: Journey, step: str) -> Q:
    """The enrollments that stand, or ended, before this step, in whichever version."""
    return _at(journey, step)


def passed(journey: Journey, step: str) -> Exists:
    """The enrollments that went through this step, in whichever version."""
    mine = Passage.objects.filter(_at(journey, step), journey_id=journey.pk, enrollment=OuterRef("pk"))
    return Exists(mine)


def _at(journey: Journey, step: str) -> Q:
    spots = [spot for spot, place in places(journey).items() if place.id == step]
    return Q(*[Q(version=version, step=position) for version, position in spots], _connector=Q.OR) if spots else Q(pk=0)


def reasons(journey: Journey, most: int = 5) -> dict[Spot, list[tuple[str, int]]]:
    """Why people left or were set aside before each step: the `most` common of each, the commonest first.

    Of what took them out the event is told, without the number of the order.
    """
    gone = Enrollment.objects.filter(journey=journey, status__in=("left", "failed"))
    rows = gone.annotate(why=_without_numbers(journey)).values_list("version", "step", "why")
    found: dict[Spot, list[tuple[str, int]]] = defaultdict(list)
    for version, step, why, count in rows.annotate(n=Count("pk")).order_by("-n", "why")[:1000]:
        found[version, step].append((why, count))
    return {spot: counts[:most] for spot, counts in found.items()}


def why_at_steps(journey: Journey, most: int = 3) -> dict[str, list[tuple[str, int]]]:
    """By the step's id, all versions together: the `most` common reasons, the commonest first."""
    known, sums = places(journey), defaultdict[str, Counter[str]](Counter)
    for spot, counts in reasons(journey).items():
        sums[known[spot].id if spot in known else str(spot[1] + 1)].update(dict(counts))
    return {name: counts.most_common(most) for name, counts in sums.items()}


def _without_numbers(journey: Journey) -> Func | F:
    ends = [end for _number, one in definitions(journey) for end in (*one.exits, *([one.goal] if one.goal else []))]
    names = sorted({name for end in ends for name in end.names}, key=len, reverse=True)
    if not names:
        return F("reason")
    pattern = f"^((?:{REACHED}: )?(?:{'|'.join(map(re.escape, names))})) .*$"
    return Func(F("reason"), Value(pattern), Value(r"\1"), function="regexp_replace")
