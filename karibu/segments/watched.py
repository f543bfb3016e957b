"""The live segments: what each of them asks, and whether its members were found by what it asks today."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from karibu.segments import columns
from karibu.segments.definition import Definition, parse
from karibu.segments.faults import DefinitionError
from karibu.web.queries import shop
from karibu.web.viewer import zone

_READ = "SELECT id, definition::text, built_digest FROM segments_segment WHERE archived_at IS NULL ORDER BY id"


@dataclass(frozen=True)
class Watched:
    """`definition` has those of other segments in their places; None with the `fault` for which it cannot be judged.

    `stamp` is what Segment.built_digest says once the members are those of this definition (on this day).
    """

    id: int
    definition: Definition | None
    fault: str
    stamp: str
    is_built: bool


def watched(now: datetime) -> list[Watched]:
    """Every segment that is not archived, by id."""
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        rows = cursor.fetchall()
    here = zone(shop().timezone)
    day = f"{here.key} {now.astimezone(here).date()}"
    known = _understood(tuple((number, text) for number, text, _ in rows))
    _give_columns(known.values())
    return [_watched(number, known[number], built, here.key, day) for number, _, built in rows]


def asking_for(event: str) -> list[int]:
    """The segments, not archived, whose definition asks for events of that name."""
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        known = _understood(tuple((number, text) for number, text, _ in cursor.fetchall()))
    definitions = {number: one for number, one in known.items() if not isinstance(one, str)}
    return [number for number, one in definitions.items() if one.needs.events is None or event in one.needs.events]


def _give_columns(known: Iterable[Definition | str]) -> None:
    """A trait that a segment asks for has a column before anybody has the trait: the first who gets it is seen."""
    asked = {name for one in known if not isinstance(one, str) for name in one.needs.columns}
    columns.give_columns(asked - columns.FIXED.keys() - columns.predictions().keys())


def _watched(number: int, known: Definition | str, built: str, here: str, day: str) -> Watched:
    if isinstance(known, str):
        return Watched(number, None, known, stamp := _digest("fault", known), stamp == built)
    stamp = _digest(known.digest, day if known.needs.dates else here, *known.unknown)
    return Watched(number, known, "", stamp, stamp == built)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


Texts = tuple[tuple[int, str], ...]
_last: tuple[Texts, dict[int, Definition | str]] = ((), {})


def _understood(texts: Texts) -> dict[int, Definition | str]:
    """Each definition resolved, or its fault. Asked every second, and seldom different from the last time."""
    global _last
    if _last[0] != texts:
        raw: dict[int, Any] = {number: json.loads(text) for number, text in texts}
        _last = (texts, {number: _resolved(raw, number) for number in raw})
    return _last[1]


def _resolved(raw: dict[int, Any], number: int) -> Definition | str:
    try:
        return parse(raw[number]).resolved(raw.get)
    except DefinitionError as error:
        return str(error)
