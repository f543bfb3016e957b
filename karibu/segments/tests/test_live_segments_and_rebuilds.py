"""Turns of the live segments beside rebuilds, archives and faults: nobody is missed, nobody is held up."""

from dataclasses import replace

import pytest

from karibu.segments import actions, compile, live, membership, rebuilding, run
from karibu.segments.definition import parse
from karibu.segments.models import Segment, Touched
from karibu.segments.tests.living import BOUGHT
from karibu.segments.together import Gathered

pytestmark = pytest.mark.usefixtures("lake")


def test_the_worker_finds_the_members_of_each_segment_that_waits_for_it(story, monkeypatch):
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    made = [actions.create(name, BOUGHT, by="test") for name in ("One", "Two")]
    whole, asked = run.members, []

    def members(definition, **more):
        asked.append(definition)
        if len(asked) == 1:
            raise RuntimeError("the first one fails")
        return whole(definition, **more)

    monkeypatch.setattr(run, "members", members)
    rebuilding.step()

    first, second = Segment.objects.order_by("pk")
    assert [first.pk, second.pk] == [segment.pk for segment in made]
    assert (first.trouble, first.size) == (rebuilding.TROUBLE, None)
    assert (second.trouble, second.size) == ("", 1)
    rebuilding.step()
    for segment in made:
        segment.refresh_from_db()
        assert (segment.size, segment.trouble) == (1, "")
        assert story.members(segment) == {"ann"}


def test_one_that_fails_again_and_again_is_tried_seldom_until_it_asks_for_something_else(story, monkeypatch):
    made, asked = actions.create("One", BOUGHT, by="test"), []

    def members(definition, **more):
        asked.append(definition)
        raise RuntimeError("each time")

    monkeypatch.setattr(rebuilding, "_failures", {})
    with monkeypatch.context() as failing:
        failing.setattr(run, "members", members)
        for _ in range(5):
            rebuilding.step()
        assert len(asked) == 2
        later = rebuilding.time.monotonic() + 4 * rebuilding.IDLE
        failing.setattr(rebuilding.time, "monotonic", lambda: later)
        rebuilding.step()
        rebuilding.step()
        assert len(asked) == 3

    actions.change(made, definition={**BOUGHT, "op": "gte", "value": 2}, by="test")
    rebuilding.step()
    made.refresh_from_db()
    assert (made.size, made.trouble) == (0, "")


def test_what_happens_while_a_segment_is_rebuilt_is_looked_at_again(story, monkeypatch):
    """The rebuild's lock is held by another connection; its answer is from before the event."""
    buyers = story.segment(BOUGHT)
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    monkeypatch.setattr(membership, "lock", lambda segments, wait=True: [])
    live.turn(story.now)
    assert story.members(buyers) == set() and not Touched.objects.exists()
    monkeypatch.undo()

    story.now += live.AGAIN
    story.looks()

    assert story.members(buyers) == {"ann"} and story.is_exact(buyers)


def while_a_turn_begins(monkeypatch, deed):
    """`deed` is done by somebody else between the turn's first look at the segments and its taking their locks."""
    whole = live._take

    def take(now):
        found = whole(now)
        deed()
        return found

    monkeypatch.setattr(live, "_take", take)


def test_nobody_enters_a_segment_that_was_archived_while_a_turn_began(story, monkeypatch):
    buyers = story.segment(BOUGHT)
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    while_a_turn_begins(monkeypatch, lambda: actions.archive(buyers, by="test"))

    live.turn(story.now)

    assert story.members(buyers) == set()


def test_who_did_it_just_before_a_rebuild_ended_while_a_turn_began_is_seen(story, monkeypatch):
    """The rebuild read the log before the event, and was at it when the turn looked which segments were found."""
    buyers = story.segment(BOUGHT)
    Segment.objects.update(built_digest="")
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})

    def rebuilt():
        with monkeypatch.context() as patched:
            nobody = run.members(parse({"any": []}), now=story.now)
            patched.setattr(run, "members", lambda *asked, **more: nobody)
            assert rebuilding.rebuild(buyers.pk, story.now)

    while_a_turn_begins(monkeypatch, rebuilt)
    live.turn(story.now)

    assert story.members(buyers) == {"ann"} and story.is_exact(buyers)


def test_a_segment_that_the_engine_cannot_judge_does_not_hold_up_the_others(story, monkeypatch):
    broken, fine = story.segment({**BOUGHT, "op": "gte", "value": 1}), story.segment(BOUGHT)
    several = {**BOUGHT, "measure": "distinct:product", "op": "gte", "value": 2, "not": True}
    often = [{**BOUGHT, "op": "lt", "value": n} for n in range(2, compile.MANY + 2)]
    long = story.segment({"all": [BOUGHT, several, *often]})
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    whole = live._answers

    def answers(session, questions):
        wrong = replace(questions[broken.pk], sql="SELECT error('x') AS id", gathered=Gathered({}, {}, "error('x')"))
        return whole(session, {**questions, broken.pk: wrong})

    monkeypatch.setattr(live, "_answers", answers)
    live.turn(story.now)

    assert (story.members(broken), story.members(fine), story.members(long)) == (set(), {"ann"}, {"ann"})
    monkeypatch.undo()
    story.looks()
    assert story.is_exact(broken)


def test_a_turn_that_fails_has_taken_nothing(story, monkeypatch):
    buyers = story.segment(BOUGHT)
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    waiting = Touched.objects.count()

    def fail(*found):
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(membership, "settle", fail)
        with pytest.raises(RuntimeError):
            live.turn(story.now)

    assert waiting > 0 and Touched.objects.count() == waiting
    story.looks()
    assert story.members(buyers) == {"ann"} and story.is_exact(buyers)
