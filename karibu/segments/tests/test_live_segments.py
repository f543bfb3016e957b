"""People enter and leave by what they do, by what changes about them, and by what becomes of their segments."""

import pytest

from karibu.consents import erasure
from karibu.customers.merging import merge_customers, undo_merge
from karibu.customers.models import Customer
from karibu.customers.raw import cursor
from karibu.events import erase, flush, log
from karibu.events.tests.making import append, event
from karibu.segments import actions, live, rebuilding
from karibu.segments.models import Member, Segment, Touched
from karibu.segments.tests.living import BOUGHT, told

pytestmark = pytest.mark.usefixtures("lake")


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
