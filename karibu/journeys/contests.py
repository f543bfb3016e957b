"""Which way of an experiment wins: the one whose people reach the goal most often, when that is sure enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from karibu.campaigns import stats
from karibu.journeys import live
from karibu.journeys.models import Contest, Journey
from karibu.journeys.steps.experiment import Experiment
from karibu.web import formats
from karibu.web.actions import record


@dataclass(frozen=True)
class Result:
    """Of one way: who went it, how many of them reached the goal, and how likely it is the best (None: the holdout)."""

    way: str
    people: int
    hits: int
    chance: float | None

    @property
    def rate(self) -> float:
        return self.hits / self.people if self.people else 0.0


def winner(journey_id: int, version: int, step: int) -> str:
    """The way that has won, or ""."""
    found = Contest.objects.filter(journey_id=journey_id, version=version, step=step)
    return found.values_list("winner", flat=True).first() or ""


def results(journey_id: int, version: int, step: int, experiment: Experiment) -> list[Result]:
    """Of each way, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.outcome, count(*), count(e.converted_at) FROM journeys_passage p "
            "JOIN journeys_enrollment e ON e.id = p.enrollment_id "
            "WHERE p.journey_id = %s AND p.step = %s AND p.version = %s GROUP BY 1",
            [journey_id, step, version],
        )
        counted = {way: (people, hits) for way, people, hits in cursor.fetchall()}
    rivals = [counted.get(way, (0, 0)) for way in experiment.rivals]
    drawn = stats.chances([(hits, people) for people, hits in rivals], seed=journey_id)
    chances = dict(zip(experiment.rivals, drawn, strict=True))
    return [Result(way, *counted.get(way, (0, 0)), chances.get(way)) for way in experiment.shares]


def choose(now: datetime) -> int:
    """Decides what can be decided in the live journeys; returns how many experiments were."""
    decided = 0
    for journey in Journey.objects.filter(status=Journey.Status.LIVE).order_by("pk"):
        definition = live.readable(journey.pk, journey.version)
        for position, step in enumerate(definition.steps if definition else ()):
            if isinstance(step, Experiment) and not winner(journey.pk, journey.version, position):
                decided += _decide(journey, position, step, now)
    return decided


def _decide(journey: Journey, position: int, experiment: Experiment, now: datetime) -> bool:
    found = results(journey.pk, journey.version, position, experiment)
    best = leader(experiment, found)
    if best is None:
        return False
    why = [{"way": one.way, "people": one.people, "hits": one.hits, "chance": one.chance} for one in found]
    with transaction.atomic():
        Contest.objects.get_or_create(
            journey=journey,
            version=journey.version,
            step=position,
            defaults={"winner": best.way, "why": why, "at": now},
        )
        record("", "chose winner", f"journey {journey.pk}", step=position, way=best.way)
    return True


def leader(experiment: Experiment, found: Sequence[Result]) -> Result | None:
    """The way that wins by these results; None while that is not sure, or too few have gone one of the ways."""
    rivals = [(one, one.chance) for one in found if one.chance is not None]
    if any(one.people < experiment.fewest for one, _chance in rivals):
        return None
    best, chance = max(rivals, key=lambda pair: pair[1])
    return best if chance * 100 >= experiment.certainty else None


def said(journey: Journey, position: int, experiment: Experiment) -> str:
    """How it stands: "A 12 % of 1,204, B 9 % of 1,190. A is the best with 97 % certainty: everybody goes that way."."""
    kept = Contest.objects.filter(journey=journey, version=journey.version, step=position).first()
    found = [Result(**row) for row in kept.why] if kept else results(journey.pk, journey.version, position, experiment)
    if not any(one.people for one in found):
        return ""
    each = ", ".join(
        _("%(way)s %(rate)s of %(n)s") % {"way": one.way, "rate": formats.percent(one.rate), "n": one.people}
        for one in found
    )
    best = max((one for one in found if one.chance is not None), key=lambda one: one.chance or 0)
    words = {"each": each, "way": best.way, "n": formats.percent(best.chance or 0)}
    if kept:
        return _("Reached the goal: %(each)s. %(way)s has won, with %(n)s certainty: all go that way.") % words
    return _("Reached the goal: %(each)s. So far %(way)s is the best with %(n)s certainty.") % words
