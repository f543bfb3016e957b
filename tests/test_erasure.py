"""After erasure no store holds the person, and they cannot come back (PAINS 44)."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from karibu.collect import drain
from karibu.collect.actions import create_source
from karibu.collect.models import InboxRow, RejectedEvent
from karibu.config import pipeline
from karibu.consents import jobs
from karibu.consents.erasure import OUTSIDE, NobodyThere, erase, find
from karibu.consents.models import Erasure
from karibu.customers.models import Customer, Identity
from karibu.customers.queries import family
from karibu.events import flush, log
from karibu.imports import actions
from karibu.imports.models import Import, RejectedRow
from karibu.imports.run import run
from karibu.journeys.models import Enrollment, Journey
from karibu.messages import preview, send, trying
from karibu.messages.actions import Intent, intend
from karibu.messages.channels.email.models import Report
from karibu.messages.models import Message, Template
from karibu.shop.models import Order
from karibu.web.actions import create_token, record
from karibu.web.models import AuditEntry, Shop, User
from tests.stores import holding

pytestmark = pytest.mark.django_db(transaction=True)
# Words that exist nowhere else, so that finding one of them means finding the person.
TRACES = ["zuberi", "quetzal", "788123499", "788 123 499", "u-zq-17", "browser-zq-9", "zanzibar-street", "c-zq-1"]
PERSON = {"email": "Zuberi.Quetzal@example.com", "phone": "+250788123499", "name": "Zuberi Quetzal"}


def come(*events: dict[str, object], drained: bool = True, historical: bool = False) -> None:
    source = create_source("shop")
    now = timezone.now()
    known = {"userId": "u-zq-17", "anonymousId": "browser-zq-9", "timestamp": datetime.now(UTC).isoformat()}
    sent = [{"messageId": f"m-{n}-{now.timestamp()}", **known, **event} for n, event in enumerate(events)]
    body = msgspec.json.encode(sent)
    InboxRow.objects.create(
        lane=1, source_id=source.pk, received_at=now, skew_us=0, historical=historical, events=len(sent), body=body
    )
    if drained:
        drain.drain_all()


def a_life() -> int:
    """Somebody looks, signs in, agrees, leaves a cart, gets a mail, orders."""
    line = {"product_id": "p1", "name": "Mug", "price": 12, "quantity": 1}
    cart = {"cart_id": "c-zq-1", "currency": "USD"}
    traits = {**PERSON, "marketing_consent": True, "address": {"street": "Zanzibar-Street 4"}}
    come({"type": "page", "userId": None, "properties": {"url": "https://duka.example/?who=zuberi"}})
    come({"type": "identify", "traits": traits})
    come({"type": "track", "event": "Product Added", "properties": {**cart, **line}})
    customer = Identity.objects.get(kind="external", value="u-zq-17").customer_id
    intend([Intent(key="c-zq-1", customer_id=customer, template_key="cart-reminder", sender="journey:1", context=cart)])
    send.send_due()
    mail, address = Message.objects.get(customer_id=customer), PERSON["email"].lower()
    for number in (mail.pk, None):  # what the world said of it; and one that names no message
        Report.objects.create(
            key=f"r-{number}", kind="delivered", message_id=number, address=address, via="mailbox", at=timezone.now(),
            said=f"for {address}",
        )  # fmt: skip
    order = {"order_id": "1001", "total": 12, "currency": "USD", "products": [line]}
    come({"type": "track", "event": "Order Completed", "properties": order})
    RejectedEvent.objects.create(
        source_id=1, received_at=timezone.now(), field="x", reason="y", body='{"userId":"u-zq-17"}'
    )
    journey = Journey.objects.create(name="Carts")
    now, known = timezone.now(), {"key": "c-zq-1", "slot": "c-zq-1", "reason": "Zuberi", "context": cart}
    Enrollment.objects.create(journey=journey, version=1, customer_id=customer, arrived_at=now, entered_at=now, **known)
    file = Path(settings.KARIBU_HOME) / "uploads-zq.csv"
    file.write_text(f"email\n{PERSON['email']}\n")
    brought = Import.objects.create(kind="customers", filename="people.csv", path=str(file), status="done")
    RejectedRow.objects.create(imported=brought, line=2, reason="x", row={"email": PERSON["email"]})
    record("owner@localhost", "changed customer", f"customer {customer}", email=PERSON["email"])
    return customer


def found(lake: Path) -> list[str]:
    """Every place that still holds a trace."""
    return holding(TRACES, lake, Path(settings.KARIBU_HOME))


def test_the_search_itself_finds_the_person_everywhere_before(lake):
    a_life()
    flush.flush()
    tables = {place.split(".")[0] for place in found(lake)}
    assert {
        "customers_customer",
        "customers_identity",
        "customers_trait",
        "messages_mail",
        "messages_message",
    } <= tables
    assert {
        "shop_cart",
        "collect_rejectedevent",
        "web_auditentry",
        "journeys_enrollment",
        "imports_rejectedrow",
    } <= tables
    assert any(".parquet" in place for place in found(lake))


def test_after_erasure_a_search_of_every_store_finds_nothing_and_the_numbers_stay(lake):
    customer = a_life()
    flush.flush()
    come({"type": "page"})  # one more, in the tail
    come({"type": "page"}, drained=False)  # and one that waits in the inbox
    report = erase(customer, by="owner@localhost")
    assert found(lake) == []
    assert report.counts["events"] >= 5 and report.counts["mails"] == 1 and report.counts["messages"] == 1
    assert not (Path(settings.KARIBU_HOME) / "uploads-zq.csv").exists()
    order = Order.objects.get()
    assert (order.total, order.customer_id) == (12, customer)
    message = Message.objects.get()
    assert message.status == "sent" and message.customer_id == customer
    assert Customer.objects.get(pk=customer).erased_at
    assert AuditEntry.objects.get(verb="erased customer").subject == f"customer {customer}"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "page"},
        {"type": "identify", "userId": "new", "anonymousId": "new", "traits": {"email": PERSON["email"].upper()}},
        {"type": "identify", "userId": "new", "anonymousId": "new", "traits": {"phone": "+250 788 123 499"}},
        {"type": "identify", "userId": "new", "anonymousId": "new", "traits": {"phone": "0788 123 499"}},
        {"type": "track", "event": "Shared", "userId": "new", "anonymousId": "new",
         "properties": {"link": "https://duka.example/?to=Zuberi.Quetzal%40example.com"}},
        {"type": "track", "event": "Called", "userId": "new", "anonymousId": "new",
         "properties": {"telephone": 788123499}},
        {"type": "track", "event": "Order Completed", "userId": "new", "anonymousId": "new",
         "properties": {"order_id": "2", "total": 1, "currency": "USD", "email": PERSON["email"]}},
    ],
)  # fmt: skip
def test_the_person_cannot_return_by_any_event(lake, event):
    Shop.objects.update_or_create(pk=1, defaults={"country": "RW"})
    erase(a_life(), by="owner@localhost")
    before = Customer.objects.count()
    come(event)
    assert found(lake) == [] and Customer.objects.count() == before
    assert not Identity.objects.exists() and not InboxRow.objects.exists()


def test_the_words_of_a_test_mail_that_was_filled_in_for_them_go_too(lake):
    customer = a_life()
    template = Template.objects.get(key="cart-reminder")
    trying.send_test(template, preview.show(template, str(customer)), to="me@duka.example", who=str(customer))
    assert "Zuberi" in Message.objects.get(sender="test").subject
    erase(customer, by="owner@localhost")
    assert found(lake) == [] and Message.objects.get(sender="test").status == "sent"


def test_who_shared_a_browser_with_them_stays_and_goes_on_using_it(lake):
    come({"type": "identify", "userId": "ben", "traits": {"email": "ben@example.com"}})  # browser-zq-9, before
    ben = Identity.objects.get(value="ben").customer_id
    customer = a_life()
    assert Identity.objects.get(value="browser-zq-9").customer_id == customer
    erase(customer, by="owner@localhost")
    assert Identity.objects.get(value="browser-zq-9").customer_id == ben
    # What nobody was signed in for, after Ben: his, as far as anybody can say.
    others = [trace for trace in TRACES if trace not in ("browser-zq-9", "zuberi")]
    assert holding(others, lake, Path(settings.KARIBU_HOME)) == []
    before = len(log.history(family(ben)))
    come({"type": "page", "userId": "ben"}, {"type": "page", "userId": None}, {"type": "page"})
    assert len(log.history(family(ben))) == before + 2  # theirs of the last, which names the erased person, is dropped
    assert Customer.objects.get(pk=ben).email == "ben@example.com" and not Identity.objects.filter(value="u-zq-17")


def test_events_of_others_that_speak_of_the_person_go_from_the_log(lake):
    come({"type": "track", "event": "Recommended", "userId": "ben", "anonymousId": "elsewhere",
          "properties": {"to": "ZUBERI.quetzal@example.com"}})  # fmt: skip
    come({"type": "page", "userId": "ben", "anonymousId": "elsewhere"})
    customer = a_life()
    flush.flush()
    erase(customer, by="owner@localhost")
    assert found(lake) == []
    assert [event.name for event in log.history(family(Identity.objects.get(value="ben").customer_id))] == [
        "Page Viewed"
    ]


def test_an_import_cannot_bring_them_back(lake):
    erase(a_life(), by="owner@localhost")
    come({"type": "identify", "userId": "other", "anonymousId": None, "traits": PERSON}, historical=True)
    assert found(lake) == [] and not Identity.objects.exists()


def test_an_erasure_waits_for_the_step_of_an_import_that_began_before(lake, monkeypatch, tmp_path):
    """Else the step would write the person back, having asked who was erased before the erasure."""
    customer, waited = a_life(), []
    url = connection.settings_dict

    def erase_meanwhile(batch: object) -> None:
        with psycopg.connect(host=url["HOST"], user=url["USER"], dbname=url["NAME"]) as other:
            taken = other.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [drain.LOCK, OUTSIDE]).fetchone()
            waited.append(taken == (False,))

    monkeypatch.setattr(pipeline, "STAGES", [erase_meanwhile, *pipeline.STAGES])
    file = tmp_path / "people.csv"
    file.write_text("email\nben@example.com\n")
    imported = actions.draft("customers", file, by="a test")
    actions.start(imported, by="a test", queue=False)
    assert run(imported.pk).status == "done" and waited == [True]
    erase(customer, by="owner@localhost")  # and once the step is over, it goes on
    assert found(lake) == []


def test_a_set_aside_event_whose_id_was_sent_as_a_number_goes_and_anothers_stays(lake):
    come({"type": "identify", "userId": 4711, "anonymousId": None, "traits": {"name": "Zuri"}})
    customer = Identity.objects.get(kind="external", value="4711").customer_id
    for body in ('{"userId": 4711, "type": "track"}', '{"userId": 47110, "value": 4711}'):
        RejectedEvent.objects.create(source_id=1, received_at=timezone.now(), field="event", reason="y", body=body)
    assert erase(customer, by="owner@localhost").counts["rejected events"] == 1
    assert "47110" in RejectedEvent.objects.get().body


def test_neither_the_form_nor_the_api_adds_them_again(lake, client):
    erase(a_life(), by="owner@localhost")
    before = Customer.objects.count()
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    headers = {"Authorization": f"Bearer {create_token('test')}"}
    for field in ("email", "phone"):
        again = {"name": "Again", field: PERSON[field]}
        answer = client.post("/customers/new/", again)
        assert answer.status_code == 422 and "was erased" in answer.content.decode()
        assert client.post("/api/v1/customers", again, "application/json", headers=headers).status_code == 422
    assert Customer.objects.count() == before and found(lake) == []


def test_a_message_that_waited_is_never_sent(lake):
    customer = a_life()
    [waiting] = intend([Intent(key="w", customer_id=customer, template_key="cart-reminder", sender="journey:1")])
    erase(customer, by="owner@localhost")
    send.send_due()
    message = Message.objects.get(pk=waiting)
    assert (message.status, message.reason) == ("refused", "erased")


def test_all_that_were_merged_go_together_and_others_stay(lake):
    customer = a_life()
    come({"type": "identify", "userId": "other", "anonymousId": "elsewhere", "traits": {"email": "ben@example.com"}})
    other = Identity.objects.get(value="other").customer_id
    erase(customer, by="owner@localhost")
    assert Customer.objects.get(pk=other).email == "ben@example.com"
    assert find("ben@example.com") == other and find("u-zq-17") is None


def test_nobody_is_erased_twice(lake):
    customer = a_life()
    erase(customer, by="owner@localhost")
    with pytest.raises(NobodyThere):
        erase(customer, by="owner@localhost")
    with pytest.raises(NobodyThere):
        erase(999_999, by="owner@localhost")


def test_the_page_asks_for_the_number_and_lets_only_owners_erase(lake, client):
    customer = a_life()
    client.force_login(User.objects.create_user("juma@example.test", role="marketer"))
    assert client.post(f"/customers/{customer}/erase/", {"number": customer}).status_code == 403
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    assert client.get(f"/customers/{customer}/erase/").status_code == 200
    assert client.post(f"/customers/{customer}/erase/", {"number": "1" + str(customer)}).status_code == 422
    assert Customer.objects.get(pk=customer).erased_at is None
    said = client.post(f"/customers/{customer}/erase/", {"number": customer}, follow=True)
    assert "gone from the database" in said.content.decode()
    jobs.erase(list(Erasure.objects.values_list("pk", flat=True)))
    assert Customer.objects.get(pk=customer).erased_at and found(lake) == []
    assert client.get(f"/customers/{customer}/").status_code in (200, 410)


def test_the_api_erases_and_says_what_it_took(lake, client):
    customer = a_life()
    flush.flush_everything()
    headers = {"Authorization": f"Bearer {create_token('test')}"}
    answer = client.delete(f"/api/v1/customers/{customer}", headers=headers)
    assert answer.status_code == 200 and answer.json()["erased"]["mails"] == 1 and found(lake) == []
    assert client.get(answer.json()["status"], headers=headers).json()["done_at"]
    assert client.delete(f"/api/v1/customers/{customer}", headers=headers).status_code == 404


def test_the_api_erases_at_once_and_says_when_the_files_are_done_and_what_it_took(lake, client):
    customer = a_life()
    flush.flush_everything()
    headers = {"Authorization": f"Bearer {create_token('test')}"}
    soon = {**headers, "Prefer": "respond-async"}
    answer = client.delete(f"/api/v1/customers/{customer}", headers=soon)
    assert answer.status_code == 202 and answer["Preference-Applied"] == "respond-async"
    assert answer.json()["id"] == customer and answer.json()["waiting_for"] == ""
    assert client.get(f"/api/v1/customers/{customer}", headers=headers).status_code == 404
    assert client.get("/api/v1/customers", {"query": PERSON["email"]}, headers=headers).json()["items"] == []
    assert found(lake), "the files are not written anew while somebody waits for the answer"
    again = client.delete(f"/api/v1/customers/{customer}", headers=soon)
    assert (again.status_code, again.json()["status"]) == (202, answer.json()["status"])
    assert client.get(answer.json()["status"], headers=headers).json()["done_at"] is None
    jobs.erase([Erasure.objects.get().pk])
    assert found(lake) == []
    told = client.get(answer.json()["status"], headers=headers).json()
    assert (
        told["done_at"] and told["customer"] == customer and told["counts"]["mails"] == 1 and told["counts"]["events"]
    )
    assert client.delete(f"/api/v1/customers/{customer}", headers=headers).status_code == 404
    assert client.get("/api/v1/erasures/999999", headers=headers).status_code == 404
