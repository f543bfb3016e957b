"""What an erasure must not miss: what was written after it looked, and what names a person beside their own rows."""

from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone

from karibu.collect import drain
from karibu.collect.models import InboxRow
from karibu.config.testing import database_url
from karibu.consents.actions import suppress
from karibu.consents.erasure import erase
from karibu.consents.models import Suppression
from karibu.customers.merging import merge_customers
from karibu.customers.models import Customer, Identity, Merge, Suggestion, Trait
from karibu.desk.actions import give_by_hand
from karibu.desk.models import Task
from karibu.journeys.steps.task import Wanted
from karibu.messages import visits
from karibu.messages.models import Message, Visit
from karibu.web.models import Shop
from tests.test_erasure import PERSON, a_life, come, found

pytestmark = pytest.mark.django_db(transaction=True)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"


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
    task = Wanted("by hand", neighbour.pk, "Ask whether Zuberi Quetzal has written", "", timezone.now(), "")
    give_by_hand(task, by="owner@localhost")
    erase(customer, by="owner@localhost")
    assert found(lake) == []
    assert set(Merge.objects.values_list("reason", flat=True)) == {""}
    assert not Suggestion.objects.exists() and not Suppression.objects.exists()
    assert Customer.objects.get(pk=neighbour.pk).name == "Ben" and Task.objects.get().customer_id == neighbour.pk


def test_an_old_mail_that_is_opened_after_the_erasure_tells_nothing_of_anybody(lake):
    """Else the visit would come back as an event of a new customer, under the number of the erased one."""
    customer = a_life()
    erase(customer, by="owner@localhost")
    before = Customer.objects.count()
    Message.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    message = Message.objects.get()
    asking = visits.Asking(method="GET", user_agent=BROWSER)
    seen = visits.note(message, visits.OPENED, asking)
    Visit.objects.filter(pk=seen.pk).update(at=timezone.now() - timedelta(minutes=1))
    assert visits.judge() == 1
    assert not InboxRow.objects.exists()
    drain.drain_all()
    assert Customer.objects.count() == before and found(lake) == []
