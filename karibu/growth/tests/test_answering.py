"""From an answer to a consent: what is kept, who is believed, who is refused."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from karibu.collect.actions import create_source, take_in
from karibu.collect.drain import drain_all
from karibu.collect.models import InboxRow
from karibu.consents import blocked
from karibu.consents.models import Consent
from karibu.consents.queries import in_force
from karibu.customers.models import Customer
from karibu.growth import actions, counting
from karibu.growth.models import Answer, SignUp
from karibu.messages import send
from karibu.messages.models import Mail, Message
from karibu.shop import coupons
from karibu.shop.models import Coupon, CouponPool
from karibu.web.models import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lake")]
WORDS = {"heading": "Letters", "text": "Monthly.", "button": "Sign up", "thanks": "Look into your mailbox."}


def a_form(**fields: Any) -> SignUp:
    known = {"name": "Letters", "slug": "letters", "wording": "Yes, write to me.", "topics": ["offers"]}
    form = SignUp(**{**known, "versions": [{"key": "a", **WORDS}], "fields": ["first_name", "city"], **fields})
    actions.save(form, by="test")
    actions.publish(form, True, by="test")
    return form


def answer(client: Client, **said: Any) -> int:
    known = {"email": "amina@example.com", "agree": "on", "version": "a", "url": "https://duka.example/tea?x=1"}
    posted = client.post(
        "/forms/letters/answer/",
        json.dumps({**known, **said}),
        content_type="text/plain",
        REMOTE_ADDR="203.0.113.77",
        HTTP_USER_AGENT="Firefox",
    )
    drain_all()
    return int(posted.status_code)


def the_customer() -> Customer:
    return Customer.objects.get(email="amina@example.com")


def confirm(client: Client) -> None:
    send.send_due()
    raw = bytes(Mail.objects.latest("pk").raw).decode().replace("=\r\n", "").replace("=3D", "=")
    client.post(re.findall(r"/confirm/[\w=-]+/", raw)[0])


def test_an_answer_waits_for_its_address_and_keeps_where_it_came_from(client: Client) -> None:
    Shop.objects.update_or_create(pk=1, defaults={"name": "Duka", "sender_email": "hello@duka.example"})
    form = a_form()
    assert answer(client, first_name="Amina", utm={"source": "fair", "campaign": "spring"}, id="browser-1") == 204
    person = the_customer()
    assert (person.name, in_force([person.pk], "email")) == ("Amina", {})
    said = Consent.objects.get()
    assert (said.status, said.method, said.source) == ("pending", "form", "form Letters")
    assert said.wording == "Yes, write to me."
    assert said.evidence == "https://duka.example/tea; utm_source=fair utm_campaign=spring; 203.0.113.0/24; Firefox"
    kept = Answer.objects.get()
    assert (kept.customer_id, kept.utm_source, kept.utm_campaign) == (person.pk, "fair", "spring")
    confirm(client)
    assert in_force([person.pk], "email") == {person.pk: "given"}
    assert counting.tallies(form) == [counting.Tally("a", 0, 1)]


def test_the_coupon_comes_once_and_only_after_a_valid_answer(client: Client) -> None:
    Shop.objects.update_or_create(pk=1, defaults={"name": "Duka", "sender_email": "hello@duka.example"})
    pool = CouponPool.objects.create(name="Welcome")
    coupons.generate(pool, 3, by="test")
    a_form(pool_id=pool.pk)
    answer(client)
    assert not Coupon.objects.exclude(claimed_at=None).exists()
    confirm(client)
    [code] = Coupon.objects.exclude(claimed_at=None).values_list("code", flat=True)
    send.send_due()
    assert code in bytes(Mail.objects.latest("pk").raw).decode()
    answer(client)
    assert Coupon.objects.exclude(claimed_at=None).count() == 1


def test_without_double_opt_in_the_answer_counts_at_once(client: Client) -> None:
    a_form(is_confirmed=False)
    answer(client)
    assert in_force([the_customer().pk], "email") == {the_customer().pk: "given"} and not Message.objects.exists()


@pytest.mark.parametrize(
    ("said", "status"),
    [({"website": "http://spam"}, 204), ({"email": "nobody"}, 422), ({"agree": ""}, 422), ({"email": ["x"]}, 422)],
)
def test_robots_and_half_answers_leave_nothing(client: Client, said: dict[str, Any], status: int) -> None:
    form = a_form()
    assert answer(client, **said) == status
    assert not Customer.objects.exists() and not Consent.objects.exists() and not InboxRow.objects.exists()
    assert counting.tallies(form) == [counting.Tally("a", 0, 0)]


def test_one_address_answers_five_times_in_a_quarter_of_an_hour(client: Client) -> None:
    a_form()
    assert [answer(client) for _ in range(6)] == [204] * 5 + [429]
    assert Message.objects.count() == 1


def test_an_event_from_elsewhere_that_calls_itself_an_answer_states_no_consent() -> None:
    a_form(is_confirmed=False)
    who = {"userId": "x", "properties": {"form": "letters", "version": "a"}}
    take_in([{"type": "track", "event": actions.ANSWERED, **who}], create_source("site"))
    drain_all()
    assert not Answer.objects.exists() and not Consent.objects.exists()


def test_an_erased_person_does_not_come_back_by_a_form(client: Client) -> None:
    """PAINS 44."""
    from django.utils import timezone

    a_form()
    blocked.block(["amina@example.com"], timezone.now())
    assert answer(client) == 204
    assert not Customer.objects.filter(email="amina@example.com").exists() and not Consent.objects.exists()


def test_a_form_that_is_not_live_is_nowhere(client: Client) -> None:
    form = a_form()
    actions.publish(form, False, by="test")
    assert answer(client) == 404 and client.get("/p/letters/").status_code == 404
    assert client.get("/forms/live.json").json() == {"forms": []}


def test_views_are_counted_by_a_post_alone(client: Client) -> None:
    form = a_form(versions=[{"key": "a", **WORDS}, {"key": "b", **WORDS}])
    client.get("/p/letters/")
    client.get("/forms/live.json")
    client.get("/forms/letters/view/")
    for version in ("a", "b", "b", "z"):
        client.post("/forms/letters/view/", json.dumps({"version": version}), content_type="text/plain")
    assert [(one.version, one.views) for one in counting.tallies(form)] == [("a", 1), ("b", 2)]


def test_the_landing_page_works_without_script_and_in_other_words(client: Client) -> None:
    a_form(texts={"sw": {"heading": "Barua", "wording": "Ndiyo, niandikie."}}, is_confirmed=False)
    page = client.get("/p/letters/?utm_source=fair", HTTP_ACCEPT_LANGUAGE="sw").content.decode()
    assert "Barua" in page and "Ndiyo, niandikie." in page and 'value="fair"' in page
    said = {"email": "amina@example.com", "utm_source": "fair", "language": "sw", "version": "a"}
    assert client.post("/p/letters/", said).status_code == 422
    assert "Look into your mailbox" in client.post("/p/letters/", {**said, "agree": "on"}).content.decode()
    drain_all()
    assert (Consent.objects.get().wording, Answer.objects.get().utm_source) == ("Ndiyo, niandikie.", "fair")


def test_the_script_is_small(client: Client) -> None:
    assert len(client.get("/forms.js").content) <= 6 * 1024


@pytest.mark.parametrize("body", [b"[" * 9999, b'{"email":' * 2000, b"\xff", b"null"])
def test_what_is_no_answer_is_refused(client: Client, body: bytes) -> None:
    a_form()
    assert client.post("/forms/letters/answer/", body, content_type="text/plain").status_code == 422


def test_a_name_that_was_cut_in_an_emoji_is_kept_as_far_as_it_goes(client: Client) -> None:
    a_form()
    assert answer(client, first_name="Amina\x00 \ud83d", city="Kigali") == 204
    assert the_customer().name == "Amina \ufffd"


def test_a_crowd_behind_one_address_may_sign_up_together(client: Client) -> None:
    a_form()
    assert {answer(client, email=f"visitor{n}@example.com") for n in range(25)} == {204}
