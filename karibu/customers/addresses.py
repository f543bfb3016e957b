"""One spelling for each e-mail address and phone number, so that the same address is the same person."""

import re
from functools import lru_cache

import phonenumbers

_EMAIL = re.compile(r"[^@\s\x00-\x1f<>()\[\],;:\"]{1,64}@[^@\s\x00-\x1f<>()\[\],;:\"]+\.[^@\s.]{2,}")
_BRAZIL_OLD_MOBILE = re.compile(r"\+55([1-9]{2})([6-9]\d{7})")
_MEXICO_OLD_MOBILE = re.compile(r"\+521(\d{10})")
_ARGENTINA_MOBILE = re.compile(r"\+549(\d{10})")


@lru_cache(maxsize=65536)
def email(text: str) -> str:
    """Lower case, with the domain in its ASCII (IDNA) form; empty when this is no address."""
    address = text.strip().removeprefix("mailto:").lower()
    if not _EMAIL.fullmatch(address):
        return ""
    local, domain = address.rsplit("@", 1)
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError:
        return ""
    whole = f"{local}@{ascii_domain}"
    return whole if len(whole) <= 254 else ""


@lru_cache(maxsize=65536)
def phone(text: str, region: str = "") -> str:
    """E.164 as it is dialled today; empty when it is no valid number. `region` reads national spellings.

    Brazil's mobiles get the ninth digit they were given in 2012-2016, Mexico's lose the 1 they lost in 2019;
    landlines stay as they are.
    """
    cleaned = text.strip().removeprefix("tel:").removeprefix("whatsapp:")
    if any(letter.isalpha() for letter in cleaned):
        return ""  # the library would dial the digits out of any sentence
    if cleaned.startswith("00"):
        cleaned = "+" + cleaned[2:]
    try:
        parsed = phonenumbers.parse(cleaned, region or None)
    except phonenumbers.NumberParseException:
        return ""
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    number = _BRAZIL_OLD_MOBILE.sub(_with_ninth_digit, number) if number.startswith("+55") else number
    number = _MEXICO_OLD_MOBILE.sub(r"+52\1", number)
    return number if phonenumbers.is_valid_number(phonenumbers.parse(number)) else ""


def _with_ninth_digit(match: re.Match[str]) -> str:
    return f"+55{match[1]}9{match[2]}" if match.end() == len(match.string) else match[0]


def phone_key(number: str) -> str:
    """What two spellings of one E.164 number have in common.

    Argentina's mobiles are written with a 9 after +54 (from abroad) and without (at home), and no landline
    has the same digits: the key leaves the 9 out.
    """
    return _ARGENTINA_MOBILE.sub(r"+54\1", number)


def variants(number: str) -> set[str]:
    """Every E.164 form under which one line has been or is dialled: with and without the digits that came or went."""
    found = {number, phone_key(number)}
    if match := re.fullmatch(r"\+55([1-9]{2})9([6-9]\d{7})", number):
        found.add(f"+55{match[1]}{match[2]}")
    if match := re.fullmatch(r"\+52(\d{10})", number):
        found.add(f"+521{match[1]}")
    if match := re.fullmatch(r"\+54(\d{10})", number):
        found.add(f"+549{match[1]}")
    return found


def parts(number: str) -> tuple[str, str]:
    """(country code, national number) of an E.164 number, as digits; ("", all digits) of what is none."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return "", number.lstrip("+")
    zeros = "0" * (parsed.number_of_leading_zeros or 1) if parsed.italian_leading_zero else ""
    return str(parsed.country_code), f"{zeros}{parsed.national_number}"


def national_digits(number: str) -> str:
    """The digits of an E.164 number without its country code: what people type into a search box."""
    try:
        return str(phonenumbers.parse(number).national_number)
    except phonenumbers.NumberParseException:
        return ""
