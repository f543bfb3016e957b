"""Whatever the journey and whatever people do: the engine takes them the ways that a plain walk takes, and so does a
rehearsal over the log that came of it."""

from collections.abc import Mapping, Sequence
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
        st.sampled_from([{"reaction": {"did": "clicked"}}, {"rate": {"most": 1_000_000, "per": "minute"}}]),
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
    """The steps with the pool and the program that there are."""
    known = {"coupon": {"pool": pool}, "recommend": {"count": 1}, "webhook": {"url": url}}

    def put(name: str, of: Any) -> Any:
        if name == "ways":
            return {way: settled(below, pool, url) for way, below in of.items()}
        return known.get(name, of)

    return [{name: put(name, of) for name, of in step.items()} for step in steps]


@dataclass
class Walk:
    """The plain reading of a journey for one person who enters at `at`."""

    journey_id: int
    customer_id: int
    value: int
    at: datetime
    seen: Sequence[tuple[datetime, str]]
    sells: bool
    passed: list[tuple[int, str]] = field(default_factory=list)

    @property
    def exit_at(self) -> datetime:
        return min(
            (at for at, name in self.seen if name == "Order Cancelled"), default=datetime.max.replace(tzinfo=UTC)
        )

    def along(self, places: Sequence[Place]) -> bool:
        """Whether the person comes out at the end of these places."""
        return all(self._through(place) for place in places)

    def _through(self, place: Place) -> bool:
        step: Any = place.step
        if step.KIND == "wait":
            self.at += step.length
        way = self._way(step)
        if self.at >= self.exit_at:
            return False
        self.passed.append((place.position, way))
        if step.KIND == "leave":
            return False
        return self.along(place.ways.get(way, ()))

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
                late = self.at + step.within.length
                came = [at for at, name in self.seen if name == "Order Completed" and self.at <= at < late]
                self.at = min(came, default=late)
                return "happened" if came else "late"
        return ""


@settings(
    max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=steps, happened=happenings, values=st.tuples(*[st.integers(0, 100)] * len(PEOPLE)), sells=st.booleans())
def test_the_same_steps_by_the_same_ways(
    program: Program, steps: list[Any], happened: list[Any], values: tuple[int, ...], sells: bool
) -> None:
    Enrollment.objects.all().delete()
    TailBlock.objects.all().delete()
    pool, _is_new = CouponPool.objects.get_or_create(name="Any", defaults={"fallback": "KARIBU10"})
    steps = settled(steps, pool.pk, program.url)
    Pairing.objects.all().delete()
    if sells:
        Pairing.objects.create(product_id="", other_id="mat", score=1)
    raw = {"entry": {"event": "Signed Up"}, "exit": [{"event": "Order Cancelled"}], "steps": steps}
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
    for who, value in zip(PEOPLE, values, strict=True):
        seen = [(at, name) for at, by, name, _carries in moments if by == who and name != "Signed Up"]
        walk = Walk(journey.pk, told.person(who), value, BEGUN, seen, sells)
        walk.along(places)
        assert _passed(told.person(who), journey.pk) == walk.passed
        assert rehearsed[told.person(who)] == walk.passed
    actions.pause(journey, by="test")


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
    mine = Passage.objects.filter(enrollment__customer_id=customer_id, journey_id=journey_id).order_by("id")
    return [(p.step, _way(p.kind, p.outcome)) for p in mine]


def _rehearsed(journey: Journey) -> dict[int, list[tuple[int, str]]]:
    """By person; the period ends long after the last wait."""
    steps = parse(journey.definition).steps
    done = run(rehearsals.plan(journey, by="test", now=BEGUN + timedelta(days=30)))
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
