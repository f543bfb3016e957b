"""Orders, products and carts as pages, as CSV and as API: the same rows, empty or full."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from karibu.customers import queries
from karibu.customers.models import Customer
from karibu.shop.models import Order, Product, Rate
from karibu.shop.tests.story import NOON, customer, happens, line, told
from karibu.web.actions import create_token
from karibu.web.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]
PAGES = ["/orders/", "/products/", "/carts/", "/settings/rates/"]


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(User.objects.create_user("owner@shop.test", role="owner"))
    return client


@pytest.fixture
def shop() -> int:
    ann = customer(name="Ann <b>", email="ann@x.test")
    happens(
        told(ann, "Product Viewed", 0, product_id="a", name="Kikoi & more", category="Cloth", price=12, currency="USD"),
        told(ann, "Order Completed", 1, order_id="1042", total="54.90", currency="USD",
             products=[line("a", "12.00", 2, name="Kikoi & more"), line("gone", "30.90")]),
        told(ann, "Order Refunded", 2, order_id="1042", total="4.90"),
        told(ann, "Order Completed", 3, order_id="1043", total="1000", currency="KES"),
        told(ann, "Order Refunded", 4, order_id="awaited", total="5"),
        told(ann, "Product Added", 5, cart_id="c", **line("a", "12.00", 3, name="Kikoi & more")),
    )  # fmt: skip
    return ann


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_shop_teaches(owner: Client, page: str) -> None:
    response = owner.get(page)
    assert response.status_code == 200
    assert 'class="empty"' in response.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_sees_nothing(client: Client, page: str) -> None:
    assert client.get(page).status_code == 302


def test_the_lists_show_what_there_is_escaped(owner: Client, shop: int) -> None:
    orders = owner.get("/orders/").content.decode()
    assert "1042" in orders and "Ann &lt;b&gt;" in orders and "54.90" in orders
    assert "awaited" not in orders
    assert "/settings/rates/" in orders  # one order waits for a rate
    assert "Kikoi &amp; more" in owner.get("/products/").content.decode()
    assert "3 × Kikoi &amp; more" in owner.get("/carts/").content.decode()


def test_search_finds_orders_by_id_and_by_customer(owner: Client, shop: int) -> None:
    assert owner.get("/orders/?q=1042").context["table"].lines.__len__() == 1
    assert len(owner.get("/orders/?q=ann").context["table"].lines) in (0, 2)  # as the search index has it
    assert len(owner.get("/products/?q=kik").context["table"].lines) == 1


def test_orders_and_carts_of_many_people_of_one_name_are_all_found(owner: Client, send, monkeypatch) -> None:
    monkeypatch.setattr(queries, "FEW", 2)
    line = {"product_id": "p1", "name": "Mug", "price": 12, "quantity": 1, "currency": "USD"}
    for number in range(4):
        who = {"userId": f"zuri-{number}"}
        send(
            {"type": "identify", **who, "traits": {"name": f"Zuri {number}"}},
            {"event": "Order Completed", **who, "properties": {"order_id": f"z{number}", "total": 12, **line}},
            {"event": "Product Added", **who, "properties": {"cart_id": f"cz{number}", **line}},
        )
    for page in ("/orders/", "/carts/"):
        said = owner.get(f"{page}?q=zuri&format=csv")
        assert len(b"".join(said.streaming_content).decode().strip().splitlines()) == 5, page  # type: ignore


def test_csv_holds_exactly_the_rows_shown(owner: Client, shop: int) -> None:
    response = owner.get("/orders/?format=csv")
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.count("\n") == 3 and "1042" in text and "1043" in text


def test_an_orders_page_tells_lines_refunds_and_the_missing_rate(owner: Client, shop: int) -> None:
    page = owner.get(f"/orders/{Order.objects.get(order_id='1042').pk}/").content.decode()
    assert "30.90" in page and "50.00" in page and "Kikoi &amp; more" in page
    assert "no rate for KES" in owner.get(f"/orders/{Order.objects.get(order_id='1043').pk}/").content.decode()
    assert owner.get(f"/orders/{Order.objects.get(order_id='awaited').pk}/").status_code == 404


def test_a_products_page_tells_what_it_sold_and_where_it_lies(owner: Client, shop: int) -> None:
    response = owner.get(f"/products/{Product.objects.get(product_id='a').pk}/")
    assert response.context["sums"]["pieces"] == 2
    assert response.context["sums"]["revenue"] == Decimal(24)
    assert len(response.context["carts"]) == 1


def test_ids_beyond_a_thousand_stay_whole_in_addresses(owner: Client) -> None:
    Product.objects.create(pk=1234567, product_id="a", name="Kikoi", updated_at=NOON)
    ann = Customer.objects.create(pk=7654321, created_at=NOON).pk
    happens(told(ann, "Order Completed", order_id="1", products=[line("a", "12.00")]))
    page = owner.get(f"/orders/{Order.objects.get().pk}/").content.decode()
    assert "/products/1234567/" in page and "/customers/7654321/" in page


def test_a_rate_is_entered_and_removed(owner: Client, shop: int) -> None:
    assert owner.post("/settings/rates/", {"currency": "kes", "day": "2026-01-01", "rate": "0.01"}).status_code == 302
    assert Customer.objects.get(pk=shop).spent == Decimal("60.00")
    assert owner.post("/settings/rates/", {"currency": "USD", "day": "2026-01-01", "rate": "2"}).status_code == 422
    assert owner.get(f"/settings/rates/{Rate.objects.get().pk}/remove/").status_code == 405
    owner.post(f"/settings/rates/{Rate.objects.get().pk}/remove/")
    assert Customer.objects.get(pk=shop).spent == Decimal("50.00")


def test_the_api_gives_the_same(client: Client, shop: int) -> None:
    headers: Any = {"HTTP_AUTHORIZATION": f"Bearer {create_token('test')}"}
    first = json.loads(client.get("/api/v1/orders?limit=1", **headers).content)
    assert [o["order_id"] for o in first["items"]] == ["1043"]
    second = json.loads(client.get(f"/api/v1/orders?limit=1&cursor={first['next']}", **headers).content)
    assert [(o["order_id"], o["total"], o["refunded"]) for o in second["items"]] == [("1042", "54.9000", "4.9000")]
    assert second["next"] is None
    detail = json.loads(client.get(f"/api/v1/orders/{second['items'][0]['id']}", **headers).content)
    assert [(ln["product_id"], ln["total"]) for ln in detail["lines"]] == [("a", "24.0000"), ("gone", "30.9000")]
    assert len(json.loads(client.get("/api/v1/products", **headers).content)["items"]) == 2
    assert json.loads(client.get("/api/v1/carts?status=open", **headers).content)["items"][0]["cart_id"] == "c"
    assert client.get("/api/v1/orders").status_code == 401


def test_the_customers_page_shows_orders_and_carts(owner: Client, shop: int) -> None:
    page = owner.get(f"/customers/{shop}/").content.decode()
    assert "1042" in page and "3 × Kikoi &amp; more" in page
