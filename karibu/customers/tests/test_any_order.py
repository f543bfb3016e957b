"""Events in any order, in any batches, name the same people (PAINS 32)."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karibu.customers.links import LinkHistory
from karibu.customers.models import Customer, Identity, Link, Merge, Suggestion
from karibu.customers.tests.making import NOON, event, take, told, whose
from karibu.events.event import Event


def story() -> list[tuple[str, Event]]:
    """Events with the person who did them. Amina and Ben share a kiosk one after the other; Chloe has two devices."""
    return [
        ("amina", event(0, browser="kiosk")),
        ("amina", told(2, user="amina", browser="kiosk", email="amina@example.com")),
        ("amina", event(4, user="amina", browser="kiosk")),
        ("ben", told(6, user="ben", browser="kiosk", phone="+250788123456")),
        ("ben", event(8, user="ben", browser="kiosk")),
        ("chloe", event(1, browser="her phone")),
        ("chloe", told(3, browser="her phone", email="chloe@example.com")),
        ("chloe", event(5, browser="her laptop")),
        ("chloe", told(7, user="chloe", browser="her laptop", email="chloe@example.com")),
        ("nobody", event(9, browser="passer-by")),
    ]


@given(st.permutations(range(10)), st.lists(st.integers(1, 9), max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_and_any_batches_give_the_same_people(db, order: list[int], cuts: list[int]) -> None:
    for model in (Merge, Customer, Identity, Link, Suggestion):
        model.objects.all().delete()
    told_of = story()
    bounds = [0, *sorted(set(cuts)), len(order)]
    for start, end in pairwise(bounds):
        take(*(told_of[n][1] for n in order[start:end]))
    people: dict[str, set[int]] = {}
    for who, one in told_of:
        people.setdefault(who, set()).add(whose(one))
    assert all(len(ids) == 1 for ids in people.values()), people
    assert len(set.union(*people.values())) == 4
    assert Customer.objects.filter(merged_into=None).count() == 4


minutes = st.integers(0, 500).map(lambda minute: NOON + timedelta(minutes=minute))
confirmed = st.lists(st.tuples(st.integers(1, 3), minutes), max_size=30)


@given(confirmed)
def test_a_history_is_always_in_order_and_ends_with_who_came_last(evidence: list[tuple[int, datetime]]) -> None:
    history = LinkHistory()
    for who, time in evidence:
        history.confirm(who, time)
        assert history.owner_at(time + timedelta(seconds=1)) == who or any(
            at == time and other != who for other, at in evidence
        )
    spans = history.spans
    assert all(span.since <= span.until for span in spans)
    assert all(one.since < two.since and one.until <= two.since for one, two in pairwise(spans))


@given(st.lists(minutes, min_size=1, max_size=10), st.lists(minutes, min_size=1, max_size=10), st.randoms())
def test_two_people_one_after_the_other_are_told_apart_in_any_order(first, second, random) -> None:
    later = [time + timedelta(minutes=1000) for time in second]
    evidence = [(1, time) for time in first] + [(2, time) for time in later]
    random.shuffle(evidence)
    history = LinkHistory()
    for who, time in evidence:
        history.confirm(who, time)
    assert history.first == 1
    assert {history.owner_at(time) for time in first} == {1}
    assert {history.owner_at(time) for time in later} == {2}
