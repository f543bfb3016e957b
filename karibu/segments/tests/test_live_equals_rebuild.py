"""Whatever people do, in whatever order, and however long is waited: the live members are those of a rebuild."""

import itertools
import os
from contextlib import suppress
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from karibu.customers.merging import MergeRefused, merge_customers, undo_merge
from karibu.customers.models import Customer, Merge
from karibu.events import flush
from karibu.segments import rfm, run
from karibu.segments.definition import parse
from karibu.segments.models import Member
from karibu.segments.tests.living import BOUGHT, Story
from karibu.web.models import Shop

pytestmark = pytest.mark.django_db
_numbers = itertools.count()
EXAMPLES = 15 if os.environ.get("KARIBU_TEST_WHOLE") else 10
PEOPLE = ["ann", "bob", "cid"]
VIEWED = {"event": "Product Viewed", "where": [{"property": "category", "op": "is", "value": "Shoes"}]}
DEFINITIONS = [
    {**VIEWED, "op": "gte", "value": 2, "within": {"hours": 5}},
    {"all": [BOUGHT, {**BOUGHT, "within": {"days": 2}, "not": True}]},
    {**BOUGHT, "measure": "sum:value", "op": "gte", "value": 30, "within": {"days": 3}},
    {"sequence": [{"event": "Product Viewed"}, {"event": "Order Completed", "not": True}], "within": {"hours": 20}},
    {"event": ["Order Completed", "Page Viewed"], "within": {"days": 2, "until_hours": 5}},
    {"any": [{"trait": "country", "op": "is", "value": "RW"}, {"trait": "orders", "op": "gte", "value": 2}]},
    {"trait": "birthday", "op": "anniversary_in_days", "value": 1},
    {"not": {"trait": "size", "op": "gt", "value": 40}},
    {"all": [{"rfm": ["champions", "new"]}, {"event": ["Product Viewed", "Page Viewed"], "within": {"days": 1}}]},
]

who = st.sampled_from(PEOPLE)
does = st.tuples(
    st.just("does"),
    who,
    st.sampled_from(["Product Viewed", "Order Completed", "Page Viewed"]),
    st.sampled_from(["Shoes", "Toys"]),
    st.sampled_from([0, 0, 1, 4.9, 19.5, 30, 47, 71.5]),  # hours ago
)
says = st.tuples(
    st.just("says"),
    who,
    st.sampled_from([{"country": "RW"}, {"country": "KE"}, {"birthday": "1990-03-12"}, {"size": 42}, {"size": "M"}]),
)
waits = st.tuples(st.just("waits"), st.sampled_from([0.5, 1, 4, 20, 49]))
others = st.sampled_from([("looks",), ("flushes",), ("reckons",), ("undoes",), ("erases", "cid")])
merges = st.tuples(st.just("merges"), who, who)
deeds = st.lists(st.one_of(does, does, does, says, waits, merges, others), min_size=1, max_size=14)


@pytest.mark.slow
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(deeds=deeds)
@example(deeds=[("does", "ann", "Order Completed", "Toys", 0), ("waits", 49), ("merges", "ann", "bob"), ("undoes",)])
@example(deeds=[("does", "ann", "Page Viewed", "Toys", 1), ("waits", 4), ("does", "ann", "Order Completed", "Toys", 47),
                ("waits", 1), ("flushes",), ("waits", 20), ("waits", 20), ("waits", 4)])  # fmt: skip
@example(deeds=[("does", "ann", "Product Viewed", "Shoes", 4.9), ("does", "ann", "Product Viewed", "Shoes", 0),
                ("waits", 0.5)])  # fmt: skip
@example(deeds=[("does", "ann", "Product Viewed", "Shoes", 1), ("does", "bob", "Product Viewed", "Shoes", 0),
                ("merges", "bob", "ann"), ("waits", 4), ("waits", 0.5), ("undoes",)])  # fmt: skip
def test_live_members_are_those_of_a_rebuild(send, lake, deeds):
    configured.KARIBU_LAKE_URL = f"{lake}-{next(_numbers)}"  # what is rolled back in PostgreSQL stays in a folder
    with transaction.atomic():
        story = _new(send)
        segments = [story.segment(definition, str(n)) for n, definition in enumerate(DEFINITIONS)]
        story.looks()  # from now on Due is known two hours ahead
        for deed, *about in deeds:
            DEEDS[deed](story, *about)
            story.looks()
            _are_the_same(story, segments)
        transaction.set_rollback(True)


def _new(send):
    Shop.objects.update_or_create(pk=1, defaults={"timezone": "Africa/Kigali", "currency": "USD"})
    story = Story(send)
    for who in PEOPLE:
        story.does(who, "Signed Up")
    return story


def _are_the_same(story, segments):
    found = run.members_of_each([parse(segment.definition) for segment in segments], now=story.now)
    kept = {segment.pk: [] for segment in segments}
    for number, customer in Member.objects.order_by("customer_id").values_list("segment_id", "customer_id"):
        kept[number].append(customer)
    assert list(kept.values()) == [table["id"].to_pylist() for table in found]


def _does(story, who, event, category, hours):
    properties = {"category": category}
    if event == "Order Completed":
        properties = {"order_id": f"o{story.count}", "total": 20, "currency": "USD"}
    story.does(who, event, properties=properties, ago=timedelta(hours=hours))


def _merges(story, one, other):
    with suppress(MergeRefused):
        merge_customers(story.customer(one), story.customer(other), by="test", reason="same")


def _undoes(story):
    if merge := Merge.objects.filter(undone_at=None).order_by("-pk").first():
        with suppress(MergeRefused):
            undo_merge(merge.pk, by="test")


def _erases(story, who):
    Customer.objects.filter(pk=story.customer(who)).update(erased_at=story.now)


DEEDS = {
    "does": _does,
    "says": lambda story, who, traits: story.does(who, "", type="identify", traits=traits),
    "waits": lambda story, hours: story.waits(hours=hours),
    "looks": lambda story: story.looks(),
    "flushes": lambda story: flush.flush_everything(),
    "reckons": lambda story: rfm.reckon(story.now),
    "merges": _merges,
    "undoes": _undoes,
    "erases": _erases,
}
