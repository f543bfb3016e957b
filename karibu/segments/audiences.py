"""Audiences for ads: a segment's hashed addresses in the form that an advertising platform reads.

Google Customer Match (support.google.com/google-ads/answer/7476159): columns Email and Phone; the address without
spaces and in lower case, the number in E.164 with its plus; each as SHA-256 in lower-case hexadecimal.
Meta Custom Audiences (developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences): columns email and
phone; the number in digits alone, beginning with the country code, without zeros before it; hashed the same way.

Only who agreed to ads (consent channel "ads", the topic asked for) and whose addresses are not blocked for it is in it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from karibu.consents.queries import in_force, suppressed
from karibu.consents.statement import GIVEN, OFFERS, WITHDRAWN
from karibu.segments.models import Segment
from karibu.web.actions import record

CHANNEL = "ads"
PER_SLICE = 2_000

_SAID = """
    SELECT c.id, c.email, c.phone FROM segments_member m JOIN customers_customer c ON c.id = m.customer_id
    WHERE m.segment_id = %(segment)s AND m.customer_id > %(after)s AND c.merged_into IS NULL AND c.erased_at IS NULL
        AND EXISTS (SELECT 1 FROM consents_consent s WHERE s.customer_id = m.customer_id AND s.channel = %(channel)s)
    ORDER BY m.customer_id LIMIT %(most)s"""
_SILENT = """
    SELECT count(*) FILTER (WHERE c.email <> '' OR c.phone <> ''), count(*) FILTER (WHERE c.email = '' AND c.phone = '')
    FROM segments_member m JOIN customers_customer c ON c.id = m.customer_id
    WHERE m.segment_id = %(segment)s AND c.merged_into IS NULL AND c.erased_at IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM consents_consent s WHERE s.customer_id = m.customer_id AND s.channel = %(channel)s)"""

LEFT_OUT = {
    "never_asked": _("never agreed to ads"),
    "withdrawn": _("withdrew their consent to ads"),
    "blocked": _("are blocked for ads"),
    "no_address": _("have neither e-mail nor phone number"),
}


@dataclass(frozen=True)
class Platform:
    """Where an audience is uploaded, how its columns are called and how its numbers are written."""

    key: str
    name: str
    columns: tuple[str, str]
    phone: Callable[[str], str]
    where: Any  # where the file goes, in a sentence


def google_phone(number: str) -> str:
    """E.164 with its plus: what customers.phone holds already."""
    digits = meta_phone(number)
    return f"+{digits}" if digits else ""


def meta_phone(number: str) -> str:
    """Digits alone, beginning with the country code."""
    return _digits(number).lstrip("0")


def email(address: str) -> str:
    """Without any space and in lower case; "" for what is no address."""
    plain = "".join(address.split()).lower()
    return plain if "@" in plain[1:-1] else ""


PLATFORMS = {
    one.key: one
    for one in (
        Platform("google", "Google Customer Match", ("Email", "Phone"), google_phone,
                 _("In Google Ads: Tools, Audience manager, Your data segments, Customer list, “Upload hashed data”.")),
        Platform("meta", "Meta Custom Audiences", ("email", "phone"), meta_phone,
                 _("In Meta Ads Manager: Audiences, Create audience, Custom audience, Customer list.")),
    )
}  # fmt: skip


class Person(NamedTuple):
    """Whom an audience may hold: only what it is made of."""

    pk: int
    email: str
    phone: str


@dataclass
class Told:
    """How many of the segment's members are in the audience, and why the others are not (keys of LEFT_OUT)."""

    included: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def members(self) -> int:
        return self.included + self.left_out.total()

    @property
    def reasons(self) -> list[tuple[Any, int]]:
        """In words, the largest first."""
        return [(LEFT_OUT[reason], number) for reason, number in self.left_out.most_common()]


def count(segment: Segment) -> Told:
    """What an export would hold now. Those who never said anything about ads are counted where they stand."""
    told = Told()
    for _people in _slices(segment, told):
        pass
    with connection.cursor() as cursor:
        cursor.execute(_SILENT, {"segment": segment.pk, "channel": CHANNEL})
        never_asked, no_address = cursor.fetchone()
    told.left_out.update(never_asked=never_asked, no_address=no_address)
    told.left_out = +told.left_out  # without reasons that nobody has
    return told


def export(segment: Segment, platform: Platform, *, by: str) -> Iterator[bytes]:
    """The CSV file, some thousands of people at a time; every row has at least one address.

    UTF-8 without a mark in front, which would become part of the first column's name. The audit log says how many
    people and for whom before the first row leaves: a file that was begun and not finished was exported, too.
    """
    told = count(segment)
    with transaction.atomic():
        told_of = {"platform": platform.key, "people": told.included, **told.left_out}
        record(by, "exported audience", f"segment {segment.pk}", **told_of)
    return _parts(segment, platform)


def _parts(segment: Segment, platform: Platform) -> Iterator[bytes]:
    yield _line(platform.columns)
    for people in _slices(segment, Told()):
        rows = ((_hashed(email(one.email)), _hashed(platform.phone(one.phone))) for one in people)
        yield b"".join(map(_line, rows))


def _line(cells: Sequence[str]) -> bytes:
    """Names of columns and hexadecimal digits need no quotes."""
    return (",".join(cells) + "\r\n").encode()


def _slices(segment: Segment, told: Told) -> Iterator[list[Person]]:
    """Those who may be in it, some thousands at a time; `told` learns who of those who said something may not."""
    after = 0
    while people := _asked(segment, after):
        after = people[-1].pk
        yield _allowed(people, told)


def _asked(segment: Segment, after: int) -> list[Person]:
    """The next members who ever said something about ads."""
    with connection.cursor() as cursor:
        cursor.execute(_SAID, {"segment": segment.pk, "channel": CHANNEL, "after": after, "most": PER_SLICE})
        return [Person(*row) for row in cursor.fetchall()]


def _allowed(people: Collection[Person], told: Told) -> list[Person]:
    said = in_force([person.pk for person in people], CHANNEL, OFFERS)
    blocked = suppressed(CHANNEL, [address for person in people for address in (person.email, person.phone) if address])
    kept = []
    for person in people:
        if reason := _why_not(person, said.get(person.pk, ""), blocked):
            told.left_out[reason] += 1
        else:
            told.included += 1
            kept.append(person)
    return kept


def _why_not(person: Person, said: str, blocked: Collection[str]) -> str:
    """A key of LEFT_OUT; "" for who may be in it."""
    if not (email(person.email) or _digits(person.phone)):
        return "no_address"
    if said != GIVEN:
        return "withdrawn" if said == WITHDRAWN else "never_asked"
    return "blocked" if {person.email.lower(), person.phone} & set(blocked) else ""


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def _digits(number: str) -> str:
    return "".join(digit for digit in number if digit.isascii() and digit.isdigit())
