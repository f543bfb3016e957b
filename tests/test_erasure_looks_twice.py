"""What an erasure must not miss: what was written after it looked, and what names a person beside their own rows."""

import psycopg
import pytest
from django.utils import timezone

from karibu.config.testing import database_url
from karibu.consents.actions import suppress
from karibu.consents.erasure import erase
from karibu.consents.models import Suppression
from karibu.customers.merging import merge_customers
from karibu.customers.models import Customer, Identity, Merge, Suggestion, Trait
from karibu.web.models import Shop
from tests.test_erasure import PERSON, a_life, come, found

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_begun_before_and_written_after_the_first_look_goes_too(lake):
    customer = a_life()
    with psycopg.connect(database_url()) as other:
        other.execute("SELECT count(*) FROM customers_trait")  # begun, and nobody knows yet what it will write
        steps: list[str] = []

        def tell(step: str) -> None:
            steps.append(step)
            if steps.count("customers") == 1 and step != "customers" and not other.closed:
                other.execute(
                    "INSERT INTO customers_trait (customer_id, name, value, source, strength, time)"
                    " VALUES (%s, 'nickname', '\"Zuberi\"', 'a form', 60, now())",
                    [customer],
                )
                other.commit()
                other.close()

        erase(customer, by="owner@localhost", tell=tell)
    assert other.closed and steps.count("customers") == 2
    assert found(lake) == [] and not Trait.objects.exists()


def test_a_national_number_is_read_by_the_country_that_stands_beside_it(lake):
    """As the pipeline would read it, which would otherwise know them again."""
    Shop.objects.update_or_create(pk=1, defaults={"country": "KE"})
    erase(a_life(), by="owner@localhost")
    traits = {"phone": "0788 123 499", "country": "RW"}
    come({"type": "identify", "userId": "new", "anonymousId": "new", "traits": traits})
    assert not Identity.objects.exists() and found(lake) == []


def test_what_others_wrote_about_them_goes(lake):
    customer = a_life()
    twin, neighbour = (Customer.objects.create(name=name, created_at=timezone.now()) for name in ("Zuberi Q", "Ben"))
    merge_customers(customer, twin.pk, by="owner@localhost", reason="Zuberi Quetzal said so on the telephone")
    Suggestion.objects.create(one=customer, other=neighbour.pk, kind="phone", at=timezone.now())
    suppress("email", [PERSON["email"]], "bounced")
    erase(customer, by="owner@localhost")
    assert found(lake) == []
    assert set(Merge.objects.values_list("reason", flat=True)) == {""}
    assert not Suggestion.objects.exists() and not Suppression.objects.exists()
    assert Customer.objects.get(pk=neighbour.pk).name == "Ben"
