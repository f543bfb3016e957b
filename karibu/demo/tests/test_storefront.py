"""The sample shop's pages: shown while it is open, honest about what they keep, and no way to another's cart."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from karibu.collect.actions import create_source
from karibu.collect.models import Source
from karibu.demo.catalogue import PRODUCTS, SHOP_NAME
from karibu.shop.models import Cart

pytestmark = pytest.mark.django_db

PAGES = [
    "/shop/",
    "/shop/categories/clothing/",
    "/shop/search/?q=coffee",
    "/shop/products/kiondo-bag/",
    "/shop/cart/",
    "/shop/checkout/",
    "/shop/thanks/",
]


@pytest.fixture
def source() -> Source:
    return create_source(SHOP_NAME)


def a_cart(cart_id: str = "duka-1f", **fields: object) -> Cart:
    items = [{"product_id": "kiondo-bag", "quantity": 2, "name": "<script>"}, {"product_id": "unknown", "quantity": 1}]
    now = timezone.now()
    made = {"customer_id": 1, "items": items, "created_at": now, "updated_at": now, **fields}
    return Cart.objects.create(cart_id=cart_id, **made)


@pytest.mark.parametrize("path", PAGES)
def test_there_is_no_storefront_where_the_sample_shop_is_not_open(client: Client, path: str):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_public_tells_through_the_snippet_and_runs_no_inline_script(client, source, path):
    page = client.get(path).content.decode()
    assert f'<script src="/k.js" data-key="{source.write_key}" async></script>' in page
    assert "style=" not in page and "onclick" not in page and page.count("<script") == 4


@pytest.mark.parametrize("path", PAGES)
def test_nothing_can_be_posted_to_a_page(client, source, path):
    assert client.post(path).status_code == 405


def test_a_closed_source_closes_the_shop(client, source):
    Source.objects.update(closed_at=timezone.now())
    assert client.get("/shop/").status_code == 404


def test_the_front_shows_every_product_and_a_category_only_its_own(client, source):
    front = client.get("/shop/").content.decode()
    assert all(f'href="{product.path}"' in front for product in PRODUCTS)
    clothing = client.get("/shop/categories/clothing/").content.decode()
    assert clothing.count('<li class="card">') == sum(product.category == "Clothing" for product in PRODUCTS)
    assert client.get("/shop/categories/no-such-thing/").status_code == 404


def test_a_search_finds_by_every_word_and_says_when_there_is_nothing(client, source):
    found = client.get("/shop/search/?q=Kivu+coffee").content.decode()
    assert found.count('<li class="card">') == 1 and "1 thing for" in found
    nothing = client.get("/shop/search/?q=<b>bicycle").content.decode()
    assert "Nothing by that name" in nothing and "<b>bicycle" not in nothing


def test_a_product_says_itself_as_the_spec_wants_it(client, source):
    page = client.get("/shop/products/kiondo-bag/")
    kind, name, properties = json.loads(page.context["mark"])
    assert (kind, name) == ("track", "Product Viewed")
    assert properties["product_id"] == "kiondo-bag" and properties["price"] == 64.0
    assert properties["image_url"] == "/static/demo/products/kiondo-bag.svg"


def test_a_link_brings_back_the_very_cart_and_only_what_the_shop_sells(client, source):
    cart = a_cart()
    kept = json.loads(client.get(f"/shop/cart/?cart={cart.cart_id}").context["kept"])
    [line] = kept["lines"]
    assert kept["id"] == cart.cart_id
    assert (line["product_id"], line["quantity"], line["name"]) == ("kiondo-bag", 2, "Kiondo shoulder bag")


@pytest.mark.parametrize("cart_id", ["auto:7:1", "c-17", "", "duka-unknown"])
def test_no_cart_whose_id_could_be_guessed_is_shown(client, source, cart_id):
    a_cart(cart_id="auto:7:1")
    a_cart(cart_id="c-17")
    assert client.get("/shop/cart/", {"cart": cart_id}).context["kept"] == ""


def test_an_ordered_cart_does_not_come_back(client, source):
    a_cart(status="ordered")
    assert client.get("/shop/cart/?cart=duka-1f").context["kept"] == ""


def test_the_mails_way_back_leads_to_the_cart_with_all_that_the_link_says(client, source):
    answer = client.get("/cart/?cart=duka-1f&k_m=abc")
    assert answer.headers["Location"] == "/shop/cart/?cart=duka-1f&k_m=abc"
    Source.objects.update(closed_at=timezone.now())
    assert client.get("/cart/?cart=duka-1f").status_code == 404
