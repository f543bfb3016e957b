"""An experiment: the same person goes the same way until one is sure to be the best, then everybody goes that one."""

from typing import Any

import pytest

from karibu.journeys import actions, contests
from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.jobs import choose_winners
from karibu.journeys.models import Contest, Enrollment, Journey, Passage
from karibu.journeys.steps.experiment import Experiment
from karibu.journeys.story import Story, sends, story
from karibu.web.models import AuditEntry

pytestmark = pytest.mark.django_db
SHARES = {"A": 40, "B": 40, "none": 20}
TEST: dict[str, Any] = {"experiment": {"shares": SHARES, "holdout": "none", "salt": "s", "fewest": 10}}
GOAL = {"goal": {"event": "Order Completed"}}


def live(**more: Any) -> Journey:
    definition = {"entry": {"event": "Signed Up"}, "steps": [TEST, {"wait": {"days": 1}}], **GOAL, **more}
    return actions.publish(actions.create("A test", definition, by="test"), by="test")


def people(told: Story, number: int) -> None:
    for n in range(number):
        sends("Signed Up", by=f"person{n}")(told)
    told.advance()


def by_way() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for way, customer in Passage.objects.filter(kind="experiment").values_list("outcome", "enrollment__customer_id"):
        found.setdefault(way, []).append(customer)
    return found


def reach(told: Story, ids: list[int]) -> None:
    Enrollment.objects.filter(customer_id__in=ids).update(converted_at=told.now)


def test_the_best_way_wins_and_then_everybody_goes_it():
    journey = live()
    told = Story()
    people(told, 120)
    ways = by_way()
    assert set(ways) == {"A", "B", "none"}
    reach(told, [*ways["B"][:-2], *ways["A"][:2], *ways["none"]])
    choose_winners(0)
    contest = Contest.objects.get()
    assert contest.winner == "B" and {row["way"]: row["people"] for row in contest.why} == {
        k: len(v) for k, v in ways.items()
    }
    assert AuditEntry.objects.filter(verb="chose winner", subject=f"journey {journey.pk}").count() == 1
    assert "B has won" in contests.said(journey, 0, _step(journey))
    newcomers = [f"new{n}" for n in range(30)]
    story(*(sends("Signed Up", by=name) for name in newcomers), told=told)
    ids = [told.person(name) for name in newcomers]
    went = Passage.objects.filter(kind="experiment", enrollment__customer_id__in=ids).values_list("outcome", flat=True)
    assert list(went) == ["B"] * 30
    assert contests.choose(told.now) == 0


def _step(journey: Journey) -> Experiment:
    step = parse(journey.definition).steps[0]
    assert isinstance(step, Experiment)
    return step


def test_nothing_is_decided_by_few_or_by_what_may_be_chance():
    live()
    told = Story()
    people(told, 60)
    ways = by_way()
    reach(told, [*ways["A"][:6], *ways["B"][:5]])
    assert contests.choose(told.now) == 0 and not Contest.objects.exists()


def test_the_holdout_never_wins():
    experiment = Experiment(shares=SHARES, holdout="none", fewest=10)
    found = [
        contests.Result("A", 100, 5, 0.5),
        contests.Result("B", 100, 5, 0.5),
        contests.Result("none", 100, 90, None),
    ]
    assert contests.leader(experiment, found) is None
    found[0] = contests.Result("A", 100, 30, 0.97)
    best = contests.leader(experiment, found)
    assert best and best.way == "A"
    assert contests.leader(experiment, [contests.Result("A", 9, 9, 0.99), *found[1:]]) is None


def test_the_same_person_goes_the_same_way_each_time():
    live(reentry="always", steps=[TEST])
    told = Story()
    people(told, 20)
    before = by_way()
    people(told, 20)
    after = by_way()
    assert {way: sorted(ids * 2) for way, ids in before.items()} == {way: sorted(ids) for way, ids in after.items()}


def test_without_a_goal_there_is_nothing_to_be_the_best_at():
    with pytest.raises(DefinitionError, match="needs the journey's goal"):
        live(goal=None)
