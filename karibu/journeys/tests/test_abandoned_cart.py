"""The first journey, told as stories (PAINS 20)."""

from datetime import timedelta

import pytest

from karibu.customers.merging import merge_customers
from karibu.customers.models import Customer
from karibu.journeys import actions, draw
from karibu.journeys.models import Enrollment, Journey, Passage
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.story import Story, does, expects, expects_messages, sends, sends_together, story, waits
from karibu.shop.models import Cart

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def journey() -> Journey:
    made = actions.create("Abandoned cart", abandoned_cart(), by="test")
    return actions.publish(made, by="test")


def test_a_cart_left_alone_for_an_hour_is_reminded_of_once():
    told = story(
        sends("Product Added", cart_id="c-1"),
        expects("active", key="c-1", step=0),
        waits(minutes=59),
        expects_messages(0),
        waits(minutes=1),
        expects_messages(1, cart_id="c-1"),
        expects("finished"),
        waits(days=30),
        expects_messages(1),
    )
    assert list(Passage.objects.order_by("id").values_list("kind", flat=True)) == ["wait", "send"]
    assert Enrollment.objects.get().customer_id == told.person("amina")


def test_the_wait_starts_anew_with_each_further_look_at_the_cart():
    story(
        sends("Product Added", cart_id="c-1"),
        waits(minutes=50),
        sends("Cart Viewed", cart_id="c-1"),
        waits(minutes=50),
        sends("Checkout Started", cart_id="c-1"),
        waits(minutes=59),
        expects_messages(0),
        waits(minutes=1),
        expects_messages(1),
        expects("finished", 1),
    )


def test_an_order_with_the_cart_takes_out_of_it():
    story(
        sends("Product Added", cart_id="c-1"),
        waits(minutes=30),
        sends("Order Completed", cart_id="c-1", order_id="1042"),
        expects("left", reason="Order Completed 1042", due_at=None),
        waits(hours=2),
        expects_messages(0),
    )


def test_an_order_with_another_cart_does_not():
    story(
        sends("Product Added", cart_id="c-1"),
        sends("Order Completed", cart_id="c-2", order_id="1042"),
        waits(hours=1),
        expects_messages(1, cart_id="c-1"),
    )


def test_an_order_that_names_no_cart_takes_out_of_all_carts_begun_before_it():
    story(
        sends("Product Added", cart_id="c-1"),
        sends("Product Added", cart_id="c-2"),
        waits(minutes=10),
        sends("Order Completed", order_id="1042"),
        expects("left", 2),
        waits(minutes=5),
        sends("Product Added", cart_id="c-3"),
        sends("Order Completed", order_id="1041", ago=timedelta(minutes=20)),
        expects("active", 1, key="c-3"),
        waits(hours=1),
        expects_messages(1, cart_id="c-3"),
        expects_messages(1),
    )


def test_two_carts_of_one_person_run_side_by_side():
    story(
        sends("Product Added", cart_id="phone"),
        waits(minutes=30),
        sends("Product Added", cart_id="laptop"),
        waits(minutes=30),
        expects_messages(1, cart_id="phone"),
        expects_messages(0, cart_id="laptop"),
        waits(minutes=30),
        expects_messages(1, cart_id="laptop"),
        expects("finished", 2),
    )


def test_a_late_order_changes_nothing_that_was_done():
    story(
        sends("Product Added", cart_id="c-1"),
        waits(hours=1),
        sends("Order Completed", cart_id="c-1", order_id="1042"),
        expects("finished", 1),
        expects("left", 0),
        expects_messages(1),
    )


def test_a_late_look_at_an_ordered_cart_brings_nobody_in():
    told = Story()
    Cart.objects.create(
        cart_id="c-1", customer_id=told.person("amina"), status="ordered", created_at=told.now, updated_at=told.now
    )
    story(sends("Cart Viewed", cart_id="c-1"), expects("active", 0), told=told)
    assert not Enrollment.objects.exists()


def test_cart_and_order_in_one_batch_end_outside():
    story(
        sends_together(("Product Added", {"cart_id": "c-1"}), ("Order Completed", {"cart_id": "c-1"})),
        expects("left"),
        waits(hours=2),
        expects_messages(0),
    )


def test_history_brings_nobody_in_but_an_imported_order_takes_out():
    story(
        sends("Product Added", cart_id="c-0", historical=True),
        expects("active", 0),
        sends("Product Added", cart_id="c-1"),
        sends("Order Completed", cart_id="c-1", historical=True),
        expects("left", 1),
        waits(hours=2),
        expects_messages(0),
    )


def test_what_a_phone_tells_after_days_offline_starts_nothing_and_after_minutes_waits_the_rest():
    story(
        sends("Product Added", cart_id="c-0", ago=timedelta(days=4)),
        expects("active", 0),
        sends("Product Added", cart_id="c-1", ago=timedelta(minutes=40)),
        waits(minutes=19),
        expects_messages(0),
        waits(minutes=1),
        expects_messages(1, cart_id="c-1"),
    )


def test_a_clock_that_runs_ahead_waits_from_now():
    story(
        sends("Product Added", cart_id="c-1", ago=-timedelta(hours=5)),
        waits(hours=1),
        expects_messages(1),
    )


def test_nobody_moves_while_paused_but_who_orders_leaves(journey):
    story(
        sends("Product Added", cart_id="c-1"),
        sends("Product Added", cart_id="c-2"),
        does(lambda: actions.pause(journey, by="test")),
        sends("Product Added", cart_id="c-3"),
        waits(hours=2),
        sends("Order Completed", cart_id="c-2"),
        expects_messages(0),
        expects("active", 1, key="c-1"),
        does(lambda: actions.resume(journey, by="test")),
        expects_messages(1, cart_id="c-1"),
        expects_messages(1),
        expects("left", 1, key="c-2"),
    )
    assert not Enrollment.objects.filter(key="c-3").exists()


def test_a_cart_taken_over_by_another_known_person_reminds_its_holder_only():
    story(
        sends("Product Added", cart_id="c-1", by="amina"),
        sends("Product Added", cart_id="c-1", by="brian"),
        waits(hours=1),
        expects_messages(0, to="amina"),
        expects_messages(1, to="brian", cart_id="c-1"),
    )


def test_a_look_from_an_unknown_browser_does_not_take_the_cart_away():
    told = story(sends("Product Added", cart_id="c-1", by="amina"))
    Customer.objects.filter(pk=told.person("somebody")).update(is_anonymous=True, name="")
    story(
        waits(minutes=30),
        sends("Cart Viewed", cart_id="c-1", by="somebody"),
        waits(minutes=59),
        expects_messages(0),
        waits(minutes=1),
        expects_messages(1, to="amina"),
        told=told,
    )


def test_whoever_is_held_out_is_known_by_the_name_under_which_they_order_like_everybody(journey):
    """Else the orders of those held out would be another customer's, and the journey would seem to have earned them."""
    held_out = {**journey.definition, "holdout": 90}
    actions.publish(actions.edit(journey, definition=held_out, by="test"), by="test")
    told = Story()
    names = (f"visitor{n}" for n in range(200))
    visitor = next(name for name in names if draw.is_held(told.person(name), 90, journey.pk))
    Customer.objects.filter(pk=told.person(visitor)).update(is_anonymous=True, name="")
    story(
        sends("Product Added", cart_id="c-1", by=visitor),
        expects("held", of=visitor, key="c-1"),
        waits(minutes=50),
        sends("Cart Viewed", cart_id="c-1", by="amina"),
        expects("held", of="amina", key="c-1", due_at=None),
        waits(minutes=50),
        sends("Cart Viewed", cart_id="c-1", by="brian"),
        expects("held", of="brian", key="c-1", due_at=None),
        waits(minutes=61),
        sends("Cart Viewed", cart_id="c-1", by="joao"),
        expects("held", of="brian", key="c-1", due_at=None),
        told=told,
    )
    assert Enrollment.objects.count() == 1, "once for each cart, also for who is held out"


def test_a_cart_begun_before_the_address_was_left_follows_the_merge():
    told = story(sends("Product Added", cart_id="c-1", by="somebody"))
    merge_customers(told.person("amina"), told.person("somebody"), by="test", reason="identify")
    story(waits(hours=1), expects_messages(1, to="amina", cart_id="c-1"), told=told)


def test_an_event_without_a_cart_or_without_a_person_brings_nobody_in():
    told = story(sends("Product Added"))
    nobody = Customer.objects.count()
    told.people["nobody"] = 0
    story(sends("Product Added", cart_id="c-1", by="nobody"), told=told)
    assert not Enrollment.objects.exists() and Customer.objects.count() == nobody
