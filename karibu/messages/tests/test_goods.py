"""An offer is not sent once what it is about is gone, nor while the person has a complaint."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from karibu.consents.actions import record_consents, suppress
from karibu.consents.statement import Statement
from karibu.messages import send
from karibu.messages.gate import pause_register, person
from karibu.messages.models import Mail, Message
from karibu.messages.tests.cast import a_person, fate, the_shop, wants
from karibu.shop.models import Coupon, CouponPool, Product
from karibu.shop.stock import sold_out

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop():
    return the_shop()


def a_product(product_id: str, **properties: object) -> str:
    Product.objects.create(product_id=product_id, properties=properties, updated_at=timezone.now())
    return product_id


def sent(message: Message) -> tuple[str, str]:
    send.send_due()
    return fate(message)


@pytest.mark.parametrize(
    ("properties", "is_out"),
    [
        ({}, False),
        ({"Stock": "0"}, True),
        ({"stock": 3}, False),
        ({"inventory_quantity": -1}, True),
        ({"stock": "many"}, False),
        ({"availability": "Out of stock"}, True),
        ({"availability": "https://schema.org/InStock"}, False),
        ({"availability": "https://schema.org/OutOfStock"}, True),
        ({"in_stock": False}, True),
        ({"in stock": "yes"}, False),
        ({"stock": 2, "in_stock": False}, False),  # a number says more than a word
    ],
)
def test_a_product_is_sold_out_only_where_the_shop_says_so(properties, is_out):
    a_product("p1", **properties)
    assert sold_out(["p1", "unknown"]) == ({"p1"} if is_out else set())


def test_an_offer_of_one_product_that_is_sold_out_is_refused_and_its_receipt_is_not():
    gone, there = a_product("gone", stock=0), a_product("there", stock=1)
    one, two, three, four, five = (a_person(f"p{n}") for n in range(5))
    assert sent(wants(one, context={"product_id": gone})) == ("refused", "out_of_stock")
    assert sent(wants(two, context={"product_id": there})) == ("sent", "")
    assert sent(wants(three, context={"items": [{"product_id": gone}]})) == ("refused", "out_of_stock")
    assert sent(wants(four, context={"items": [{"product_id": gone}, {"product_id": there}]})) == ("sent", "")
    receipt = wants(five, context={"product_id": gone})
    Message.objects.filter(pk=receipt.pk).update(is_marketing=False)
    assert sent(receipt) == ("sent", "") and Mail.objects.count() == 3


def test_a_promised_coupon_must_be_left_unless_the_message_has_it_or_everybody_gets_one():
    empty, full = CouponPool.objects.create(name="empty"), CouponPool.objects.create(name="full")
    shared = CouponPool.objects.create(name="shared", fallback="KARIBU10")
    Coupon.objects.create(pool=full, code="ONE")
    people = [a_person(f"p{n}") for n in range(4)]
    wanted = [{"coupon_pool": empty.pk}, {"coupon_pool": full.pk}, {"coupon_pool": shared.pk}]
    fates = [
        sent(wants(one, context=context))
        for one, context in zip(people, [*wanted, {"coupon_pool": empty.pk, "coupon": "MINE"}], strict=True)
    ]
    assert fates == [("refused", "no_coupon"), ("sent", ""), ("sent", ""), ("sent", "")]


def test_offers_wait_while_a_complaint_is_open_and_receipts_do_not(monkeypatch):
    monkeypatch.setattr(person, "_pausers", [])
    open_at_desk, said, calm = a_person("desk"), a_person("said", traits={"open_complaint": True}), a_person("calm")
    pause_register(lambda ids: {open_at_desk.pk} & set(ids))
    with time_machine.travel(datetime(2026, 3, 1, 9, tzinfo=UTC), tick=False) as clock:
        first, second, third, receipt = wants(open_at_desk), wants(said), wants(calm), wants(said, "receipt")
        Message.objects.filter(pk=receipt.pk).update(is_marketing=False)
        send.send_due()
        assert fate(first) == fate(second) == ("held", "paused") and fate(third) == fate(receipt) == ("sent", "")
        monkeypatch.setattr(person, "_pausers", [])
        clock.shift(timedelta(hours=6))
        assert sent(first) == ("sent", "") and fate(second) == ("held", "paused")


def test_who_reported_a_mail_as_spam_gets_no_offers_on_other_channels_for_a_while():
    someone = a_person("reporter", phone="+250788123456")
    now = timezone.now()
    agreed = Statement(customer_id=someone.pk, channel="sms", status="given", method="form", source="shop", at=now)
    record_consents([agreed])
    suppress("email", [someone.email], "complaint")
    text = wants(someone, channel="sms")
    assert sent(text) == ("held", "paused")
    with time_machine.travel(now + timedelta(days=31), tick=False):
        assert sent(text)[1] != "paused"
