from decimal import Decimal
from xml.etree import ElementTree

from karibu.demo.catalogue import BY_ID, CATEGORIES, PRODUCTS
from karibu.demo.pictures import FOLDER, draw


def test_every_product_has_an_id_of_its_own_a_category_and_a_price() -> None:
    assert len(BY_ID) == len(PRODUCTS) == 42
    assert {product.category for product in PRODUCTS} == set(CATEGORIES)
    assert all(Decimal("5") <= product.price <= Decimal("150") for product in PRODUCTS)


def test_the_picture_of_each_product_is_the_one_that_is_drawn_today() -> None:
    for product in PRODUCTS:
        text = (FOLDER / f"{product.id}.svg").read_text(encoding="utf-8")
        assert text == draw(product), f"run python -m karibu.demo.pictures for {product.id}"
        ElementTree.fromstring(text)
