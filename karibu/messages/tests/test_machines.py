"""Machines told from people (PAINS 27): published patterns and everyday ones, replayed over HTTP."""

from collections import Counter

import pytest

from karibu.messages import machines
from karibu.messages.tests.replay import Judgement, corpus, replay, without_names

pytestmark = pytest.mark.django_db


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f} %)"


def confusion(judged: list[Judgement]) -> str:
    """The four numbers of visits, and each sequence that was judged wrongly in any part."""
    lines = [f"  {j.story.name}: taken for people {j.missed}" for j in judged if j.missed]
    lines += [f"  {j.story.name}: taken for machines {j.wronged}" for j in judged if j.wronged]
    right = sum(j.right for j in judged)
    missed, wronged = sum(len(j.missed) for j in judged), sum(len(j.wronged) for j in judged)
    return "\n".join([f"visits: {right} right, {missed} machines' missed, {wronged} people's wronged", *lines])


@pytest.mark.slow
def test_at_least_95_percent_of_machines_are_flagged_and_at_most_1_percent_of_people(capsys):
    """A machine's sequence counts as flagged when none of its visits passes for a person's, a person's as wronged when
    any of theirs is taken for a machine's."""
    judged = replay([story for section in corpus().values() for story in section])
    with_machines = [j for j in judged if any(not r.is_persons for r in j.story.requests)]
    with_people = [j for j in judged if any(r.is_persons for r in j.story.requests)]
    missed = [j for j in with_machines if j.missed]
    wronged = [j for j in with_people if j.wronged]
    with capsys.disabled():
        print(f"\nmachines flagged: {share(len(with_machines) - len(missed), len(with_machines))}")
        print(f"people wronged: {share(len(wronged), len(with_people))}")
        print(confusion(judged))
    _check_chances([seen for j in judged for seen in j.seen])
    assert len(judged) >= 200
    assert len(missed) <= 0.05 * len(with_machines)
    assert len(wronged) <= 0.01 * len(with_people)


def _check_chances(seen: list[tuple[str, bool, float]]) -> None:
    """What is said of a visit is what was counted of those with the same evidence."""
    people, all_ = Counter(e for e, is_persons, _ in seen if is_persons), Counter(e for e, _, _ in seen)
    assert set(all_) == set(machines.HUMAN)
    for evidence, human in {(e, human) for e, _, human in seen}:
        assert human == pytest.approx((people[evidence] + 0.5) / (all_[evidence] + 1), abs=0.0006), evidence
        assert (human < 0.5) == (evidence in machines.HUMAN and ", " not in evidence), "less than a half: a machine's"


def test_most_machines_are_flagged_by_what_they_do_even_when_all_name_themselves_the_same_browser(capsys):
    stories = [s for s in corpus()["machines"] if len(s.requests) > 1 or "*" in s.requests[0].what]
    judged = replay(without_names(stories))
    flagged = sum(not j.missed for j in judged)
    with capsys.disabled():
        print(f"\nflagged without any name: {share(flagged, len(judged))}")
    assert flagged >= 0.8 * len(judged)
