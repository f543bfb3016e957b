"""Codes for one person each: nobody gets two, no code goes to two, and an order shows which was used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from karibu.customers.merging import merge_customers
from karibu.shop import coupons
from karibu.shop.models import Coupon, CouponPool
from karibu.shop.tests.story import customer, happens, told
from karibu.web.models import User

BY = "a test"


@pytest.fixture
def pool(db: None) -> CouponPool:
    return CouponPool.objects.create(name="Spring", fallback="SPRING10", low_water=2)


def wants(*numbers: int) -> list[tuple[int, str]]:
    return [(number, f"campaign:1:customer:{number}") for number in numbers]


def test_everybody_gets_a_code_of_their_own_and_keeps_it(pool: CouponPool) -> None:
    assert coupons.generate(pool, 5, by=BY, prefix="k-") == 5
    first = coupons.claim(pool.pk, wants(1, 2, 3))
    assert len(set(first.values())) == 3
    assert all(code.startswith("K-") for code in first.values())
    assert coupons.claim(pool.pk, wants(3, 2, 1)) == first
    assert coupons.left([pool.pk]) == {pool.pk: 2}


def test_when_none_is_left_the_fall_back_is_given(pool: CouponPool) -> None:
    coupons.bring_in(pool, ["one", "two"], by=BY)
    given = coupons.claim(pool.pk, wants(1, 2, 3))
    assert sorted(given.values()) == ["ONE", "SPRING10", "TWO"]
    assert coupons.left([pool.pk, 999]) == {pool.pk: 0, 999: 0}


def test_a_list_is_brought_in_once(pool: CouponPool) -> None:
    lines = ["code;worth", "abc;10", '"DEF"', "", "abc"]
    assert coupons.bring_in(pool, lines, by=BY) == (2, 1)
    assert coupons.bring_in(pool, ["ABC", "ghi"], by=BY) == (1, 1)
    assert set(Coupon.objects.values_list("code", flat=True)) == {"ABC", "DEF", "GHI"}


@pytest.fixture
def shared(transactional_db: None) -> Iterator[CouponPool]:
    yield CouponPool.objects.create(name="Shared")


def test_four_claim_at_once_and_no_code_goes_to_two(shared: CouponPool) -> None:
    coupons.generate(shared, 400, by=BY)

    def claim(turn: int) -> dict[str, str]:
        try:
            found = {}
            for start in range(0, 100, 10):
                numbers = range(start, start + 10) if turn < 2 else range(turn * 1000 + start, turn * 1000 + start + 10)
                with transaction.atomic():
                    found |= coupons.claim(shared.pk, wants(*numbers))
            return found
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        one, same, *others = threads.map(claim, range(4))
    assert one == same, "two that claim for the same keys give the same codes"
    codes = [code for found in (one, *others) for code in found.values()]
    assert len(set(codes)) == len(codes) == 300
    assert coupons.left([shared.pk]) == {shared.pk: 100}


def test_an_order_that_carries_a_code_redeems_it_once(pool: CouponPool) -> None:
    coupons.bring_in(pool, ["MINE"], by=BY)
    ann = customer()
    coupons.claim(pool.pk, wants(ann))
    happens(told(ann, "Order Completed", 1, order_id="7", total=10, coupon="mine"))
    happens(told(ann, "Order Completed", 2, order_id="8", total=10, coupon="MINE"))
    happens(told(ann, "Order Completed", 3, order_id="9", total=10, coupon="other"))
    assert list(Coupon.objects.values_list("code", "order_id")) == [("MINE", "7")]


@pytest.fixture
def marketer(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_user("meg@shop.test", role="marketer"))
    return client


def test_a_pool_is_made_and_filled_on_its_pages(marketer: Client) -> None:
    assert 'class="empty"' in marketer.get("/coupons/").content.decode()
    answer = marketer.post("/coupons/new/", {"name": "Welcome", "fallback": "HI", "low_water": 5, "number": 20})
    pool = CouponPool.objects.get()
    assert answer.headers["Location"] == f"/coupons/{pool.pk}/"
    file = SimpleUploadedFile("codes.csv", b"code\nA1\nA2\n")
    marketer.post(f"/coupons/{pool.pk}/codes/", {"file": file})
    shown = marketer.get(f"/coupons/{pool.pk}/").content.decode()
    assert "22" in shown and "A2" in shown
    assert marketer.post(f"/coupons/{pool.pk}/codes/", {}).status_code == 422
    assert Coupon.objects.count() == 22


def test_a_code_is_given_to_whom_the_customer_became(pool: CouponPool) -> None:
    coupons.bring_in(pool, ["MINE"], by=BY)
    ann, other = customer(email="ann@x.test"), customer(email="ann2@x.test")
    coupons.claim(pool.pk, wants(other))
    merge_customers(ann, other, by=BY, reason="same")
    assert Coupon.objects.get().customer_id == ann
