"""Making a person anonymous: no store holds them, and every number stays what it was (PAINS 45)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.test import Client
from django.utils import timezone

from karibu.config.cli import main
from karibu.consents import blocked, cli, erasers, erasure, jobs, retention
from karibu.consents.models import ErasedIdentity, Erasure, Retention
from karibu.customers.models import Activity, Customer, Identity
from karibu.events import flush, log
from karibu.events.blank import KEPT
from karibu.events.lake import opened
from karibu.insights import metrics
from karibu.insights.periods import Period
from karibu.journeys.models import Enrollment
from karibu.messages.models import Message
from karibu.shop.models import Cart, Order
from karibu.web.actions import create_token
from karibu.web.models import AuditEntry, User
from tests.stores import holding
from tests.test_erasure import PERSON, TRACES, a_life, come

pytestmark = pytest.mark.django_db(transaction=True)
NUMBERS = ("events", "visitors", "orders", "revenue", "messages")


def found(lake: Path) -> list[str]:
    return holding(TRACES, lake, Path(settings.KARIBU_HOME))


def numbers() -> dict[str, Any]:
    now = timezone.now()
    period = Period(now - timedelta(days=2), now + timedelta(days=1), timezone.get_current_timezone())
    said: dict[str, Any] = {name: metrics.measure(name, period).total for name in NUMBERS}
    said["carts"] = list(Cart.objects.values_list("status", "value", "currency"))
    what = "customer, name, time, product_id, value, items[1].name AS first"
    said["log"] = log.query(f"SELECT {what} FROM events ORDER BY time, name").to_pylist()
    return said


def test_a_search_of_every_store_finds_nothing_and_every_number_stays(lake):
    customer = a_life()
    flush.flush()
    come({"type": "page"})  # one more, in the tail
    come({"type": "page"}, drained=False)  # and one that waits in the inbox
    before = numbers()
    assert found(lake) and before["events"] >= 5 and before["orders"] == 1
    done = erasure.anonymise(customer, by="owner@localhost")
    assert found(lake) == []
    assert numbers() == before
    assert done.counts["events"] == before["events"] and done.counts["carts"] == 1
    assert Order.objects.get().customer_id == Message.objects.get().customer_id == customer
    assert Customer.objects.get(pk=customer).erased_at
    assert AuditEntry.objects.get(verb="anonymised customer").subject == f"customer {customer}"


def test_what_stays_of_an_event_is_what_is_listed(lake):
    customer = a_life()
    flush.flush()
    come({"type": "page", "properties": {"url": "https://duka.example/?who=zuberi", "title": "Mugs"}})
    erasure.anonymise(customer, by="owner@localhost")
    rows = log.query("SELECT * FROM events").to_pylist()
    filled = {name for row in rows for name, value in row.items() if value is not None}
    assert rows and filled <= {*KEPT, "message_id", "month"}
    assert not any(row["message_id"].startswith("m-") for row in rows)
    added = next(row for row in rows if row["name"] == "Product Added")
    assert (added["product_id"], added["value"] is not None, added["customer"]) == ("p1", True, customer)


def test_an_event_whose_very_name_is_the_person_goes_whole(lake):
    customer = a_life()
    come({"type": "track", "event": f"Mail of {PERSON['email']}"})
    flush.flush()
    erasure.anonymise(customer, by="owner@localhost")
    assert found(lake) == []
    assert log.query("SELECT 1 FROM events WHERE name LIKE 'Mail of%'").to_pylist() == []


def test_who_shared_a_browser_keeps_their_history(lake):
    come({"type": "identify", "userId": "ben", "traits": {"email": "ben@example.com"}})
    ben = Identity.objects.get(value="ben").customer_id
    customer = a_life()
    flush.flush()
    erasure.anonymise(customer, by="owner@localhost")
    theirs = log.query(f"SELECT user_id, traits FROM events WHERE customer = {ben} AND type = 'identify'").to_pylist()
    assert [(row["user_id"], "ben@example.com" in row["traits"]) for row in theirs] == [("ben", True)]


def test_they_may_come_back_as_somebody_new(lake):
    customer = a_life()
    erasure.anonymise(customer, by="owner@localhost")
    assert not ErasedIdentity.objects.exists()
    come({"type": "identify", "traits": PERSON})
    again = Identity.objects.get(kind="external", value="u-zq-17").customer_id
    assert again != customer and Customer.objects.get(pk=again).email == PERSON["email"].lower()


def test_one_that_was_stopped_keeps_the_doors_shut_until_it_goes_on(lake):
    customer = a_life()
    begun = erasure.start(customer, "owner@localhost", keeps_numbers=True)
    erasure._close_doors(begun)
    assert blocked.erased({"u-zq-17"}), "refused while it is under way"
    begun = Erasure.objects.get()
    erasure.finish(begun)
    assert found(lake) == [] and not blocked.erased({"u-zq-17"})
    assert (begun.person, begun.shut) == ({}, [])


def test_a_door_that_an_erasure_shut_before_stays_shut(lake):
    customer = a_life()
    blocked.block([PERSON["phone"]], timezone.now())
    erasure.anonymise(customer, by="owner@localhost")
    assert blocked.erased({PERSON["phone"]}) and not blocked.erased({PERSON["email"]})


def test_who_asks_for_an_erasure_meanwhile_gets_one(lake):
    customer = a_life()
    erasure.start(customer, "owner@localhost", keeps_numbers=True)
    done = erasure.erase(customer, by="owner@localhost")
    assert not done.keeps_numbers and log.query("SELECT 1 FROM events").to_pylist() == []
    assert blocked.erased({PERSON["email"]})


def test_the_owner_does_it_on_a_page_of_its_own(lake):
    customer = a_life()
    client = Client()
    client.force_login(User.objects.create_user("owner@shop.test", role="owner"))
    Enrollment.objects.all().delete()  # of a journey without a definition, which no page can show
    page = f"/customers/{customer}/anonymise/"
    assert page in client.get(f"/customers/{customer}/").content.decode()
    assert client.post(page, {"number": "0"}).status_code == 422 and Identity.objects.exists()
    assert "nobody any more" in client.post(page, {"number": str(customer)}, follow=True).content.decode()
    jobs.erase(list(Erasure.objects.values_list("pk", flat=True)))
    assert found(lake) == []


def test_several_who_were_ticked_are_made_anonymous_by_a_worker(lake):
    customer = a_life()
    other = Customer.objects.create(
        name="Amina", email="amina@example.com", is_anonymous=False, created_at=timezone.now()
    )
    client = Client()
    client.force_login(User.objects.create_user("owner@shop.test", role="owner"))
    ticked = {"id": [customer, other.pk]}
    assert "Make 2 customers anonymous instead" in client.post("/customers/erase/", ticked).content.decode()
    said = client.post("/customers/erase/", {**ticked, "number": "2", "how": "anonymise"}, follow=True)
    assert "2 customers are being made anonymous." in said.content.decode()
    jobs.erase(list(Erasure.objects.values_list("pk", flat=True)))
    assert found(lake) == [] and not Customer.objects.filter(erased_at=None).exists()
    assert (
        set(Erasure.objects.values_list("keeps_numbers", flat=True)) == {True} and not ErasedIdentity.objects.exists()
    )
    assert log.query("SELECT 1 FROM events").to_pylist()


def test_the_log_is_rewritten_once_for_several_of_whom_one_that_fails_keeps_no_other(lake, monkeypatch):
    customer = a_life()
    for name in ("ben", "juma"):
        come({"type": "identify", "userId": name, "anonymousId": None, "traits": {"email": f"{name}@example.com"}})
    flush.flush()
    ben, juma = (Identity.objects.get(kind="external", value=name).customer_id for name in ("ben", "juma"))
    begun = erasure.begin([customer, ben, juma], by="owner@localhost", keeps_numbers=True)
    version = opened().version()
    taken = erasure._take_out

    def failing(eraser, them, one, tell):
        if one.customer_id == juma:
            raise ValueError("juma@example.com")
        taken(eraser, them, one, tell)

    monkeypatch.setattr(erasure, "_take_out", failing)
    later = erasure.finish_several(begun)
    assert list(later) == [begun[2].pk] and opened().version() == version + 1
    assert found(lake) == [] and not log.query("SELECT 1 FROM events WHERE user_id = 'ben'").to_pylist()
    assert len(log.query("SELECT 1 FROM events WHERE user_id = 'juma'").to_pylist()) == 1
    assert Erasure.objects.filter(done_at=None).get().customer_id == juma
    monkeypatch.setattr(erasure, "_take_out", taken)
    Erasure.objects.update(touched_at=timezone.now() - timedelta(hours=1))
    jobs.finish_erasures(0)
    assert not Erasure.objects.filter(done_at=None).exists() and opened().version() == version + 2


def test_one_whom_the_log_cannot_be_asked_about_keeps_no_other(lake, monkeypatch):
    customer = a_life()
    come({"type": "identify", "userId": "ben", "anonymousId": None, "traits": {"email": "ben@example.com"}})
    ben = Identity.objects.get(kind="external", value="ben").customer_id
    begun = erasure.begin([customer, ben], by="owner@localhost", keeps_numbers=True)
    whole = erasers.from_log

    def failing(people, cursor):
        if any(ben in one.family for one in people):
            raise ValueError("too long a pattern")
        return whole(people, cursor)

    monkeypatch.setattr(erasers, "from_log", failing)
    assert list(erasure.finish_several(begun)) == [begun[1].pk]
    assert found(lake) == [] and [one.customer_id for one in Erasure.objects.filter(done_at=None)] == [ben]


def test_by_api_and_by_command(lake):
    first = a_life()
    key = {"Authorization": f"Bearer {create_token('test', by='test', role='owner')}"}
    answer = Client().post(f"/api/v1/customers/{first}/anonymise", headers=key)
    assert answer.status_code == 200 and answer.json()["anonymised"]["events"] >= 4
    told = Client().get(answer.json()["status"], headers=key).json()
    assert told["done_at"] and told["anonymised"] and told["counts"]["events"] >= 4
    assert Client().post(f"/api/v1/customers/{first}/anonymise", headers=key).status_code == 404
    come({"type": "identify", "traits": PERSON})
    said = CliRunner().invoke(main, ["anonymise", PERSON["email"], "--yes"])
    assert "is nobody any more" in said.output, said.output
    assert found(lake) == []


def test_people_who_were_not_seen_any_more_are_a_class_of_retention_with_a_dry_run(lake, capsys):
    now, old = timezone.now(), timezone.now() - timedelta(days=800)
    known = {"is_anonymous": False, "created_at": old}
    gone = Customer.objects.create(name="Zuberi Quetzal", email=PERSON["email"].lower(), **known)
    seen = Customer.objects.create(name="Amina", email="amina@example.com", **known)
    buyer = Customer.objects.create(name="Ben", email="ben@example.com", last_order_at=now, **known)
    for one, at in ((gone, old), (seen, now), (buyer, old)):
        Activity.objects.create(customer=one, first_seen=old, last_seen=at)
    assert next(line for line in retention.report(now) if line.of.key == "inactive").days is None, (
        "nobody without a rule"
    )
    Retention.objects.create(key="inactive", days=730)
    cli.retention(dry_run=True)
    assert "People who were not seen any more: 1 of more than 730 days would go" in capsys.readouterr().out
    assert not Erasure.objects.exists()
    retention.apply(now)
    jobs.erase(list(Erasure.objects.values_list("pk", flat=True)))
    assert found(lake) == []
    assert list(Customer.objects.filter(erased_at=None).values_list("pk", flat=True)) == [seen.pk, buyer.pk]
    assert Erasure.objects.get().keeps_numbers and retention.report(now)[0].overdue == 0
