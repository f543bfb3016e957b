"""People enter and leave by what they do, by what changes about them, and by time alone."""

from datetime import timedelta

import pytest

from karibu.consents import erasure
from karibu.customers.merging import merge_customers, undo_merge
from karibu.customers.models import Customer
from karibu.customers.raw import cursor
from karibu.events import erase, flush, log
from karibu.events.tests.making import append, event
from karibu.segments import actions, live, membership, rebuilding
from karibu.segments.models import Due, Member, Segment, Touched
from karibu.segments.tests.living import BOUGHT, START, nearest

pytestmark = pytest.mark.usefixtures("lake")
SECOND = timedelta(seconds=1)


def told(story, who):
    """(what, when) of a person's entries and exits, oldest first."""
    names = [membership.ENTERED, membership.LEFT]
    events = reversed(log.history([story.customer(who)], names=names))
    return [(event.name.removeprefix("Segment "), event.time) for event in events]


def test_whoever_does_it_is_a_member_after_one_turn(story):
    viewers = story.segment({"event": "Product Viewed", "op": "gte", "value": 2})
    story.does("ann", "Product Viewed")
    story.does("bob", "Product Viewed")
    story.does("bob", "Product Viewed")

    assert live.turn(story.now) == 2

    assert story.members(viewers) == {"bob"}
    assert told(story, "bob") == [("Entered", story.now)] and told(story, "ann") == []
    assert story.is_exact(viewers)


def test_a_turn_counts_people_not_how_often_they_were_noted(story, monkeypatch):
    monkeypatch.setattr(live, "MOST", 2)
    here = story.segment({"trait": "country", "op": "is", "value": "RW"})
    people = [Customer.objects.create(created_at=story.now, country="RW").pk for _ in range(3)]
    Touched.objects.all().delete()
    for one in [*[people[0]] * 4, *people[1:]]:
        Touched.objects.create(customers=[one], event="", rows_changed=True)

    assert (live.turn(story.now), live.turn(story.now), live.turn(story.now)) == (2, 1, 0)

    assert list(Member.objects.order_by("customer_id").values_list("customer_id", flat=True)) == people
    assert story.is_exact(here)


def test_what_concerns_no_segment_is_not_looked_at(story):
    buyers = story.segment(BOUGHT)
    story.does("ann", "Page Viewed")
    story.looks()
    story.does("ann", "Product Viewed")

    assert live.turn(story.now) == 0

    assert not Touched.objects.exists()
    assert story.members(buyers) == set() and story.is_exact(buyers)


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


def test_a_trait_that_changes_moves_its_customer(story):
    here = story.segment({"trait": "country", "op": "is", "value": "RW"})
    story.does("ann", "", type="identify", traits={"country": "RW"})
    story.does("bob", "", type="identify", traits={"country": "KE"})
    story.looks()
    assert story.members(here) == {"ann"}

    story.waits(minutes=1)
    story.does("ann", "", type="identify", traits={"country": "KE"})
    story.does("bob", "", type="identify", traits={"country": "RW"})
    story.looks()

    assert story.members(here) == {"bob"} and story.is_exact(here)


def test_a_merge_makes_one_member_of_two_halves_and_undo_none(story):
    twice = story.segment({**BOUGHT, "op": "gte", "value": 2})
    for n, who in enumerate(("ann", "bob")):
        story.does(who, "Order Completed", properties={"order_id": str(n), "total": 10})
    story.looks()
    ann, bob = story.customer("ann"), story.customer("bob")
    assert story.members(twice) == set()

    merge = merge_customers(ann, bob, by="test", reason="same person")
    story.looks()
    assert list(Member.objects.values_list("customer_id", flat=True)) == [ann]
    assert story.is_exact(twice)

    story.waits(minutes=1)
    undo_merge(merge, by="test")
    story.looks()
    assert not Member.objects.exists() and story.is_exact(twice)


def test_who_did_it_only_by_an_import_that_is_undone_leaves(story):
    buyers = story.segment(BOUGHT)
    story.does("ann", "Signed Up")
    story.does("bob", "Signed Up")
    for who, number in (("ann", 7), ("bob", 8)):
        append(event(customer_id=story.customer(who), time=story.now, name="Order Completed", import_id=number))
        Touched.objects.create(customers=[story.customer(who)], event="Order Completed", rows_changed=False)
    flush.flush_everything()
    story.looks()
    assert story.members(buyers) == {"ann", "bob"}

    erase.delete_import(7, cursor())
    story.looks()

    assert story.members(buyers) == {"bob"} and story.is_exact(buyers)


def test_whose_event_spoke_of_somebody_who_was_erased_leaves_with_the_event(story):
    buyers = story.segment(BOUGHT)
    story.does("eve", "", type="identify", traits={"email": "eve@example.com"})
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 9, "gift_for": "eve@example.com"})
    story.looks()
    assert story.members(buyers) == {"ann"}

    erasure.erase(story.customer("eve"), by="test")
    story.looks()

    assert story.is_exact(buyers)


def test_of_two_members_who_turn_out_to_be_one_one_is_left(story):
    buyers = story.segment(BOUGHT)
    for n, who in enumerate(("ann", "bob")):
        story.does(who, "Order Completed", properties={"order_id": str(n), "total": 10})
    story.looks()
    ann, bob = story.customer("ann"), story.customer("bob")

    merge = merge_customers(ann, bob, by="test", reason="same person")
    story.looks()
    assert list(Member.objects.values_list("customer_id", flat=True)) == [ann]
    undo_merge(merge, by="test")
    story.looks()

    assert sorted(Member.objects.values_list("customer_id", flat=True)) == sorted([ann, bob])
    assert story.is_exact(buyers)


@pytest.mark.django_db(transaction=True)
def test_somebody_erased_is_gone_and_never_mentioned_again(story):
    buyers = story.segment(BOUGHT)
    for who in ("ann", "bob"):
        story.does(who, "Order Completed", properties={"order_id": who, "total": 10})
    story.looks()
    ann = story.customer("ann")

    erasure.erase(ann, by="test")
    story.waits(hours=3)

    assert story.members(buyers) == {"bob"} and story.is_exact(buyers)
    assert log.history([ann]) == []


def test_a_segment_follows_the_segments_that_it_names(story):
    buyers = story.segment(BOUGHT, "Buyers")
    others = story.segment({"all": [{"event": "Product Viewed"}, {"not": {"segment": buyers.pk}}]}, "Lookers")
    story.does("ann", "Product Viewed")
    story.looks()
    assert story.members(others) == {"ann"}

    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    story.looks()

    assert story.members(others) == set() and story.is_exact(others)


def test_whoever_enters_one_segment_enters_at_once_the_one_that_asks_for_entries(story):
    entries = story.segment({"event": "Segment Entered", "within": {"hours": 1}}, "Newly somewhere")
    buyers = story.segment(BOUGHT, "Buyers")
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    story.does("bob", "Product Viewed")
    story.looks()

    assert story.members(buyers) == {"ann"} and story.members(entries) == {"ann"}
    assert story.is_exact(entries)
    actions.archive(buyers, by="test")
    story.waits(hours=1)
    assert story.members(entries) == set()


def test_what_a_segment_does_by_itself_does_not_make_it_look_again(story):
    """Who left and did not come back: whoever enters it has come back, leaves, has left, …"""
    away = {"sequence": [{"event": "Segment Left"}, {"event": "Segment Entered", "not": True}], "within": {"days": 7}}
    gone = story.segment(away, "Gone")
    lookers = story.segment({"event": "Product Viewed", "within": {"hours": 1}}, "Lookers")
    story.does("ann", "Product Viewed")
    story.waits(hours=1)

    assert story.members(lookers) == set() and story.members(gone) == {"ann"}
    assert sorted(what for what, _ in told(story, "ann")) == ["Entered", "Entered", "Left"]
    assert not Touched.objects.exists()


def test_a_definition_that_changes_is_found_anew_also_where_it_is_named(story):
    named = story.segment({"event": "Product Viewed"}, "Named")
    outer = story.segment({"segment": named.pk}, "Outer")
    story.does("ann", "Product Viewed")
    story.does("bob", "Order Completed", properties={"order_id": "1", "total": 10})
    story.looks()

    Segment.objects.filter(pk=named.pk).update(definition=BOUGHT)
    story.looks()

    for segment in (named, outer):
        assert story.members(segment) == {"bob"} and story.is_exact(segment)
    assert [row.built_at is not None and row.trouble for row in Segment.objects.all()] == ["", ""]


def test_whoever_is_in_a_segment_leaves_it_when_it_is_archived_and_comes_back_with_it(story):
    buyers = story.segment(BOUGHT)
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    story.looks()

    actions.archive(buyers, by="test")
    story.does("bob", "Order Completed", properties={"order_id": "2", "total": 10})
    story.looks()
    assert story.members(buyers) == set()
    assert [what for what, _ in told(story, "ann")] == ["Entered", "Left"] and told(story, "bob") == []

    actions.restore(buyers, by="test")
    story.looks()
    assert story.members(buyers) == {"ann", "bob"}


def test_a_circle_of_segments_says_so_and_keeps_its_members(story):
    one = story.segment(BOUGHT, "One")
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    story.looks()
    two = story.segment({"segment": one.pk}, "Two")

    Segment.objects.filter(pk=one.pk).update(definition={"segment": two.pk})
    rebuilding.step()
    story.does("bob", "Order Completed", properties={"order_id": "2", "total": 10})
    story.looks()

    one.refresh_from_db()
    assert "contains itself" in one.trouble
    assert story.members(one) == {"ann"}


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
