"""Exactly what a file brought is taken out again, and nothing that came otherwise."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from karibu.consents.models import Consent
from karibu.customers.models import Customer, Identity, Trait
from karibu.events import log
from karibu.imports import actions
from karibu.imports.tests.making import BY, ORDERS, bring
from karibu.imports.undo import undo
from karibu.shop.models import Order, Product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


def test_a_product_list_changes_the_catalogue_and_undo_brings_it_back(tmp_path: Path, send: Any) -> None:
    send({"event": "Product Viewed", "userId": "7", "properties": {"product_id": "a", "name": "Old", "price": 5}})
    imported = bring("products", 'id,title,price,colour\na,New,"1.299,50",red\nb,Second,3,\n', tmp_path)
    assert list(Product.objects.order_by("product_id").values_list("name", "price", "properties")) == [
        ("New", Decimal("1299.5"), {"colour": "red"}),
        ("Second", Decimal(3), {}),
    ]
    assert undo(imported, by=BY)["products"] == 1
    assert Product.objects.values_list("name", "price", "properties").get() == ("Old", Decimal(5), {})


def test_undo_takes_out_exactly_what_came(tmp_path: Path, send: Any) -> None:
    send({"type": "identify", "userId": "7", "traits": {"name": "Ann", "email": "ann@x.test"}},
         {"event": "Order Completed", "userId": "7", "properties": {"order_id": "live", "total": 5}})  # fmt: skip
    before = everything()
    imported = bring("orders", ORDERS, tmp_path)
    assert Order.objects.count() == 3
    gone = undo(imported, by=BY)
    assert (gone["orders"], gone["lines"], gone["products"], gone["customers"], gone["events"]) == (2, 3, 2, 1, 2)
    assert everything() == before
    with pytest.raises(actions.NotReady):
        undo(imported, by=BY)


def test_undo_restores_traits(tmp_path: Path, send: Any) -> None:
    send({"type": "identify", "userId": "7", "traits": {"name": "Ann"}})
    before = everything()
    undo(bring("customers", "customer_id,name,city,shoe size\n7,X,Kigali,41\n8,Y,Huye,\n", tmp_path), by=BY)
    assert everything() == before


def test_undo_leaves_what_was_changed_since_as_it_is(tmp_path: Path, send: Any) -> None:
    viewed = {"event": "Product Viewed", "anonymousId": "b1"}
    send({**viewed, "properties": {"product_id": "a", "name": "Basket"}})
    imported = bring("products", "product_id,name\na,Kikoi\n", tmp_path)
    send({**viewed, "properties": {"product_id": "a", "name": "Kikoi, blue"}})
    undo(imported, by=BY)
    assert Product.objects.get().name == "Kikoi, blue"


def test_undo_takes_the_consents_back_and_leaves_the_persons_own(tmp_path: Path, send: Any) -> None:
    send({"type": "identify", "userId": "7", "traits": {"email": "ann@x.test"}})
    imported = bring("customers", "customer_id,accepts_marketing\n7,yes\n", tmp_path)
    assert Consent.objects.get().method == "import"
    send({"event": "SMS Subscribed", "userId": "7"})
    undo(imported, by=BY)
    assert Consent.objects.get().channel == "sms"


def everything() -> Any:
    return (
        sorted(Customer.objects.values_list("id", "name", "email", "city", "traits__shoe_size", "orders", "spent")),
        sorted(Identity.objects.values_list("kind", "value", "customer_id")),
        sorted(Trait.objects.values_list("customer_id", "name", "source")),
        sorted(Order.objects.values_list("order_id", "total")),
        sorted(Product.objects.values_list("product_id", "name")),
        log.count()[None],
    )
