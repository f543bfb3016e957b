"""Erased people do not come back: what an erasure leaves behind is a keyed hash of each of their identifiers.

The hash (HMAC-SHA-256 under the installation's secret) tells that somebody who presents the identifier was erased;
it cannot be turned into a list of people without the secret.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

import msgspec
from django.conf import settings
from django.db import connection

from karibu.consents.models import ErasedIdentity
from karibu.customers import addresses
from karibu.customers.evidence import Evidence
from karibu.customers.identify import read_evidence
from karibu.events.batch import Batch
from karibu.events.event import Event

DEPTH = 6  # how deep into nested properties an address is looked for
LAYERS = 3  # of percent-encoding around an address
KEPT_OUT = "SELECT digest FROM consents_erasedidentity WHERE digest = ANY(%s)"
_IDS = ("userId", "anonymousId", "previousId")
_MAIL = re.compile(r"[^\s@\"'<>()\[\],;:=&?/\\]{1,64}@[^\s@\"'<>()\[\],;:=&?/\\]{3,255}")
_PHONE = re.compile(r"\+?\d[\d ().-]{6,18}\d")
_NATIONAL = "national "  # before the digits of a number without its country: weak, for what was set aside alone


def drop_erased(batch: Batch) -> None:
    """Takes every event that carries an erased person's identifier out of the batch, whole and without a trace."""
    region = _region_if_anyone_erased(batch)
    if region is None:
        return
    read = read_evidence(batch.cursor, batch.events)
    carried = [set(identifiers(event, region)) | _named(found) for event, found in zip(batch.events, read, strict=True)]
    gone = erased(set().union(*carried))
    if gone:
        batch.events = [e for e, theirs in zip(batch.events, carried, strict=True) if not theirs & gone]


def erased(candidates: Collection[str]) -> set[str]:
    """Which of these identifiers belong to people who were erased. One query; imports and forms ask it too."""
    digests = {digest(value): value for value in candidates}
    return {digests[found] for found in kept_out(digests)}


def kept_out(digests: Collection[str]) -> set[str]:
    """Which of these digests are of people who were erased."""
    if not digests:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(KEPT_OUT, [list(digests)])
        return {row[0] for row in cursor.fetchall()}


def block(values: Iterable[str], at: datetime) -> set[str]:
    """From now on these identifiers are refused, in every form. Returns the digests that are new."""
    wanted = {digest(form) for value in values if normal(value) for form in _forms(value)}
    new = wanted - set(ErasedIdentity.objects.filter(digest__in=wanted).values_list("digest", flat=True))
    ErasedIdentity.objects.bulk_create(
        (ErasedIdentity(digest=one, at=at) for one in sorted(new)), ignore_conflicts=True
    )
    return new


def unblock(digests: Collection[str]) -> None:
    """Whoever these are of was made anonymous: if they come back, they are somebody new."""
    ErasedIdentity.objects.filter(digest__in=digests).delete()


def _forms(value: str) -> Iterator[str]:
    yield value
    if value.startswith("+"):
        yield from addresses.variants(value)
        yield _NATIONAL + addresses.parts(value)[1]


def digests_in(body: str) -> set[str]:
    """The digests of everybody whom the text of an event names, whether it is readable as an event or not."""
    try:
        event = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        event = None
    if not isinstance(event, dict):
        plain = body.replace("\\u0040", "@").replace("\\u002b", "+")
        return {digest(form) for text in (*_mails(plain), *_PHONE.findall(plain)) for form in _weak_forms(text)}
    found = {_written(event.get(name)) for name in _IDS}
    found |= set(_addresses(event, DEPTH, region=""))
    return {digest(form) for text in found - {""} for form in _weak_forms(text)}


def digests_of_row(cells: Iterable[str]) -> set[str]:
    """The same of a row of a file: any cell may be an identifier."""
    return {digest(form) for cell in cells for text in (cell, *_mails(cell)) for form in _weak_forms(text)}


def _weak_forms(text: str) -> Iterator[str]:
    yield text
    figures = normal(text)
    if figures.isdecimal():
        yield _NATIONAL + figures


def _written(value: object) -> str:
    """An id as the pipeline reads it: 12 and 12.0 are "12"."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if isinstance(value, str | int) else ""


def digest(value: str) -> str:
    return hmac.new(_key(settings.SECRET_KEY), normal(value).encode(), hashlib.sha256).hexdigest()


@cache
def _key(secret: str) -> bytes:
    return hashlib.sha256(b"karibu.consents.erased:" + secret.encode()).digest()


def normal(value: str) -> str:
    """Lower case without surrounding space; what looks like a phone number by its digits alone, so that "+250 788
    123 456" and "250788123456" are one."""
    text = value.strip().lower()
    figures = text.lstrip("+").translate(_PUNCTUATION)
    return figures.lstrip("0") if figures.isdecimal() and 8 <= len(figures) <= 15 else text


_PUNCTUATION = str.maketrans("", "", " -().")


def identifiers(event: Event, region: str = "") -> Iterator[str]:
    """Everything in an event that could name a person: its ids, and any address or phone number it carries.

    `region` (ISO 3166-1) reads phone numbers in national spelling.
    """
    yield from (v for v in (event.user_id, event.anonymous_id, event.previous_id) if v)
    if event.traits:
        yield from _addresses(event.traits, DEPTH, region=region)
    # Most events hold nothing of the kind, and are not even read for it.
    if _may_name(event.properties_json):
        yield from _addresses(event.properties, DEPTH, region=region)
    if _may_name(event.context_json):
        yield from _addresses(event.context, DEPTH, region=region)


def _may_name(written: bytes) -> bool:
    """Whether _addresses could find anything in this JSON. Single characters are looked for fastest."""
    return (
        b"@" in written
        or (b"%" in written and (b"%40" in written or b"%25" in written))
        or (b"\\" in written and b"\\u00" in written)
        or b"hone" in written
        or b"HONE" in written
    )


def _addresses(value: Any, depth: int, name: str = "", *, region: str) -> Iterator[str]:
    if isinstance(value, str):
        yield from _mails(value)
        if "phone" in name.lower():
            yield from _phones(value, region)
    elif isinstance(value, int) and "phone" in name.lower():
        yield from _phones(str(value), region)
    elif isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield from _addresses(inner, depth - 1, str(key), region=region)
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from _addresses(inner, depth - 1, name, region=region)


def _mails(text: str) -> Iterator[str]:
    """The e-mail addresses in a text, which may be part of a web address."""
    for _ in range(LAYERS):
        if "@" in text:
            yield from (found.rstrip(".") for found in _MAIL.findall(text))
        if "%" not in text or (plain := unquote(text)) == text:
            return
        text = plain


def _phones(text: str, region: str) -> Iterator[str]:
    yield text
    if number := addresses.phone(text, region):
        yield addresses.phone_key(number)


def _named(found: Evidence) -> set[str]:
    """What identify would attach to a customer: a person who was erased is met by none of it again."""
    return {value for _, value in found.keys} | {name for name in (found.browser, found.previous) if name}


def _region_if_anyone_erased(batch: Batch) -> str | None:
    """The shop's country ("" when it has none), or None when nobody was ever erased."""
    batch.cursor.execute(
        "SELECT EXISTS (SELECT FROM consents_erasedidentity), coalesce((SELECT max(country) FROM web_shop), '')"
    )
    [(anyone, region)] = batch.cursor.fetchall()
    return str(region) if anyone else None
