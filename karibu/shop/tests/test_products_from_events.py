"""Products are learnt from what happens to them, and what is known is never blanked."""

from decimal import Decimal

import pytest

from karibu.shop.models import Product
from karibu.shop.tests.story import NOON, customer, happens, line, told

pytestmark = pytest.mark.django_db


def test_a_view_teaches_and_a_poorer_one_blanks_nothing() -> None:
    ann = customer()
    happens(told(ann, "Product Viewed", 0, product_id="a", name="Kikoi", brand="Coast", price=20, currency="KES",
                 category="Cloth", image_url="/k.jpg", url="/p/a", sku="K-1"))  # fmt: skip
    happens(told(ann, "Product Added", 5, product_id="a", price=22))
    product = Product.objects.get()
    assert (product.name, product.brand, product.category, product.sku) == ("Kikoi", "Coast", "Cloth", "K-1")
    assert (product.image_url, product.url, product.price, product.currency) == ("/k.jpg", "/p/a", 22, "KES")


def test_an_older_event_fills_gaps_only() -> None:
    ann = customer()
    happens(told(ann, "Product Viewed", 0, product_id="a", name="New name"))
    happens(told(ann, "Product Viewed", -5, product_id="a", name="Old name", brand="Coast"))
    assert Product.objects.values_list("name", "brand").get() == ("New name", "Coast")


def test_what_somebody_paid_is_not_the_list_price() -> None:
    ann = customer()
    happens(told(ann, "Product Viewed", 0, product_id="a", price=20))
    happens(told(ann, "Order Completed", 5, order_id=1, products=[line("a", 15), line("b", 3)]))
    assert dict(Product.objects.values_list("product_id", "price")) == {"a": Decimal(20), "b": Decimal(3)}


def test_a_product_that_stays_the_same_is_not_written() -> None:
    ann = customer()
    happens(told(ann, "Product Viewed", 0, product_id="a", name="Kikoi"))
    happens(told(ann, "Product Viewed", 5, product_id="a", name="Kikoi"))
    assert Product.objects.get().updated_at == NOON


def test_what_somebody_else_wrote_meanwhile_is_not_forgotten() -> None:
    ann = customer()
    for minute in (0, 5):  # the second time what is known of it is remembered
        happens(told(ann, "Product Viewed", minute, product_id="a", name="Kikoi", price=20))
    Product.objects.update(brand="Coast", price=12)
    happens(told(ann, "Product Viewed", 10, product_id="a", name="Kikoi", price=20))
    assert Product.objects.values_list("brand", "price").get() == ("Coast", 20)
