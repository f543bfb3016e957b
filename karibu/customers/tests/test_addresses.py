"""One spelling for each address (PAINS 34)."""

import pytest

from karibu.customers import addresses


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" Amina@Example.COM ", "amina@example.com"),
        ("mailto:a@b.co", "a@b.co"),
        ("jo@müller.example", "jo@xn--mller-kva.example"),
        ("amina@", ""),
        ("a b@example.com", ""),
        ("amina@localhost", ""),
        ("a@" + "x" * 300 + ".com", ""),
    ],
)
def test_an_email_address_has_one_spelling(typed: str, meant: str) -> None:
    assert addresses.email(typed) == meant


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+55 11 98765-4321", "+55 11 8765-4321"),  # Brazil: with and without the ninth digit
        ("+54 9 11 2345-6789", "+54 11 2345-6789"),  # Argentina: the 9 of mobiles
        ("+52 1 55 1234 5678", "+52 55 1234 5678"),  # Mexico: the 1 of before 2019
        ("+250788123456", "00250 788 123 456"),
        ("+250788123456", "whatsapp:+250788123456"),
    ],
)
def test_variants_of_one_number_are_one_person(one: str, other: str) -> None:
    keys = {addresses.phone_key(addresses.phone(number)) for number in (one, other)}
    assert len(keys) == 1 and "" not in keys


@pytest.mark.parametrize("landline", ["+551133334444", "+541143210000", "+525512345678", "+442079460958"])
def test_landlines_stay_as_they_are(landline: str) -> None:
    assert addresses.phone_key(addresses.phone(landline)) == landline


def test_a_national_spelling_is_read_in_its_country() -> None:
    assert addresses.phone("0788 123 456", "RW") == "+250788123456"
    assert addresses.phone("0788 123 456") == ""


@pytest.mark.parametrize("nonsense", ["", "0000000000", "12", "call me", "ben +250788123456", "+999123456789"])
def test_nonsense_is_no_number(nonsense: str) -> None:
    assert addresses.phone(nonsense, "RW") == ""
