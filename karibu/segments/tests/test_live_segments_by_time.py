"""Live segments: whom time alone moves, to the microsecond, and what comes late or is still to come."""

from datetime import timedelta

import pytest

from karibu.events import flush
from karibu.events.tests.making import append, event
from karibu.segments import live, membership
from karibu.segments.models import Due, Touched
from karibu.segments.tests.living import BOUGHT, START, nearest, told

pytestmark = pytest.mark.usefixtures("lake")
SECOND = timedelta(seconds=1)


def test_no_order_for_thirty_days_comes_true_by_itself_to_the_microsecond(story):
    lapsed = story.segment({"all": [BOUGHT, {**BOUGHT, "within": {"days": 30}, "op": "is", "value": 0}]}, "Lapsed")
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    ordered = story.now
    story.looks()
    assert story.members(lapsed) == set()

    story.waits(days=29, hours=23, minutes=59, seconds=59)
    assert story.members(lapsed) == set()
    assert nearest() == ordered + timedelta(days=30)
    story.waits(seconds=1)

    assert story.members(lapsed) == {"ann"}
    assert told(story, "ann") == [("Entered", ordered + timedelta(days=30))]
    assert story.is_exact(lapsed)


def test_an_event_leaves_its_window_and_the_member_the_segment(story):
    lately = story.segment({"event": "Product Viewed", "within": {"hours": 1}})
    story.does("ann", "Product Viewed")
    story.waits(minutes=20)
    story.does("ann", "Product Viewed")
    again = story.now
    story.waits(minutes=59)
    assert story.members(lately) == {"ann"}

    story.waits(minutes=2)

    assert story.members(lately) == set()
    assert told(story, "ann") == [("Entered", again - timedelta(minutes=20)), ("Left", again + timedelta(hours=1))]
    assert story.is_exact(lately)


def test_whoever_did_it_between_thirty_and_sixty_days_ago_enters_and_leaves_by_time_alone(story):
    story.does("bob", "Order Completed", properties={"order_id": "0", "total": 10}, ago=timedelta(days=60) - SECOND)
    due = story.segment({**BOUGHT, "within": {"days": 60, "until_days": 30}})
    assert story.members(due) == {"bob"}
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    ordered = story.now
    story.waits(days=29, hours=23, minutes=59, seconds=59)
    assert story.members(due) == set() and nearest() == ordered + timedelta(days=30)

    story.waits(seconds=1)
    assert story.members(due) == {"ann"} and story.is_exact(due)
    story.waits(days=29, hours=23, minutes=59, seconds=59)
    assert story.members(due) == {"ann"}
    story.waits(seconds=1)

    assert told(story, "ann") == [("Entered", ordered + timedelta(days=30)), ("Left", ordered + timedelta(days=60))]
    assert told(story, "bob")[-1] == ("Left", START + SECOND) and story.is_exact(due)
    assert membership.as_of(due.pk, ordered + timedelta(days=45))["id"].to_pylist() == [story.customer("ann")]


def test_the_worker_sleeps_until_the_very_moment_somebody_is_due(story, monkeypatch):
    story.segment({"event": "Product Viewed", "within": {"hours": 1}})
    story.does("ann", "Product Viewed")
    story.looks()
    due = nearest()
    monkeypatch.setattr(live, "_ended", -live.TIMELY)
    monkeypatch.setattr(live.timezone, "now", lambda: due - timedelta(milliseconds=300))

    assert live.step() == pytest.approx(0.3)

    monkeypatch.setattr(live.timezone, "now", lambda: due - timedelta(minutes=3))
    assert live.step() == live.POLL


def test_whoever_time_alone_touches_waits_some_seconds_for_others_but_nobody_who_did_something(story, monkeypatch):
    lately = story.segment({"event": "Product Viewed", "within": {"hours": 1}})
    story.does("ann", "Product Viewed")
    story.looks()
    due = nearest() + SECOND
    monkeypatch.setattr(live.timezone, "now", lambda: due)
    monkeypatch.setattr(live, "_ended", live.time.monotonic())

    assert live.step() == live.POLL
    assert story.members(lately) == {"ann"}

    monkeypatch.setattr(live, "_ended", live.time.monotonic() - live.TIMELY)
    live.step()
    assert story.members(lately) == set()

    story.now = due
    story.does("ann", "Product Viewed")
    live.step()
    assert story.members(lately) == {"ann"}


def test_a_worker_that_was_away_finds_who_left_meanwhile(story):
    lately = story.segment({"event": "Product Viewed", "within": {"days": 2}})
    story.does("ann", "Product Viewed")
    story.looks()
    flush.flush_everything()
    Due.objects.all().delete()
    assert story.members(lately) == {"ann"}

    story.now += timedelta(days=9)
    story.looks()

    assert story.members(lately) == set() and story.is_exact(lately)


def test_old_events_that_come_late_leave_when_they_should(story):
    lately = story.segment({"event": "Product Viewed", "within": {"days": 7}})
    story.does("ann", "Product Viewed", ago=timedelta(days=7) - 5 * SECOND)
    story.looks()
    assert story.members(lately) == {"ann"}

    story.waits(seconds=5)

    assert story.members(lately) == set() and story.is_exact(lately)


def test_what_is_to_come_counts_from_its_own_moment_on_whoever_saw_it_arrive(story):
    """In an import, or by another machine's clock: in the tail or in files, before or after the segment was made."""

    def will(who, **span):
        append(event(customer_id=story.customer(who), time=story.now + timedelta(**span), name="Product Viewed"))
        Touched.objects.create(customers=[story.customer(who)], event="Product Viewed", rows_changed=False)

    for who in ("ann", "bob", "cid"):
        story.does(who, "Signed Up")
    viewers = story.segment({"event": "Product Viewed"})
    will("ann", minutes=10)
    will("bob", hours=20)
    story.waits(minutes=10)
    assert story.members(viewers) == {"ann"} and story.is_exact(viewers)

    will("cid", minutes=5)
    flush.flush_everything()
    story.looks()
    later = story.segment({"event": "Product Viewed", "op": "gte", "value": 1})
    story.waits(minutes=5)
    for segment in (viewers, later):
        assert story.members(segment) == {"ann", "cid"} and story.is_exact(segment)
    story.waits(hours=20)
    assert story.members(later) == {"ann", "bob", "cid"} and story.is_exact(later)


def test_a_segment_made_later_loses_by_time_who_was_found_by_its_rebuild(story):
    story.does("ann", "Product Viewed")
    story.looks()
    story.waits(minutes=50)
    lately = story.segment({"event": "Product Viewed", "within": {"hours": 1}})
    assert story.members(lately) == {"ann"}

    story.waits(minutes=10)

    assert story.members(lately) == set() and story.is_exact(lately)


def test_days_of_the_calendar_change_at_the_shops_midnight(story):
    birthday = story.segment({"trait": "birthday", "op": "anniversary_in_days", "value": 1})
    soon = {"property": "for", "op": "anniversary_in_days", "value": 1}
    ordered = story.segment({"event": "Gift Ordered", "where": [soon]})
    story.does("ann", "Gift Ordered", properties={"for": "2027-03-11"})
    story.does("ann", "", type="identify", traits={"birthday": "1990-03-11"})

    def at(moment):
        story.now = moment
        story.looks()
        assert story.members(ordered) == story.members(birthday)
        return story.members(birthday)

    midnight = story.now.replace(hour=22, minute=0)  # 2026-03-10 00:00 in Kigali
    assert at(midnight - SECOND) == set()
    assert at(midnight) == {"ann"}
    assert at(midnight + timedelta(days=2) - SECOND) == {"ann"}
    assert at(midnight + timedelta(days=2)) == set()
    assert story.is_exact(birthday)
