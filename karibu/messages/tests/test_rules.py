"""The page of the shop's rules: kept as typed, explained in sentences, and counted for what has not left."""

import pytest
from django.test import Client

from karibu.customers.models import Customer
from karibu.messages import holdout, send
from karibu.messages.models import ChannelRules, Mail, Rules
from karibu.messages.rules import current, sentences
from karibu.messages.rules_form import RulesForm
from karibu.messages.tests.cast import a_person, fate, the_shop, wants
from karibu.web.models import AuditEntry, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(User.objects.create_user("amina@example.test", role="owner"))
    return client


def typed(**changes: str) -> dict[str, str]:
    """The form as the page shows it, with changes."""
    form = RulesForm(None, current())
    shown = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    fields = {name: str(value) for name, value in shown.items() if value is not False}
    return {name: value for name, value in {**fields, **changes}.items() if value != "off"}


def test_the_usual_rules_are_sixteen_hours_for_mail_and_a_day_and_daytime_for_phones():
    mail, text = ChannelRules.usual("email"), ChannelRules.usual("sms")
    assert (mail.gap_hours, mail.by_country, text.gap_hours, text.by_country) == (16, False, 24, True)
    assert "E-mail: at least 16 hours apart." in sentences(current())


def test_the_rules_are_kept_and_saving_them_again_changes_nothing(owner):
    sent = typed(**{"email-gap_hours": "4", "email-hours": "9-12,14-20", "email-on_sundays": "off", "all-most": "3"})
    assert owner.post("/messages/rules/", sent).status_code == 302
    kept = ChannelRules.objects.get(pk="email")
    assert (kept.gap_hours, kept.hours, kept.on_sundays) == (4, "09:00-12:00, 14:00-20:00", False)
    assert Rules.objects.get().most == 3 and AuditEntry.objects.get().detail["email-gap_hours"] == "4"
    owner.post("/messages/rules/", typed())
    assert (
        ChannelRules.objects.filter(pk="email").values().get()
        == ChannelRules.objects.filter(
            pk="email", gap_hours=4, hours="09:00-12:00, 14:00-20:00", on_sundays=False, on_holidays=True
        )
        .values()
        .get()
    )


@pytest.mark.parametrize(
    ("field", "value"), [("email-hours", "nine to five"), ("email-gap_hours", "-1"), ("all-most", "x")]
)
def test_rules_that_cannot_be_meant_are_refused_and_nothing_changes(owner, field, value):
    assert owner.post("/messages/rules/", typed(**{field: value})).status_code == 422
    assert not Rules.objects.exists() and not ChannelRules.objects.exists()


def test_the_page_says_what_the_rules_would_mean_before_they_are_saved(owner):
    asked = typed(
        **{"email-hours": "20-2", "email-on_holidays": "off", "all-holdout_percent": "5", "all-gap_hours": "1"}
    )
    said = owner.post("/messages/rules/meaning/", asked).content.decode()
    assert "only 20:00-02:00 by the person&#x27;s clock; not on public holidays of their country" in said
    assert "5 % of all customers" in said and "together: at least 1 hour apart" in said
    assert not Rules.objects.exists()
    assert "cannot be read" in owner.post("/messages/rules/meaning/", typed(**{"email-hours": "x"})).content.decode()


def test_the_page_counts_whose_clock_is_known_and_what_is_no_zone(client):
    client.force_login(User.objects.create_user("m@shop.test", role="marketer"))
    for name, zone, country in (("a", "Africa/Kigali", ""), ("b", "Mars/Olympus", "RW"), ("c", "", "")):
        a_person(name, timezone=zone, country=country)
    assert "/messages/rules/clocks/" in client.get("/messages/rules/").content.decode()
    shown = " ".join(client.get("/messages/rules/clocks/").content.decode().split())
    for words in ("Their own</dt><dd>1", "phone number</dt><dd>1", "shop&#x27;s</dt><dd>1", "no zone</dt><dd>1"):
        assert words in shown.replace("The shop's", "The shop&#x27;s")


def test_agents_do_not_change_the_rules(client):
    client.force_login(User.objects.create_user("juma@example.test", role="agent"))
    assert client.get("/messages/rules/").status_code == client.post("/messages/rules/", {}).status_code == 403


def test_a_share_of_customers_gets_no_marketing_always_the_same_and_receipts_still():
    the_shop()
    Rules.objects.create(pk=1, holdout_percent=30)
    people = Customer.objects.bulk_create(
        Customer(name=f"p{n}", email=f"p{n}@example.com", created_at="2026-01-01T00:00Z") for n in range(40)
    )
    held_out = {p.pk for p in people if holdout.holds(p.pk, 30, "1")}
    assert 2 <= len(held_out) <= 25 and held_out == {p.pk for p in people if holdout.holds(p.pk, 30, "1")}
    assert {p.pk for p in people if holdout.holds(p.pk, 10, "1")} <= held_out
    assert held_out != {p.pk for p in people if holdout.holds(p.pk, 30, "another draw")}
    kept = next(p for p in people if p.pk in held_out)
    agreed = a_person("agreed")
    offer, receipt = wants(kept, "offer"), wants(kept, "receipt")
    receipt.is_marketing = False
    receipt.save()
    send.send_due()
    assert fate(offer) == ("refused", "no_consent") and fate(receipt) == ("sent", "")  # consent is asked before
    Rules.objects.update(holdout_percent=50, holdout_draw=_draw_that_holds(agreed.pk))
    message = wants(agreed, "other")
    send.send_due()
    assert fate(message) == ("refused", "holdout") and message.detail == "50 %" and Mail.objects.count() == 1


def _draw_that_holds(customer: int) -> str:
    return next(str(n) for n in range(100) if holdout.holds(customer, 50, str(n)))


def test_the_share_is_what_was_asked_for_and_postgresql_says_the_same(db):
    from django.db import connection

    ours = {n for n in range(20_000) if holdout.holds(n, 7.5, "spring")}
    assert 0.07 < len(ours) / 20_000 < 0.08
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n FROM generate_series(0, 19999) AS n "
            "WHERE ('x' || left(md5(%s || ':' || n), 8))::bit(32)::bigint * 100.0 / 2 ^ 32 < %s",
            ["spring", 7.5],
        )
        assert {row[0] for row in cursor.fetchall()} == ours
