"""Orders are the same whatever order their events arrive in, and money is exact."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karibu.customers.models import Customer
from karibu.events.event import Event
from karibu.shop.models import Order, OrderLine, Refund
from karibu.shop.tests.story import NOON, customer, happens, line, told

pytestmark = pytest.mark.django_db


def order(order_id: str = "1") -> Order:
    return Order.objects.get(order_id=order_id)


def worth(who: int) -> tuple[int, Decimal]:
    found = Customer.objects.get(pk=who)
    return found.orders, found.spent


def test_a_completed_order_is_kept_with_its_lines() -> None:
    ann = customer()
    happens(
        told(ann, "Order Completed", order_id=1, total="27.50", currency="USD", coupon="SPRING",
             products=[line("a", "10.00", 2, name="Kikoi"), line("b", "7.50")])
    )  # fmt: skip
    found = order()
    assert (found.total, found.total_converted, found.currency, found.coupon) == (
        Decimal("27.5"), Decimal("27.5"), "USD", "SPRING",
    )  # fmt: skip
    assert (found.customer_id, found.placed_at, found.source, found.status) == (ann, NOON, "web shop", "placed")
    assert list(found.lines.order_by("position").values_list("product_id", "price", "quantity", "total")) == [
        ("a", Decimal(10), 2, Decimal(20)),
        ("b", Decimal("7.5"), 1, Decimal("7.5")),
    ]
    assert worth(ann) == (1, Decimal("27.5"))
    assert Customer.objects.get(pk=ann).last_order_at == NOON


def test_the_same_order_told_twice_counts_once() -> None:
    ann = customer()
    completed = {"order_id": 1, "total": 10, "products": [line("a", 10)]}
    happens(told(ann, "Order Completed", message="browser", **completed))
    happens(told(ann, "Order Completed", message="server", **completed))
    assert Order.objects.count() == 1
    assert OrderLine.objects.count() == 1
    assert worth(ann) == (1, Decimal(10))


def test_an_update_changes_what_it_says_and_keeps_the_rest() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total=10, coupon="A", products=[line("a", 10)]))
    happens(told(ann, "Order Updated", 5, order_id=1, total=12))
    found = order()
    assert (found.total, found.coupon, found.lines.count(), found.placed_at) == (12, "A", 1, NOON)
    assert worth(ann) == (1, Decimal(12))


def test_partial_refunds_add_up_and_each_counts_once() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total=30, products=[line("a", 10, 3)]))
    for _ in range(2):
        happens(told(ann, "Order Refunded", 5, order_id=1, refund_id="r1", total=4, message="x"))
    happens(told(ann, "Order Refunded", 6, order_id=1, products=[{"product_id": "a", "quantity": 1}]))
    found = order()
    assert (found.refunded, found.status) == (14, "placed")
    assert Refund.objects.count() == 2
    assert worth(ann) == (1, Decimal(16))


def test_a_whole_refund_leaves_nothing_spent() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total=30), told(ann, "Order Refunded", 5, order_id=1))
    assert (order().refunded, order().status) == (30, "refunded")
    assert worth(ann) == (1, Decimal(0))


def test_refunds_never_exceed_the_order() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total=30), told(ann, "Order Refunded", 5, order_id=1, total=99))
    assert order().refunded == 30


def test_a_cancelled_order_counts_nowhere() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total=30), told(ann, "Order Cancelled", 5, order_id=1))
    assert order().status == "cancelled"
    assert worth(ann) == (0, Decimal(0))
    assert Customer.objects.get(pk=ann).last_order_at is None


def test_an_order_that_was_never_completed_is_awaited_and_counts_nowhere() -> None:
    ann = customer()
    happens(told(ann, "Order Refunded", order_id=1, total=5))
    assert order().status == "awaited"
    assert worth(ann) == (0, Decimal(0))


def test_an_order_without_a_readable_total_is_worth_its_lines() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total="a lot", products=[line("a", "0.1", 3)]))
    assert order().total == Decimal("0.3")


def test_a_line_total_that_does_not_divide_is_exact() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, products=[line("a", "3.99", 1.5)]))
    only = OrderLine.objects.get()
    assert (only.total, only.price, only.quantity) == (Decimal("5.985"), Decimal("3.99"), 2)


def test_an_import_does_not_change_an_order_that_is_known() -> None:
    ann = customer()
    happens(told(ann, "Order Completed", order_id=1, total=30))
    happens(told(ann, "Order Completed", 9, message="i", import_id=3, order_id=1, total=5),
            told(ann, "Order Completed", 9, message="j", import_id=3, order_id=2, total=6))  # fmt: skip
    assert [(o.order_id, o.total, o.import_id) for o in Order.objects.order_by("order_id")] == [
        ("1", 30, None),
        ("2", 6, 3),
    ]


def test_events_of_nobody_or_without_an_order_id_make_no_order() -> None:
    happens(told(0, "Order Completed", order_id=1, total=30), told(customer(), "Order Completed", total=30))
    assert not Order.objects.exists()


def life_of_an_order(who: int) -> list[Event]:
    return [
        told(who, "Order Completed", 0, message="m1", order_id=1, total=30, coupon="A", products=[line("a", 10, 3)]),
        told(who, "Order Completed", 1, message="m2", order_id=1, total=30, products=[line("a", 10, 3)]),
        told(who, "Order Updated", 2, message="m3", order_id=1, total=36, products=[line("a", 12, 3)]),
        told(who, "Order Refunded", 3, message="m4", order_id=1, products=[{"product_id": "a", "quantity": 1}]),
        told(who, "Order Refunded", 4, message="m5", order_id=1, total="3.50"),
    ]


def state(who: int) -> Any:
    found = order()
    fields = ("status", "placed_at", "total", "refunded", "total_converted", "refunded_converted", "coupon",
              "currency", "updated_at", "customer_id", "told", "cancelled_at")  # fmt: skip
    return (
        [getattr(found, name) for name in fields],
        sorted(found.lines.values_list("position", "product_id", "price", "quantity", "total")),
        sorted(found.refunds.values_list("key", "amount", "at")),
        Customer.objects.filter(pk=who).values_list("orders", "spent", "last_order_at").get(),
    )


def test_every_order_of_arrival_ends_in_the_same_state() -> None:
    ann = customer()
    ends = []
    for arrival in itertools.permutations(life_of_an_order(ann)):
        with transaction.atomic():
            for event in arrival:
                happens(event)
            ends.append(state(ann))
            transaction.set_rollback(True)
    assert len(ends) == 120
    assert all(end == ends[0] for end in ends)
    fields, _, _, (orders, spent, _) = ends[0]
    assert (fields[2], fields[3]) == (36, Decimal("15.5"))
    assert (orders, spent) == (1, Decimal("20.5"))


amounts = st.decimals(min_value="0.01", max_value=500, places=2)
statements = st.lists(
    st.one_of(
        st.tuples(st.just("Order Completed"), amounts),
        st.tuples(st.just("Order Updated"), amounts | st.none()),
        st.tuples(st.just("Order Refunded"), amounts | st.none()),
        st.tuples(st.just("Order Cancelled"), st.none()),
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=statements, chance=st.randoms(use_true_random=False), cuts=st.sets(st.integers(1, 6)))
def test_any_statements_in_any_order_and_any_batches_end_in_the_same_state(said: Any, chance: Any, cuts: Any) -> None:
    ends = []
    for shuffled in (False, True):
        with transaction.atomic():
            ann = customer()
            events = [
                told(
                    ann,
                    name,
                    minute,
                    message=f"m{minute}",
                    order_id=1,
                    **({} if total is None else {"total": str(total)}),
                )
                for minute, (name, total) in enumerate(said)
            ]
            if shuffled:
                chance.shuffle(events)
            edges = [0, *sorted(cuts), len(events)] if shuffled else [0, len(events)]
            for start, stop in itertools.pairwise(edges):
                happens(*events[start:stop])
            fields, *rest = state(ann)
            ends.append([[value for value in fields if value != ann], *rest])
            transaction.set_rollback(True)
    assert ends[0] == ends[1]
