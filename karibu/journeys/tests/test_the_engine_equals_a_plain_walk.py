"""Whatever the journey and whatever people do: the engine takes them the ways that a plain walk takes, and so does a
rehearsal over the log that came of it."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Min
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from karibu.customers.models import Customer
from karibu.events import tail
from karibu.events.models import TailBlock
from karibu.journeys import actions, calls
from karibu.journeys.definition import parse
from karibu.journeys.layout import Place
from karibu.journeys.models import Call, Enrollment, Journey, Passage
from karibu.journeys.react import react
from karibu.journeys.rehearsal import actions as rehearsals
from karibu.journeys.rehearsal.run import run
from karibu.journeys.story import Story, event
from karibu.journeys.tests.programs import Program
from karibu.messages.holdout import holds
from karibu.messages.models import Pairing
from karibu.shop.models import CouponPool

pytestmark = pytest.mark.django_db
BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)
DUE = "2026-03-02"
PEOPLE = ("amina", "joao", "thandi")

lengths = st.integers(1, 300).map(lambda n: {"minutes": n})
checks = st.integers(0, 100).map(lambda n: {"check": {"entry": {"property": "value", "op": "gte", "value": n}}})
splits = st.integers(0, 100).map(lambda n: {"split": {"shares": {"A": n, "B": 100 - n}, "salt": str(n)}})
experiments = st.integers(1, 99).map(lambda n: {"experiment": {"shares": {"A": n, "B": 100 - n}, "salt": str(n)}})
# Everybody's is tomorrow, the month after, or none at all.
dates = st.sampled_from([("due", "once"), ("due", "month"), ("never", "year")]).map(
    lambda known: {"wait_date": {"trait": known[0], "every": known[1], "at": "07:00"}}
)
waits_for = lengths.map(lambda long: {"wait_for": {"happens": {"event": "Order Completed"}, "within": long}})
leaves = st.builds(
    lambda step: dict(step),
    st.one_of(
        lengths.map(lambda long: {"wait": long}),
        st.sampled_from([{"update": {"trait": "stage", "value": n}} for n in range(3)]),
        st.just({"leave": {}}),
        st.sampled_from(
            [{"wait_until": {"at": at, "weekdays": on}} for at in ("02:30", "18:00") for on in ([], [0, 3])]
        ),
        st.just({"reaction": {"did": "clicked"}}),
        st.sampled_from([{"rate": {"most": most}} for most in (1, 3)]),  # an hour
        st.sampled_from(["coupon", "recommend", "webhook"]).map(lambda kind: {kind: {}}),  # as those with ways below
    ),
)


def with_ways(within: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def ways(*names: str) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({}, optional=dict.fromkeys(names, within))

    both = [(checks, ways("yes", "no")), (splits, ways("A", "B")), (waits_for, ways("happened", "late"))]
    both += [(dates, ways("came", "unknown")), (experiments, ways("A", "B"))]
    # A pool, products and a server that are there; see `settled`.
    both += [(st.just({"coupon": {}}), ways("given", "none")), (st.just({"recommend": {}}), ways("found", "none"))]
    both += [(st.just({"webhook": {}}), ways("answered", "failed"))]
    return st.one_of([st.builds(lambda step, below: {**step, "ways": below}, step, below) for step, below in both])


steps = st.recursive(
    st.lists(leaves, max_size=3), lambda within: st.lists(leaves | with_ways(within), max_size=4), max_leaves=8
).filter(bool)
# (minute, who, what, value); the place in the list becomes the second, so that no two moments are the same.
happenings = st.lists(
    st.tuples(
        st.integers(1, 900),
        st.sampled_from(PEOPLE),
        st.sampled_from(["Order Completed", "Order Completed", "Order Cancelled"]),
    ),
    max_size=8,
)


def settled(steps: Sequence[Any], pool: int, url: str) -> list[Any]:
    """The steps with the pool and the program that there are.

    Where only so many an hour pass nobody is asked: who comes at the same moment, but after an answer, comes later.
    """
    if '"rate"' in json.dumps(steps):
        url = ""
    known = {"coupon": {"pool": pool}, "recommend": {"count": 1}, "webhook": {"url": url}}

    def put(name: str, of: Any) -> Any:
        if name == "ways":
            return {way: settled(below, pool, url) for way, below in of.items()}
        return known.get(name, of)

    asked = [step for step in steps if url or "webhook" not in step]
    return [{name: put(name, of) for name, of in step.items()} for step in asked]


@dataclass
class Walk:
    """The plain reading of a journey for one person who enters at `at`."""

    journey_id: int
    customer_id: int
    value: int
    at: datetime
    seen: Sequence[tuple[datetime, str]]
    sells: bool
    is_held: bool = False
    passed: list[tuple[int, str]] = field(default_factory=list)

    @property
    def exit_at(self) -> datetime:
        return min(
            (at for at, name in self.seen if name == "Order Cancelled"), default=datetime.max.replace(tzinfo=UTC)
        )

    def along(self, places: Sequence[Place]) -> Generator[Place, datetime, bool]:
        """Whether the person comes out at the end of these places. Yields where they ask for a turn, and is sent it."""
        for place in places:
            if not (yield from self._through(place)):
                return False
        return True

    def _through(self, place: Place) -> Generator[Place, datetime, bool]:
        step: Any = place.step
        if step.KIND == "wait":
            self.at += step.length
        if step.KIND == "rate":
            self.at = yield place
        way = self._way(step)
        if self.at >= self.exit_at:
            return False
        self.passed.append((place.position, way))
        if step.KIND == "leave":
            return False
        return (yield from self.along(place.ways.get(way, ())))

    def _way(self, step: Any) -> str:
        match step.KIND:
            case "check":
                return "yes" if self.value >= step.entry.value else "no"
            case "wait_until":
                self.at = step.next(self.at, ZoneInfo("UTC"))
            case "wait_date":
                met = step.rule.next(DUE, ZoneInfo("UTC"), self.at) if step.trait == "due" else None
                self.at = met or self.at
                return "came" if met else "unknown"
            case "reaction":
                return "no"
            case "coupon":
                return "given"
            case "recommend":
                return "found" if self.sells else "none"
            case "webhook":
                return "answered"
            case "split" | "experiment":
                return str(step.way_of(self.customer_id, f"{self.journey_id}:{step.salt}"))
            case "wait_for":
                # What ended the wait before this one has happened already.
                late = self.at + step.within.length
                came = [at for at, name in self.seen if name == "Order Completed" and self.at < at < late]
                self.at = min(came, default=late)
                return "happened" if came else "late"
        return ""


def walked(walks: Sequence[Walk], places: Sequence[Place]) -> None:
    """All of them to their end; first come, first served where only so many an hour pass."""
    tours = [walk.along(() if walk.is_held else places) for walk in walks]
    free: dict[int, datetime] = {}
    asking = [(walks[n].at, n, place) for n, tour in enumerate(tours) if (place := next(tour, None))]
    while asking:
        at, n, place = asking.pop(asking.index(min(asking, key=lambda one: one[:2])))
        turn = max(at, free.get(place.position, at))
        free[place.position] = turn + timedelta(hours=1) / place.step.most
        with suppress(StopIteration):
            following = tours[n].send(turn)
            asking.append((walks[n].at, n, following))


@settings(
    max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=steps,
    happened=happenings,
    values=st.tuples(*[st.integers(0, 100)] * len(PEOPLE)),
    sells=st.booleans(),
    holdout=st.sampled_from([0, 0, 40]),
)
def test_the_same_steps_by_the_same_ways(
    program: Program, steps: list[Any], happened: list[Any], values: tuple[int, ...], sells: bool, holdout: int
) -> None:
    Enrollment.objects.all().delete()
    TailBlock.objects.all().delete()
    pool, _is_new = CouponPool.objects.get_or_create(name="Any", defaults={"fallback": "KARIBU10"})
    steps = settled(steps, pool.pk, program.url)
    Pairing.objects.all().delete()
    if sells:
        Pairing.objects.create(product_id="", other_id="mat", score=1)
    raw = {"entry": {"event": "Signed Up"}, "exit": [{"event": "Order Cancelled"}], "steps": steps}
    raw["holdout"] = holdout
    raw["goal"] = {"event": "Order Refunded"}  # which experiments need, and nobody reaches
    raw["steps"] = [*steps, {"check": {"entry": {"property": "value", "op": "gte", "value": 0}}}]  # so that it is kept
    journey = actions.create("Any", raw, by="test")
    actions.publish(journey, by="test")
    told = Story(now=BEGUN, stages=(react, tail.append))
    Customer.objects.filter(pk__in=[told.person(name) for name in PEOPLE]).update(traits={"due": DUE})
    moments = [(BEGUN, who, "Signed Up", {"value": value}) for who, value in zip(PEOPLE, values, strict=True)]
    for second, (minute, who, name) in enumerate(happened, 1):
        moments.append((BEGUN + timedelta(minutes=minute, seconds=second), who, name, {"order_id": str(second)}))
    _live(told, sorted(moments, key=lambda moment: moment[0]))
    places = parse(raw).layout.first
    rehearsed = _rehearsed(journey)
    seen: dict[str, list[tuple[datetime, str]]] = {name: [] for name in PEOPLE}
    for at, who, name, _carries in moments[len(PEOPLE) :]:
        seen[who].append((at, name))
    known = zip(PEOPLE, values, strict=True)
    walks = [Walk(journey.pk, told.person(who), value, BEGUN, seen[who], sells) for who, value in known]
    for walk in walks:
        walk.is_held = holds(walk.customer_id, holdout, f"journey:{journey.pk}")
    walked(walks, places)
    for walk in walks:
        assert _passed(walk.customer_id, journey.pk) == walk.passed
        assert rehearsed[walk.customer_id] == walk.passed
    actions.pause(journey, by="test")


def test_whose_turn_it_is_does_not_depend_on_whom_is_told_of_first(monkeypatch):
    """Nobody has a turn before those who came earlier, though they are told of one by one, in no order."""
    monkeypatch.setattr("karibu.journeys.rehearsal.past.CHUNK", 1)
    late = {"wait_for": {"happens": {"event": "Order Completed"}, "within": {"minutes": 30}}}
    steps = [{"rate": {"most": 4}}, {"wait": {"minutes": 1}}, {"rate": {"most": 3}}, late]
    journey = actions.create("Slowly", {"entry": {"event": "Signed Up"}, "steps": steps}, by="test")
    actions.publish(journey, by="test")
    told = Story(now=BEGUN, stages=(react, tail.append))
    minutes = (17, 3, 9, 40, 4, 12, 1, 30, 22, 5, 90)
    come = [(BEGUN + timedelta(minutes=n), f"person{n}", "Signed Up", {}) for n in minutes]
    order = [(BEGUN + timedelta(minutes=100, seconds=n), f"person{n}", "Order Completed", {}) for n in minutes]
    _live(told, sorted([*come, *order], key=lambda moment: moment[0]))
    lives = {told.person(f"person{n}"): _passed(told.person(f"person{n}"), journey.pk) for n in minutes}
    assert _rehearsed(journey) == lives
    ways = [passed[-1][1] for passed in lives.values()]
    assert 0 < ways.count("happened") < len(ways)
    assert (journey.rehearsals.get().done, journey.rehearsals.get().total) == (22, 22)


def _live(told: Story, moments: Sequence[tuple[datetime, str, str, Mapping[str, Any]]]) -> None:
    """The events happen at their moments and the engine moves whoever is due at just that moment, to the end."""
    ahead = list(moments)
    while True:
        due = Enrollment.objects.filter(status="active", journey__status="live").aggregate(at=Min("due_at"))["at"]
        if ahead and (due is None or ahead[0][0] <= due):
            at, who, name, carries = ahead.pop(0)
            told.now = max(told.now, at)
            told.take([event(told, name, who, timedelta(0), False, **carries)])
        elif due is None:
            return
        else:
            told.now = max(told.now, due)
            told.advance()
            while Call.objects.exists():
                calls.ask(told.now)
                told.advance()


def _passed(customer_id: int, journey_id: int) -> list[tuple[int, str]]:
    of_steps = Passage.objects.filter(journey_id=journey_id, step__gte=0)
    mine = of_steps.filter(enrollment__customer_id=customer_id).order_by("id")
    return [(p.step, _way(p.kind, p.outcome)) for p in mine]


def _rehearsed(journey: Journey) -> dict[int, list[tuple[int, str]]]:
    """By person; the period ends long after the last wait."""
    steps = parse(journey.definition).steps
    done = run(rehearsals.plan(journey, by="test", days=200, now=BEGUN + timedelta(days=199)))
    assert not done.reason
    return {
        one.customer_id: [(step, _way(steps[step].KIND, outcome)) for step, outcome in one.ways]
        for one in done.people.all()
    }


def _way(kind: str, outcome: str) -> str:
    if kind in ("wait_date", "coupon", "recommend"):
        return WORDS[outcome]
    return outcome if kind in ("check", "split", "experiment", "reaction", "wait_for", "webhook") else ""


WORDS = {
    "the day has come": "came",
    "there is no such day": "unknown",
    "a coupon": "given",
    "1 products": "found",
    "nothing fits": "none",
}
