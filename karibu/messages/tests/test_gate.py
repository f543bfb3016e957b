"""Nothing leaves except through the gate, and each refusal says why."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from karibu.consents.actions import suppress
from karibu.customers.models import Customer
from karibu.messages import send
from karibu.messages.models import Mail, Message, Template
from karibu.messages.tests.cast import a_cart, a_person, says, the_shop, wants
from karibu.shop.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop():
    return the_shop()


def fate(message: Message) -> tuple[str, str]:
    send.send_due()
    message.refresh_from_db()
    return message.status, message.reason


def test_with_consent_and_an_open_cart_the_message_is_sent():
    person = a_person()
    message = wants(person, cart=a_cart(person))
    assert fate(message) == ("sent", "")
    mail = Mail.objects.get()
    assert (mail.recipient, mail.subject) == ("amina@example.com", "Amina, you left something in your cart")
    assert [h["status"] for h in message.history] == ["sending", "sent"]


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda p: says(p, "withdrawn"), "withdrawn"),
        (lambda p: suppress("email", [p.email.upper()], "hard_bounce"), "suppressed"),
        (lambda p: Customer.objects.filter(pk=p.pk).update(erased_at=timezone.now()), "erased"),
        (lambda p: Customer.objects.filter(pk=p.pk).delete(), "erased"),
        (lambda p: Customer.objects.filter(pk=p.pk).update(email=""), "no_address"),
        (lambda p: Customer.objects.filter(pk=p.pk).update(email="no address"), "bad_address"),
    ],
)
def test_each_refusal_has_its_reason_and_nothing_leaves(prepare, reason):
    person = a_person()
    message = wants(person)
    prepare(person)
    assert fate(message) == ("refused", reason)
    assert not Mail.objects.exists()
    assert message.history[-1]["reason"] == reason


def test_silence_is_no_consent():
    assert fate(wants(a_person(agreed=False))) == ("refused", "no_consent")
    assert not Mail.objects.exists()


def test_consent_is_for_a_topic():
    wants(a_person("ben", agreed=False), "x")
    Template.objects.update(topic="news")
    assert fate(wants(a_person())) == ("refused", "no_consent")


def test_a_transactional_message_needs_no_consent_but_respects_suppression():
    person, blocked = a_person("amina", agreed=False), a_person("ben", agreed=False)
    suppress("email", [blocked.email], "complaint")
    wants(person, "first")
    Template.objects.update(is_marketing=False)
    Message.objects.all().delete()
    assert fate(wants(person, "a")) == ("sent", "")
    assert fate(wants(blocked, "b")) == ("refused", "suppressed")
    assert Mail.objects.get().recipient == person.email
    assert b"List-Unsubscribe" not in bytes(Mail.objects.get().raw)


def test_a_cart_that_was_ordered_meanwhile_is_not_reminded_of():
    person = a_person()
    assert fate(wants(person, "a", cart=a_cart(person, status="ordered"))) == ("refused", "cart_ordered")
    cart = a_cart(person, "c2")
    now = timezone.now()
    Order.objects.create(
        order_id="o1", cart_id="c2", customer_id=person.pk, placed_at=now, total=1, currency="USD", updated_at=now
    )
    assert fate(wants(person, "b", cart=cart)) == ("refused", "cart_ordered")
    assert fate(wants(person, "c", cart=a_cart(person, "c3", status="emptied"))) == ("refused", "cart_emptied")
    assert not Mail.objects.exists()


def test_a_holdout_is_refused_where_others_are_sent_and_for_what_others_are_refused():
    person, stranger = a_person(), a_person("ben", agreed=False)
    kept, never = wants(person, "a", is_holdout=True), wants(stranger, "b", is_holdout=True)
    assert fate(kept) == ("refused", "holdout") and fate(never) == ("refused", "no_consent")
    assert not Mail.objects.exists()


def test_a_merged_customers_message_goes_to_whom_they_are_today():
    old, new = a_person("old", agreed=False), a_person("new")
    Customer.objects.filter(pk=old.pk).update(merged_into=new.pk)
    message = wants(old)
    assert fate(message) == ("sent", "")
    assert message.customer_id == new.pk and Mail.objects.get().recipient == "new@example.com"


def test_what_another_sender_holds_in_hand_counts_as_sent():
    person = a_person()
    with time_machine.travel(datetime(2026, 3, 1, 9, tzinfo=UTC), tick=False):
        first = wants(person, "a")
        now = timezone.now()
        Message.objects.filter(pk=first.pk).update(status="sending", claimed_at=now, handed_over_at=now, attempts=1)
        assert fate(wants(person, "b")) == ("held", "frequency")
    assert not Mail.objects.exists()


def test_a_receipt_needs_no_consent_even_in_one_group_with_an_offer_of_its_topic():
    person = a_person(agreed=False)
    offer, receipt = wants(person, "offer"), wants(person, "receipt")
    Message.objects.filter(pk=receipt.pk).update(is_marketing=False)
    assert fate(offer) == ("refused", "no_consent") and fate(receipt) == ("sent", "")
    assert Mail.objects.count() == 1


def test_what_was_held_is_asked_again_from_the_start():
    with time_machine.travel(datetime(2026, 3, 1, 9, tzinfo=UTC), tick=False):
        person = a_person()
        wants(person, "a")
        second = wants(person, "b")
        assert fate(second) == ("held", "frequency")
    with time_machine.travel(datetime(2026, 3, 2, 2, tzinfo=UTC), tick=False):
        says(person, "withdrawn")
        assert fate(second) == ("refused", "withdrawn")
    assert Mail.objects.count() == 1


def test_a_message_that_could_not_leave_before_its_latest_moment_is_refused():
    late = wants(a_person(), expires_at=timezone.now() - timedelta(minutes=1))
    assert fate(late) == ("refused", "too_late")


def test_a_message_is_not_looked_at_before_it_is_due():
    message = wants(a_person(), due_at=timezone.now() + timedelta(hours=1))
    assert fate(message) == ("intended", "")


def test_the_gate_asks_a_fixed_number_of_questions_however_large_the_group(django_assert_max_num_queries):
    for n in range(60):
        person = a_person(f"p{n}")
        wants(person, cart=a_cart(person, f"c{n}"))
    with django_assert_max_num_queries(31):
        assert send.send_due() == 60
    assert Mail.objects.count() == 60


def test_a_person_without_a_name_and_a_product_without_a_picture_leave_no_gap_behind():
    person = a_person(name="", email="someone@example.com")
    wants(person, cart=a_cart(person, items=[{"product_id": "p1", "name": "Mug", "price": 1, "image_url": ""}]))
    send.send_due()
    mail = Mail.objects.get()
    assert mail.subject == "You left something in your cart" and b'<img src=""' not in bytes(mail.raw)
