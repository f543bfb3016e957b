"""Audiences: hashed as Google and Meta want them, of those who agreed, with a count of those who did not."""

import csv
import hashlib

import pytest
from django.utils import timezone

from karibu.consents.actions import record_consents
from karibu.consents.models import Suppression
from karibu.consents.statement import Statement
from karibu.segments import audiences
from karibu.segments.views import audience
from karibu.web.models import AuditEntry

pytestmark = pytest.mark.django_db


def say(customer, status="given", channel="ads", topic="offers", method="form"):
    now = timezone.now()
    said = {"customer_id": customer.pk, "channel": channel, "topic": topic, "status": status, "method": method}
    record_consents([Statement(**said, source="test", evidence="test", at=now)])


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def rows_of(client, segment, platform):
    answer = client.post(f"/segments/{segment.pk}/audience/", {"platform": platform})
    assert answer.status_code == 200
    return list(csv.reader(b"".join(answer.streaming_content).decode().splitlines()))


@pytest.fixture
def crowd(person, segment):
    """Two who agreed, one who only agreed to mail, one who withdrew, one who is blocked, one without an address."""
    amina = person("Amina", email=" Amina.Uwase@Example.COM ", phone="+250788123456")
    juma = person("Juma", email="", phone="+5511998765432")
    asked, left, blocked = person("Neema"), person("Baraka"), person("Zuri")
    unknown = person("Unknown", email="")
    for one in (amina, left, blocked, unknown):
        say(one)
    say(juma, topic="*")
    say(asked, channel="email")
    say(left, status="withdrawn")
    Suppression.objects.create(channel="ads", value=blocked.email, reason="manual", at=timezone.now())
    return segment("Crowd", amina, juma, asked, left, blocked, unknown)


def test_google_gets_email_and_phone_in_e164(marketer, crowd):
    assert rows_of(marketer, crowd, "google") == [
        ["Email", "Phone"],
        [sha("amina.uwase@example.com"), sha("+250788123456")],
        ["", sha("+5511998765432")],
    ]


def test_meta_gets_digits_alone(marketer, crowd):
    assert rows_of(marketer, crowd, "meta") == [
        ["email", "phone"],
        [sha("amina.uwase@example.com"), sha("250788123456")],
        ["", sha("5511998765432")],
    ]


def test_the_file_begins_with_the_name_of_its_first_column(marketer, crowd):
    answer = marketer.post(f"/segments/{crowd.pk}/audience/", {"platform": "google"})
    assert b"".join(answer.streaming_content).startswith(b"Email,Phone\r\n")
    name = f'attachment; filename="crowd-google-{timezone.localdate()}.csv"'
    assert answer["Content-Disposition"] == name and answer["Cache-Control"] == "no-store"


def test_the_page_says_how_many_are_left_out_and_why(marketer, crowd):
    told = audiences.count(crowd)
    assert (told.included, told.members) == (2, 6)
    assert told.left_out == {"never_asked": 1, "withdrawn": 1, "blocked": 1, "no_address": 1}
    page = marketer.get(f"/segments/{crowd.pk}/audience/").content.decode()
    assert "2 of 6 people would be in it" in page and "withdrew their consent to ads" in page
    assert not AuditEntry.objects.filter(verb="exported audience").exists()


def test_of_very_many_it_is_counted_behind_the_page(marketer, crowd, monkeypatch):
    monkeypatch.setattr(audience, "AT_ONCE", 0)
    crowd.size = 1
    crowd.save()
    where = f"/segments/{crowd.pk}/audience/"
    page = marketer.get(where).content.decode()
    assert "Counting who agreed" in page and f'hx-get="{where}"' in page and "would be in it" not in page
    part = marketer.get(where, headers={"HX-Request": "true"}).content.decode()
    assert "would be in it" in part and "hx-get" not in part and "<html" not in part


def test_each_export_is_noted_with_how_many_and_no_address(marketer, crowd):
    rows_of(marketer, crowd, "meta")
    noted = AuditEntry.objects.get(verb="exported audience")
    assert (noted.actor, noted.subject) == ("brian@shop.test", f"segment {crowd.pk}")
    expected = {"platform": "meta", "people": 2, "never_asked": 1, "withdrawn": 1, "blocked": 1, "no_address": 1}
    assert noted.detail == expected


def test_an_unknown_platform_exports_nothing(marketer, crowd):
    assert marketer.post(f"/segments/{crowd.pk}/audience/", {"platform": "elsewhere"}).status_code == 404
    assert not AuditEntry.objects.filter(verb="exported audience").exists()


def test_more_people_than_one_slice_are_all_there_once(marketer, person, segment, monkeypatch):
    monkeypatch.setattr(audiences, "PER_SLICE", 3)
    people = [person(f"Someone {number}") for number in range(10)]
    for one in people:
        say(one)
    rows = rows_of(marketer, segment("Many", *people), "google")
    assert sorted(row[0] for row in rows[1:]) == sorted(sha(one.email) for one in people)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        (" A B@x.org ", "ab@x.org"),
        ("First.Last@Gmail.com", "first.last@gmail.com"),
        ("nobody", ""),
        ("@x", ""),
        ("", ""),
    ],
)
def test_addresses_are_normalised_as_customer_match_says(typed, normal):
    assert audiences.email(typed) == normal


@pytest.mark.parametrize(
    ("number", "google", "meta"),
    [("+250788123456", "+250788123456", "250788123456"), ("00250 788", "+250788", "250788"), ("", "", "")],
)
def test_numbers_are_written_as_each_platform_says(number, google, meta):
    assert (audiences.google_phone(number), audiences.meta_phone(number)) == (google, meta)
