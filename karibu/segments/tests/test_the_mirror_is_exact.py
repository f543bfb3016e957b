"""Whatever changes, and by whichever way: the next question sees it, before and after it was written to files."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from karibu.consents.models import Consent, Suppression
from karibu.customers import raw, search
from karibu.customers.merging import MergeRefused, merge_customers, undo_merge
from karibu.customers.models import Customer, Merge
from karibu.segments import mirror
from karibu.segments.mirror import build, files, keep
from karibu.segments.models import Rfm, Stale, Touched
from karibu.segments.tests.people import BEGUN, customer, merged, mirrored, straight
from karibu.segments.touched import touch
from karibu.shop.models import Cart, Order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


# Files of few rows, so that everything that is done with them happens.
SMALL = [
    (build, "UNKNOWN", 3), (build, "FILE", 8), (files, "GROUP", 3), (keep, "FOLD", 1), (keep, "LAYERS", 2),
    (keep, "LEAST", 6),
]  # fmt: skip


def assert_exact():
    state = mirror.current()
    assert mirrored(state) == straight()
    assert merged(state) == dict(Customer.objects.exclude(merged_into=None).values_list("pk", "merged_into"))


def order(customer_id, n, **said):
    usual = {"placed_at": BEGUN, "total": 5, "currency": "USD", "updated_at": BEGUN}
    return Order.objects.create(order_id=f"o{n}", customer_id=customer_id, **(usual | said))


CHANGES = {
    "a trait": lambda one, other: Customer.objects.filter(pk=one).update(traits={"size": "L"}),
    "a column": lambda one, other: Customer.objects.filter(pk=one).update(country="TZ"),
    "what was spent": lambda one, other: Customer.objects.filter(pk=one).update(spent=Decimal("9.99")),
    "a new customer": lambda one, other: customer(name="New"),
    "a customer less": lambda one, other: Customer.objects.filter(pk=one).delete(),
    "a merge": lambda one, other: merge_customers(one, other, by="test", reason=""),
    "a consent": lambda one, other: consent(one, "given"),
    "a consent that goes": lambda one, other: Consent.objects.all().delete(),
    "a consent that moves": lambda one, other: Consent.objects.update(customer_id=one),
    "a blocked address": lambda one, other: Suppression.objects.create(
        channel="email", value="one@example.com", reason="manual", at=BEGUN
    ),
    "a block lifted": lambda one, other: Suppression.objects.update(lifted_at=BEGUN),
    "a block that goes": lambda one, other: Suppression.objects.all().delete(),
    "an open cart": lambda one, other: cart(one, 2),
    "a cart with more in it": lambda one, other: Cart.objects.update(value=99),
    "a cart that was looked at": lambda one, other: Cart.objects.update(updated_at=timezone.now()),
    "a cart that was ordered": lambda one, other: Cart.objects.update(status="ordered"),
    "a cart that changes hands": lambda one, other: Cart.objects.update(customer_id=one),
    "a cart that goes": lambda one, other: Cart.objects.all().delete(),
    "an earlier order": lambda one, other: order(one, 2, placed_at=BEGUN - timedelta(days=3)),
    "an order cancelled": lambda one, other: Order.objects.update(status="cancelled"),
    "an order that changes hands": lambda one, other: Order.objects.update(customer_id=one),
    "a group": lambda one, other: Rfm.objects.create(
        customer_id=one, recency=1, frequency=1, monetary=1, group="lost", at=BEGUN
    ),
    "another group": lambda one, other: Rfm.objects.update(group="loyal"),
}  # fmt: skip


def consent(customer_id, status):
    return Consent.objects.create(
        customer_id=customer_id, channel="email", topic="offers", status=status, strength=40, at=BEGUN, method="form",
        source="Shop",
    )  # fmt: skip


def cart(customer_id, n):
    return Cart.objects.create(cart_id=f"c{n}", customer_id=customer_id, value=n, created_at=BEGUN, updated_at=BEGUN)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_by_the_next_question_and_by_the_live_segments(change):
    emails = ("one@example.com", "other@example.com", "third@example.com")
    one, other, third = (customer(email=email, traits={"size": "S"}) for email in emails)
    search.refresh(raw.cursor(), [one, other, third])
    consent(other, "given"), cart(other, 1), order(other, 1)
    Rfm.objects.create(customer_id=other, recency=5, frequency=1, monetary=1, group="new", at=BEGUN)
    Suppression.objects.create(channel="sms", value="other@example.com", reason="manual", at=BEGUN)
    mirror.rebuild()
    Touched.objects.all().delete()
    assert Stale.objects.count() == 0
    before = straight()
    CHANGES[change](one, other)
    after = straight()
    different = {who for who in before.keys() | after.keys() if before.get(who) != after.get(who)}
    touched = {who for row in Touched.objects.filter(rows_changed=True) for who in row.customers}
    assert different
    assert different <= touched
    assert third not in touched
    assert_exact()


def test_what_the_mirror_has_no_column_for_touches_nobody():
    one = customer(name="Amina")
    Customer.objects.filter(pk=one).update(import_id=7, name="Amina")
    mirror.rebuild()
    Touched.objects.all().delete()
    Customer.objects.filter(pk=one).update(import_id=8, name="Amina")
    cart(one, 1)
    Cart.objects.update(status="ordered")
    Stale.objects.all().delete()
    Touched.objects.all().delete()
    Cart.objects.update(value=3)
    assert not Touched.objects.exists()
    assert not Stale.objects.exists()


def test_many_at_once_are_noted_in_portions():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_customer (name, email, phone, country, city, language, timezone, traits,"
            " first_source, created_at, is_anonymous, orders, spent)"
            " SELECT '', '', '', '', '', '', '', '{}', '', now(), true, 0, 0 FROM generate_series(1, 2500)"
        )
    sizes = [len(row.customers) for row in Stale.objects.all()]
    assert sum(sizes) == 2500 and max(sizes) <= 1000
    assert_exact()


def test_an_upper_app_can_say_whose_score_changed():
    one = customer()
    mirror.rebuild()
    touch(raw.cursor(), [one, one])
    assert [row.customers for row in Stale.objects.all()] == [[one]]


def test_events_leave_whom_they_are_about_by_name(send):
    Touched.objects.all().delete()
    send({"userId": "u1", "event": "Product Viewed"}, {"userId": "u2", "event": "Product Viewed"}, {"userId": "u1"})
    seen = {row.event: sorted(row.customers) for row in Touched.objects.filter(rows_changed=False)}
    assert seen["Product Viewed"] == sorted(Customer.objects.values_list("pk", flat=True))
    assert len(seen["Product Viewed"]) == 2


ACTS = st.lists(
    st.tuples(
        st.sampled_from([*CHANGES, "merge", "undo", "erase", "fold", "look", "rebuild"]),
        st.integers(0, 5), st.integers(0, 5),
    ),
    min_size=4, max_size=14,
)  # fmt: skip


@settings(max_examples=25)
@given(acts=ACTS)
def test_after_anything_the_mirror_says_what_postgresql_says(acts):
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        for module, name, number in SMALL:
            patch.setattr(module, name, number)
        people = [customer(email=f"p{n}@example.com", traits={"size": str(n)}) for n in range(6)]
        for n, (act, one, other) in enumerate(acts):
            do(act, people[one], people[other], n)
            if act == "look":
                assert_exact()
        keep.step()
        assert_exact()
        transaction.set_rollback(True)


def do(act, one, other, n):
    if act == "fold":
        keep.step()
    elif act == "rebuild":
        mirror.rebuild()
    elif act in ("merge", "a merge"):
        with suppress(MergeRefused):
            merge_customers(one, other, by="test", reason="")
    elif act == "undo":
        for merge in Merge.objects.filter(undone_at=None).order_by("-id")[:1]:
            undo_merge(merge.pk, by="test")
    elif act == "erase":
        Customer.objects.filter(pk=one).update(name="", email="", traits={}, erased_at=timezone.now())
    elif act == "an open cart":
        cart(one, 10 + n)
    elif act == "an earlier order":
        order(one, 10 + n)
    elif act == "a group":
        Rfm.objects.update_or_create(
            customer_id=one, defaults={"recency": n % 5, "frequency": 1, "monetary": 1, "group": "lost", "at": BEGUN}
        )
    elif act not in ("look", "a customer less"):
        CHANGES[act](one, other)
