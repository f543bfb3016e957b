"""Several workers meet the same people at once: no link is lost, nobody is made twice."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from psycopg import errors

from karibu.customers.identify import identify
from karibu.customers.models import Customer, Identity, Link
from karibu.customers.raw import cursor
from karibu.customers.tests.making import at, event, told, whose
from karibu.events.batch import Batch
from karibu.events.event import Event

pytestmark = pytest.mark.django_db(transaction=True)


def take_with_retry(events: list[Event]) -> None:
    """As the drain does it: a deadlock is tried again."""
    for _ in range(20):
        try:
            with transaction.atomic():
                identify(Batch(events=events, now=at(9999), cursor=cursor()))
            return
        except errors.DeadlockDetected:
            continue
    raise AssertionError("never got through")


def at_once(*works: Callable[[], None]) -> None:
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        try:
            barrier.wait()
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures


def test_workers_that_see_the_same_new_people_make_each_once() -> None:
    def batches(worker: int) -> list[list[Event]]:
        # Every worker sees everybody: by id, by browser and by address, in an order of its own.
        events = []
        for step in range(20):
            n = (step * 7 + worker * 5) % 20
            events.append(event(1, browser=f"browser {n}"))
            events.append(told(2, user=f"user {n}", browser=f"browser {n}", email=f"{n}@example.com"))
            events.append(told(3, browser=f"other {n}", email=f"{n}@example.com"))
        return [events[i : i + 6] for i in range(0, len(events), 6)]

    work = [batches(worker) for worker in range(4)]
    at_once(*(lambda mine=mine: [take_with_retry(batch) for batch in mine] for mine in work))
    assert Customer.objects.filter(merged_into=None).count() == 20
    assert Identity.objects.filter(kind="external").count() == 20
    assert Link.objects.count() == 40
    owner = {f"user {n}": Identity.objects.get(kind="external", value=f"user {n}").customer_id for n in range(20)}
    for batch in (batch for mine in work for batch in mine):
        for first in range(0, len(batch), 3):
            person = owner[batch[first + 1].user_id]
            assert [whose(one) for one in batch[first : first + 3]] == [person] * 3
