"""What a person may like: bought together, else popular; never what they have, never what is sold out."""

from datetime import timedelta

import pytest
from django.utils import timezone

from karibu.messages import preview, recommend, wording
from karibu.messages.blocks.kinds import KINDS
from karibu.messages.models import Pairing
from karibu.messages.recommend import Asked
from karibu.messages.tests.cast import a_person, the_shop
from karibu.messages.tests.test_blocks import a_product
from karibu.shop.models import Order, OrderLine, Product

pytestmark = pytest.mark.django_db


def ordered(customer: int, *products: str, days: int = 5) -> None:
    count = Order.objects.count()
    now = timezone.now()
    order = Order.objects.create(
        order_id=f"o{count}", customer_id=customer, placed_at=now - timedelta(days=days), total=1, currency="USD",
        updated_at=now,
    )  # fmt: skip
    OrderLine.objects.bulk_create(OrderLine(order=order, position=n, product_id=p) for n, p in enumerate(products))


@pytest.fixture
def orders() -> None:
    for number in range(1, 7):
        a_product(number)
    for customer in (101, 102, 103):
        ordered(customer, "p1", "p2")
    ordered(104, "p1", "p3")
    for customer in range(110, 120):
        ordered(customer, "p4")
    ordered(105, "p5", "p6", days=400)
    recommend.refresh()


def liked(*asked: Asked) -> dict[int, list[str]]:
    return recommend.products_for(asked)


def test_what_was_bought_together_comes_first_and_then_what_sells_most(orders):
    assert liked(Asked(1, 1, seeds={"p1"}))[1] == ["p2", "p3", "p4"]


def test_who_is_known_by_their_orders_alone_is_shown_what_goes_with_these(orders):
    ordered(7, "p1")
    assert liked(Asked(1, 7))[1] == ["p2", "p3", "p4"]


def test_a_stranger_is_shown_what_sells_most(orders):
    assert liked(Asked(1, 999))[1] == ["p4", "p1", "p2", "p3"]


def test_nobody_is_shown_what_they_bought_lately_or_what_is_sold_out(orders):
    ordered(7, "p2")
    Product.objects.filter(product_id="p4").update(properties={"stock": 0})
    Product.objects.filter(product_id="p3").update(properties={"availability": "Out of stock"})
    assert liked(Asked(1, 7, seeds={"p1"}))[1] == []
    Product.objects.filter(product_id="p4").update(properties={"stock": 3})
    assert liked(Asked(1, 7, seeds={"p1"}))[1] == ["p4"]


def test_orders_of_long_ago_count_no_more_and_reckoning_again_changes_nothing(orders):
    rows = lambda: sorted(Pairing.objects.values_list("product_id", "other_id", "score"))  # noqa: E731
    before = rows()
    assert not any("p5" in row for row in before)
    recommend.refresh()
    assert rows() == before


def test_a_group_is_asked_in_a_handful_of_statements(orders, django_assert_num_queries):
    with django_assert_num_queries(5):
        found = liked(*(Asked(n, 100 + n, seeds={"p1"} if n % 2 else set()) for n in range(200)))
    assert len(found) == 200 and all(found.values())


def test_a_better_provider_registers_itself_and_is_asked_first(orders, monkeypatch):
    monkeypatch.setattr(recommend, "_providers", dict(recommend._providers))
    recommend.register("mine", lambda asked: {one.key: ["p6", "p1"] for one in asked})
    assert liked(Asked(1, 1, seeds={"p1"}))[1] == ["p6", "p2", "p3", "p4"]


def test_a_mail_shows_them_with_names_prices_and_links(orders):
    the_shop()
    person = a_person("amina")
    ordered(person.pk, "p1")
    template = wording.create("t", "T", [KINDS["recommendations"].start()], by="a test", subject="s")
    said = preview.show(template, str(person.pk))
    assert "* Mug 2, 12.00 USD: https://duka.example/p/2" in said.text and "Mug 1" not in said.text
    assert said.html.count("https://duka.example/p/2.jpg") == 1
