"""A product gets cheaper, is in stock again or nearly gone: who looked at it or carted it enters, and nobody else."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from karibu.customers.models import Customer
from karibu.events import tail
from karibu.journeys import actions, clock, goods
from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.models import Enrollment, Journey, ProductChange
from karibu.journeys.react import react
from karibu.journeys.story import Story, sends, story
from karibu.shop.models import Order, OrderLine, Product

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lake")]


@pytest.fixture
def told() -> Story:
    told = Story(stages=(react, tail.append))
    Product.objects.create(
        product_id="mat", name="Mat", price=Decimal(100), currency="USD", updated_at=told.now, properties={"stock": 9}
    )
    return told


def live(change: str, **rule: Any) -> Journey:
    definition = {"entry": {"product": {"change": change, **rule}}, "steps": [{"wait": {"days": 90}}]}
    return actions.publish(actions.create("Goods", definition, by="test"), by="test")


def change(**to: Any) -> None:
    Product.objects.filter(product_id="mat").update(**to)


def inside(told: Story) -> list[str]:
    names = {number: name for name, number in told.people.items()}
    return sorted(names[who] for who in Enrollment.objects.values_list("customer_id", flat=True))


def viewed(by: str, **more: Any) -> Any:
    return sends("Product Viewed", by=by, product_id="mat", **more)


def test_who_looked_at_it_lately_hears_that_it_is_cheaper(told):
    live("price_drop", did="viewed")
    story(
        viewed("amina"),
        viewed("amina"),
        viewed("joao", ago=timedelta(days=40)),
        sends("Product Added", by="thandi", product_id="mat"),
        sends("Product Viewed", by="neema", product_id="rug"),
        told=told,
    )
    change(price=Decimal(90))
    assert clock.look(told.now) == 0 and clock.look(told.now) > 0
    assert inside(told) == ["amina"]
    [run] = Enrollment.objects.all()
    assert run.key == "mat" and {k: Decimal(v) for k, v in run.context.items() if k.startswith("price")} == {
        "price_before": 100, "price_now": 90
    }  # fmt: skip
    assert run.context["product_id"] == "mat" and run.context["currency"] == "USD"


@pytest.mark.parametrize(
    ("kind", "before", "after", "enters"),
    [
        ("price_drop", {}, {"price": Decimal(96)}, False),
        ("price_drop", {}, {"price": Decimal(95)}, True),
        ("price_drop", {}, {"price": Decimal(120)}, False),
        ("price_drop", {}, {"price": None}, False),
        ("price_drop", {}, {"price": Decimal(50), "currency": "EUR"}, False),
        ("price_drop", {"price": None}, {"price": Decimal(50)}, False),
        ("back_in_stock", {"properties": {"stock": 0}}, {"properties": {"stock": 3}}, True),
        ("back_in_stock", {"properties": {"in_stock": "no"}}, {"properties": {"in_stock": "yes"}}, True),
        ("back_in_stock", {}, {"properties": {"stock": 20}}, False),
        ("low_stock", {}, {"properties": {"stock": 5}}, True),
        ("low_stock", {}, {"properties": {"stock": 0}}, False),
        ("low_stock", {"properties": {"stock": 4}}, {"properties": {"stock": 3}}, False),
        ("low_stock", {}, {"properties": {"stock": "many"}}, False),
    ],
)  # fmt: skip
def test_which_changes_count(told, kind, before, after, enters):
    story(viewed("amina"), told=told)
    change(**before)
    live(kind)
    goods.look(told.now)
    Enrollment.objects.all().delete()
    change(**after)
    goods.look(told.now)
    assert inside(told) == (["amina"] if enters else [])
    assert not ProductChange.objects.exists()


def test_up_and_down_again_before_anybody_looked_is_no_change(told):
    live("price_drop")
    story(viewed("amina"), told=told)
    change(price=Decimal(50))
    change(price=Decimal(100))
    assert goods.look(told.now) == 2 and inside(told) == []


def test_what_does_not_matter_leaves_no_note(told):
    change(name="A mat", url="https://duka.example/mat")
    change(price=Decimal("100.0000"))
    assert not ProductChange.objects.exists()


def test_who_has_bought_it_since_is_left_alone_but_not_who_looked_again(told):
    live("price_drop", did="either")
    story(viewed("amina", ago=timedelta(days=3)), viewed("joao"), told=told)
    for number, who in enumerate(("amina", "joao")):
        order = Order.objects.create(
            order_id=str(number), customer_id=told.person(who), placed_at=told.now - timedelta(days=1), total=1,
            currency="USD", updated_at=told.now,
        )  # fmt: skip
        OrderLine.objects.create(order=order, position=0, product_id="mat")
    change(price=Decimal(50))
    goods.look(told.now)
    assert inside(told) == ["joao"]


def test_the_nameless_and_the_erased_are_not_met_and_the_merged_as_who_they_are(told):
    live("price_drop")
    story(*(viewed(name) for name in ("amina", "joao", "thandi", "neema")), told=told)
    people = Customer.objects
    people.filter(pk=told.person("amina")).update(is_anonymous=True)
    people.filter(pk=told.person("joao")).update(erased_at=told.now)
    people.filter(pk=told.person("thandi")).update(merged_into=told.person("neema"))
    change(price=Decimal(50))
    goods.look(told.now)
    assert inside(told) == ["neema"]


def test_a_change_that_cannot_be_understood_holds_up_no_other(told, caplog):
    live("price_drop")
    story(viewed("amina"), told=told)
    known = {"currency": "USD", "currency_before": "USD", "price": 1, "price_before": 9, "at": told.now}
    ProductChange.objects.create(product_id="bad", properties=[1], properties_before=[2], **known)
    live("low_stock")
    change(price=Decimal(50))
    assert goods.look(told.now) == 2 and inside(told) == ["amina"] and not ProductChange.objects.exists()
    assert "could not be understood" in caplog.text


def test_several_products_in_a_week_are_one_visit_unless_the_journey_says_else(told):
    Product.objects.create(product_id="rug", price=Decimal(10), currency="USD", updated_at=told.now)
    live("price_drop")
    journey = actions.create(
        "Each",
        {"entry": {"product": {"change": "price_drop"}}, "reentry": "per_key", "steps": [{"wait": {"days": 9}}]},
        by="test",
    )
    actions.publish(journey, by="test")
    story(viewed("amina"), sends("Product Viewed", product_id="rug"), told=told)
    Product.objects.update(price=Decimal(5))
    goods.look(told.now)
    assert Enrollment.objects.exclude(journey=journey).count() == 1
    assert sorted(Enrollment.objects.filter(journey=journey).values_list("key", flat=True)) == ["mat", "rug"]


def test_the_sentence_and_the_limits():
    said = parse({"entry": {"product": {"change": "price_drop", "did": "carted"}}, "steps": [{"leave": {}}]}).sentence()
    assert said == (
        "When someone put a product into a cart in the last 30 days, and its price falls by at least 5 % "
        "(again after 7 days at the earliest): leave the journey."
    )
    for wrong in ({"within_days": 0}, {"percent": 100}, {"at_most": 0}, {"change": "recoloured"}, {"did": "dreamt"}):
        with pytest.raises(DefinitionError):
            parse({"entry": {"product": {"change": "low_stock", **wrong}}, "steps": [{"leave": {}}]})
