"""Erased people do not come back: what an erasure leaves behind is a keyed hash of each of their identifiers.

The hash (HMAC-SHA-256 under the installation's secret) tells that somebody who presents the identifier was erased;
it cannot be turned into a list of people without the secret.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection

from karibu.consents.models import ErasedIdentity
from karibu.events.batch import Batch
from karibu.events.event import Event

DEPTH = 6  # how deep into nested properties an address is looked for


def drop_erased(batch: Batch) -> None:
    """Takes every event that carries an erased person's identifier out of the batch, whole and without a trace."""
    if not _anyone_erased(batch):
        return
    carried = [set(identifiers(event)) for event in batch.events]
    gone = erased(set().union(*carried))
    if gone:
        batch.events = [e for e, theirs in zip(batch.events, carried, strict=True) if not theirs & gone]


def erased(candidates: Collection[str]) -> set[str]:
    """Which of these identifiers belong to people who were erased. One query; imports and forms ask it too."""
    digests = {digest(value): value for value in candidates}
    if not digests:
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT digest FROM consents_erasedidentity WHERE digest = ANY(%s)", [list(digests)])
        return {digests[row[0]] for row in cursor.fetchall()}


def block(values: Iterable[str], at: datetime) -> int:
    """From now on these identifiers are refused. Returns how many."""
    rows = [ErasedIdentity(digest=digest(value), at=at) for value in set(values) if normal(value)]
    ErasedIdentity.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


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


def identifiers(event: Event) -> Iterator[str]:
    """Everything in an event that could name a person: its ids, and any address or phone number it carries."""
    yield from (v for v in (event.user_id, event.anonymous_id, event.previous_id) if v)
    for part in (event.traits, event.properties, event.context):
        if part:
            yield from _addresses(part, DEPTH)


def _addresses(value: Any, depth: int, name: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if "@" in value or "phone" in name.lower():
            yield value
    elif isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield from _addresses(inner, depth - 1, str(key))
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from _addresses(inner, depth - 1, name)


def _anyone_erased(batch: Batch) -> bool:
    batch.cursor.execute("SELECT EXISTS (SELECT 1 FROM consents_erasedidentity)")
    row = batch.cursor.fetchone()
    return bool(row and row[0])
