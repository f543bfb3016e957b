"""Every event can leave as a signed, retried webhook, and nobody is led into the shop's own network by one."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from karibu.consents import erasure
from karibu.customers.models import Customer
from karibu.messages.channels import guard
from karibu.messages.channels.models import Delivery, Outgoing, Webhook
from karibu.messages.channels.webhook import actions, deliver
from karibu.messages.models import Mail
from karibu.messages.tests.servers_http import HangUp, Server
from karibu.messages.tests.servers_webhook import is_signed, receiver
from karibu.web.models import User

pytestmark = pytest.mark.django_db
Send = Callable[..., Any]


@pytest.fixture
def there(settings: Any) -> Iterator[Server]:
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    with receiver() as server:
        yield server


def run() -> None:
    while deliver.fan_out() or deliver.deliver():
        pass


def viewed(n: int, name: str = "Product Viewed") -> dict[str, Any]:
    return {"userId": f"u{n}", "event": name, "messageId": f"m{n}", "properties": {"product_id": f"p{n}"}}


def test_every_event_leaves_once_and_signed(there: Server, send: Send) -> None:
    hook = actions.create(there.url, [], by="a test")
    send(*[viewed(n) for n in range(300)])
    send(*[viewed(n) for n in range(300)])  # the same again: it has happened once
    run()
    assert sorted(request.json["data"]["message_id"] for request in there.asked) == sorted(f"m{n}" for n in range(300))
    assert all(is_signed(request, hook.secret) for request in there.asked)
    assert len({request.headers["webhook-id"] for request in there.asked}) == 300
    told = next(request.json for request in there.asked if request.json["data"]["message_id"] == "m7")
    assert told["type"] == "Product Viewed" and told["data"]["properties"] == {"product_id": "p7"}
    assert told["data"]["customer"] and told["timestamp"]
    assert there.connections <= deliver.WIDTH
    assert not Outgoing.objects.exists()


def test_only_the_events_that_were_asked_for_leave(there: Server, send: Send) -> None:
    actions.create(there.url, ["Order Completed"], by="a test")
    send(viewed(1), viewed(2, "Order Completed"))
    run()
    assert [request.json["type"] for request in there.asked] == ["Order Completed"]


def test_what_karibu_itself_writes_into_the_log_leaves_too(there: Server) -> None:
    from karibu.messages import send, sent
    from karibu.messages.tests.cast import a_cart, a_person, the_shop, wants

    actions.create(there.url, ["Message Sent"], by="a test")
    the_shop()
    person = a_person()
    wants(person, cart=a_cart(person))
    send.send_due()
    sent.tell()
    run()
    [request] = there.asked
    assert request.json["data"]["customer"] == person.pk and request.json["data"]["properties"]["sender"] == "journey:1"


def test_without_a_webhook_nothing_is_kept(send: Send) -> None:
    send(viewed(1))
    assert not Outgoing.objects.exists()


def test_a_refusal_is_tried_again_later_under_the_same_id(there: Server, send: Send) -> None:
    actions.create(there.url, [], by="a test")
    there.trouble += [(500, {"error": "later"}, {}), HangUp, (302, {}, {"Location": "http://169.254.169.254/"})]
    send(viewed(1))
    start = timezone.now()
    for later in (0, 60, 600, 6000):
        with time_machine.travel(start + timedelta(seconds=later), tick=False):
            run()
    assert len(there.asked) == 4
    assert len({request.headers["webhook-id"] for request in there.asked}) == 1
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.answer_status) == ("delivered", 4, 200)
    assert Webhook.objects.get().failing_since is None


def test_retry_after_is_honoured(there: Server, send: Send) -> None:
    actions.create(there.url, [], by="a test")
    there.trouble.append((429, {}, {"Retry-After": "1000"}))
    send(viewed(1))
    run()
    assert 900 < (Delivery.objects.get().due_at - timezone.now()).total_seconds() <= 1000


def test_who_does_not_answer_is_not_asked_by_each_event(there: Server, send: Send) -> None:
    actions.create("http://127.0.0.1:1/", [], by="a test")
    send(*[viewed(n) for n in range(200)])
    run()
    tried = Delivery.objects.exclude(attempts=0).count()
    assert 0 < tried <= deliver.AT_ONCE
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        deliver.deliver()
        assert Delivery.objects.exclude(tried_at=None).count() <= tried + 1


def test_after_days_of_failures_it_is_disabled_and_the_owners_are_told(
    there: Server, send: Send, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    User.objects.create_user("owner@example.test", role="owner")
    hook = actions.create(there.url, [], by="a test")
    there.trouble += [(500, b"broken", {})] * 3
    send(viewed(1))
    run()
    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1)):
        with django_capture_on_commit_callbacks(execute=True):
            deliver.deliver()
        hook.refresh_from_db()
        assert hook.disabled_at and "3 days" in hook.disabled_because
        assert Mail.objects.get(recipient="owner@example.test").subject == "A webhook of your shop was disabled"
        send(viewed(2))
        run()
        assert len(there.asked) == 2
        there.trouble.clear()
        actions.enable(hook, by="a test")
        run()
    assert Delivery.objects.get().status == "waiting" or len(there.asked) == 3


def test_gone_disables_at_once(there: Server, send: Send) -> None:
    hook = actions.create(there.url, [], by="a test")
    there.trouble.append((410, {}, {}))
    send(viewed(1))
    run()
    hook.refresh_from_db()
    assert hook.disabled_at


def test_a_delivery_is_given_up_after_its_last_try(there: Server, send: Send) -> None:
    actions.create(there.url, [], by="a test")
    send(viewed(1))
    deliver.fan_out()
    Delivery.objects.update(attempts=len(deliver.PAUSES))
    there.trouble.append((500, {}, {}))
    deliver.deliver()
    assert Delivery.objects.get().status == "given_up"


def test_a_worker_that_dies_on_the_way_delivers_again(there: Server, send: Send) -> None:
    actions.create(there.url, [], by="a test")
    send(viewed(1))
    deliver.fan_out()
    now = timezone.now()
    Delivery.objects.update(attempts=1, due_at=now + deliver.LEASE)  # claimed by one that is no more
    deliver.deliver()
    assert not there.asked
    with time_machine.travel(now + deliver.LEASE + timedelta(seconds=1)):
        deliver.deliver()
    assert len(there.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://10.0.0.8/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "http://93.184.216.34/",
        "ftp://example.com/",
        "https://user:secret@example.com/",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_not_public_is_refused(url: str) -> None:
    with pytest.raises(guard.Forbidden):
        actions.create(url, [], by="a test")


@pytest.mark.parametrize("name", ["localhost", "2130706433", "0x7f.1"])
def test_a_name_that_leads_into_our_network_is_refused_when_it_is_called(
    name: str, there: Server, settings: Any
) -> None:
    settings.KARIBU_WEBHOOK_NETWORKS = ""
    with pytest.raises(guard.Forbidden):
        guard.post(there.url.replace("127.0.0.1", name).replace("http:", "https:"), b"", {})
    assert not there.asked


def test_an_erased_person_is_in_no_delivery(there: Server, send: Send) -> None:
    actions.create(there.url, [], by="a test")
    send({"type": "identify", "userId": "u1", "traits": {"email": "amina@example.com"}}, viewed(1), viewed(2))
    deliver.fan_out()
    send({**viewed(3), "userId": "u1"})  # still on its way
    erasure.erase(Customer.objects.get(email="amina@example.com").pk, by="a test")
    deliver.fan_out()
    assert set(Delivery.objects.values_list("event", flat=True)) == {"m2"}


def test_an_owner_makes_one_tries_it_and_delivers_again(there: Server, client: Client, send: Send) -> None:
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    send(viewed(1))
    made = client.post("/settings/webhooks/create/", {"url": there.url, "names": ["Product Viewed"]}, follow=True)
    hook = Webhook.objects.get()
    assert hook.secret in made.content.decode()
    client.post(f"/settings/webhooks/{hook.pk}/test/")
    run()
    delivery = Delivery.objects.get()
    page = client.get(f"/settings/webhooks/deliveries/{delivery.pk}/").content.decode()
    assert re.search(r"HTTP 200", page)
    client.post(f"/settings/webhooks/deliveries/{delivery.pk}/replay/")
    run()
    assert [request.headers["webhook-id"] for request in there.asked] == [f"msg_{delivery.pk}"] * 2
