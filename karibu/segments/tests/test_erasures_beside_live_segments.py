"""Somebody is erased while the live segments move them: neither waits for what the other holds."""

import threading

import pytest
from django.db import connection, transaction

from karibu.consents import person
from karibu.customers.raw import cursor
from karibu.segments import live, membership
from karibu.segments.erasing import from_segments
from karibu.segments.models import Due, Member, Segment, Touched
from karibu.segments.tests.living import BOUGHT
from karibu.segments.tests.waiting import LIMIT, until_somebody_waits
from karibu.segments.together import PAIRS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lake")]


@pytest.fixture
def buyer(story):
    """A member of a segment, who stands in Touched and Due."""
    story.segment(BOUGHT)
    story.does("ann", "", type="identify", traits={"email": "ann@example.com"})
    story.does("ann", "Order Completed", properties={"order_id": "1", "total": 10})
    story.looks()
    ann = story.customer("ann")
    Touched.objects.create(customers=[ann], event="Letter To ann@example.com", rows_changed=False)
    Due.objects.create(at=story.now, customer_id=ann)
    return person.known(ann)


def beside(work):
    """`work` in a transaction on another connection, begun and then ended when it is told to."""
    begun, go_on, failed = threading.Event(), threading.Event(), []

    def run():
        try:
            with transaction.atomic():
                work(begun, go_on)
        except Exception as error:
            failed.append(error)
        finally:
            begun.set()
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(LIMIT)
    return thread, go_on, failed


def test_who_leaves_a_segment_while_they_are_erased_holds_nobody_up(buyer):
    segment = Segment.objects.get()

    def leave(begun, go_on):
        membership.lock([segment.pk])
        begun.set()
        assert go_on.wait(LIMIT)
        membership.settle(PAIRS.empty_table(), [segment.pk], buyer.family)

    thread, go_on, failed = beside(leave)

    def tell():
        until_somebody_waits(unless=failed)
        go_on.set()
        connection.close()

    watching = threading.Thread(target=tell)
    watching.start()
    with transaction.atomic():
        from_segments(buyer, cursor())
    watching.join(LIMIT)
    thread.join(LIMIT)

    assert failed == [] and not Member.objects.exists()
    segment.refresh_from_db()
    assert segment.size == 0


def test_an_erasure_does_not_wait_for_what_a_turn_has_taken(buyer, story):
    def turn(begun, go_on):
        live._take(story.now)
        begun.set()
        assert go_on.wait(LIMIT)

    thread, go_on, failed = beside(turn)
    with transaction.atomic():
        with connection.cursor() as asked:
            asked.execute("SET LOCAL lock_timeout = '1s'")
        from_segments(buyer, cursor())
    go_on.set()
    thread.join(LIMIT)

    assert failed == [] and not Member.objects.exists() and not Due.objects.exists()
