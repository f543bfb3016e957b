"""The last human click within five days before an order earns it, once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from karibu.events.batch import Batch
from karibu.events.event import Event
from karibu.insights.attribution import attribute
from karibu.insights.metrics import measure
from karibu.insights.models import Attribution
from karibu.insights.periods import parse
from karibu.insights.tests.shop import UTC_ZONE, make_click, make_message, make_order

pytestmark = pytest.mark.django_db
ORDERED = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def run(*order_ids: str, message: int | None = None, historical: bool = False) -> None:
    events = [
        Event(
            message_id=f"e-{order_id}",
            type="track",
            name="Order Completed",
            time=ORDERED,
            received_at=ORDERED,
            source_id=1,
            order_id=order_id,
            message=message,
            historical=historical,
        )
        for order_id in order_ids
    ]
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        attribute(Batch(events=events, now=ORDERED, cursor=cursor))


def earned() -> dict[str, int | None]:
    return dict(Attribution.objects.values_list("order_id", "message_id"))


def revenue() -> Decimal:
    return Decimal(measure("attributed_revenue", parse("", "", UTC_ZONE)).total)


def test_a_click_before_the_order_earns_it() -> None:
    message = make_message(customer=7, sender="journey:3")
    make_click(message, ORDERED - timedelta(hours=2))
    make_order("1042", customer=7, at=ORDERED, total="54.90")
    run("1042")
    row = Attribution.objects.get()
    assert (row.order_id, row.message_id, row.sender, row.customer_id) == ("1042", message.pk, "journey:3", 7)
    assert (row.clicked_at, row.ordered_at) == (ORDERED - timedelta(hours=2), ORDERED)
    assert revenue() == Decimal("54.90")


def test_an_order_before_the_click_is_not_earned() -> None:
    make_click(make_message(customer=7), ORDERED + timedelta(seconds=1))
    make_order("1042", customer=7, at=ORDERED)
    run("1042")
    assert earned() == {}


@pytest.mark.parametrize(("late", "counts"), [(0, True), (1, False)])
def test_the_window_ends_five_days_after_the_click_to_the_second(late: int, counts: bool) -> None:
    message = make_message(customer=7)
    make_click(message, ORDERED - timedelta(days=5, seconds=late))
    make_order("1042", customer=7, at=ORDERED)
    run("1042")
    assert earned() == ({"1042": message.pk} if counts else {})


def test_of_two_messages_the_one_clicked_last_earns_the_order() -> None:
    first, second = make_message(customer=7), make_message(customer=7)
    make_click(second, ORDERED - timedelta(days=2))
    make_click(first, ORDERED - timedelta(days=1))
    make_order("1042", customer=7, at=ORDERED)
    run("1042")
    assert earned() == {"1042": first.pk}


def test_a_scanners_click_and_an_open_earn_nothing() -> None:
    message = make_message(customer=7)
    make_click(message, ORDERED - timedelta(hours=1), is_machine=True)
    make_click(message, ORDERED - timedelta(hours=1), kind="opened")
    make_order("1042", customer=7, at=ORDERED)
    run("1042")
    assert earned() == {}


def test_a_browser_that_ran_our_snippet_after_the_click_is_no_scanner() -> None:
    message = make_message(customer=7)
    make_click(message, ORDERED - timedelta(hours=1), is_machine=True)
    make_order("1042", customer=7, at=ORDERED)
    run("1042", message=message.pk)
    assert earned() == {"1042": message.pk}


def test_somebody_elses_click_earns_nothing() -> None:
    message = make_message(customer=8)
    make_click(message, ORDERED - timedelta(hours=1))
    make_order("1042", customer=7, at=ORDERED)
    run("1042", message=message.pk)
    assert earned() == {}


def test_an_imported_order_without_a_click_in_time_stays_without_one() -> None:
    make_order("old", customer=7, at=ORDERED - timedelta(days=300))
    make_click(make_message(customer=7), ORDERED)
    run("old", historical=True)
    assert earned() == {}


def test_however_often_an_order_comes_it_is_earned_once() -> None:
    first, second = make_message(customer=7), make_message(customer=7)
    make_click(first, ORDERED - timedelta(days=1))
    make_order("1042", customer=7, at=ORDERED, total="54.90")
    run("1042")
    make_click(second, ORDERED - timedelta(hours=1))
    run("1042")
    run("1042")
    assert earned() == {"1042": first.pk}
    assert revenue() == Decimal("54.90")


def test_refunds_and_cancellations_reduce_what_was_earned() -> None:
    for customer, order in ((7, "a"), (8, "b"), (9, "c")):
        make_click(make_message(customer=customer), ORDERED - timedelta(days=1))
        make_order(order, customer=customer, at=ORDERED, total="30.00")
    run("a", "b", "c")
    assert revenue() == Decimal("90.00")
    make_order("a", customer=7, at=ORDERED, total="30.00", refunded="10.00")
    make_order("b", customer=8, at=ORDERED, total="30.00", status="cancelled")
    assert revenue() == Decimal("50.00")
    assert measure("attributed_orders", parse("", "", UTC_ZONE)).total == 2


def test_an_order_whose_event_nobody_stored_changes_nothing() -> None:
    make_click(make_message(customer=7), ORDERED - timedelta(days=1))
    run("never stored")
    assert earned() == {}


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    assert not Attribution.objects.exists()
    yield
