"""What changes by the passing of time alone: an event that leaves a window, "no order for 30 days" that comes true.

An event of time t counts from t on (some lie in the future: an import, another machine's clock), in a window of length
w until t + w, to the microsecond, and in one that ended e ago from t + e on: all are ages at which something changes.
Due holds, for every customer, the first of these moments that is before a horizon two hours ahead: for those whom a
turn of the live segments looks at, from their events; for everybody else, once an hour, from the hours of the log that
are about to come to such an age.
Conditions on days of the calendar are found anew at the shop's midnight (watched.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from karibu.customers.raw import cursor as raw_cursor
from karibu.events import log, queries
from karibu.events.arrays import with_bulk_arrays
from karibu.segments.conditions.combined import leaves
from karibu.segments.definition import Definition
from karibu.segments.models import Horizon

if TYPE_CHECKING:
    import pyarrow as pa

REACH = timedelta(hours=2)  # how far ahead Due is known
EVERY = timedelta(hours=1)
COLUMNS = frozenset({"name", "time"})  # of the log's events, that leaving() reads
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Windows = dict[timedelta, set[str]]


def windows(definitions: Iterable[Definition]) -> Windows:
    """Which events come into or leave a window at which age."""
    found: Windows = {}
    for definition in definitions:
        for leaf in leaves(definition.tree):
            needs = leaf.needs()
            for length in needs.windows:
                found.setdefault(length, set()).update(needs.events or ())
    return found


def beginning(definitions: Iterable[Definition], since: datetime) -> Windows:
    """The same of what is to come (an import, another machine's clock): it counts as soon as it has happened."""
    names = {name for one in definitions for name in one.needs.events or ()}
    return {timedelta(): names} if names and queries.is_any_after(since) else {}


def horizon() -> datetime | None:
    """Until when Due is complete; None before the first look ahead."""
    return Horizon.objects.values_list("at", flat=True).first()


def look_ahead(definitions: Collection[Definition], now: datetime) -> None:
    """Once an hour: moves the horizon, and notes everybody for whom something happens before it."""
    known = horizon()
    if known and known - now >= EVERY:
        return
    note_all(definitions, known or now, now + REACH)
    Horizon.objects.update_or_create(id=1, defaults={"at": now + REACH})


def note_all(definitions: Collection[Definition], since: datetime, until: datetime) -> None:
    """Notes everybody an event of whom begins to count, comes into or leaves a window in since < t ≤ until."""
    for length, names in {**beginning(definitions, since), **windows(definitions)}.items():
        first, last = since - length, until - length
        found = log.query(
            "SELECT customer, epoch_us(min(time)) AS happened FROM events WHERE customer IS NOT NULL AND time > $first"
            " AND time <= $last AND list_contains($names, name) GROUP BY customer",
            {"first": first, "last": last, "names": sorted(names)},
            since=first,
            until=last + _MICROSECOND,
        )
        moved = [at + length // _MICROSECOND for at in found["happened"].to_pylist()]
        _note(found["customer"].to_pylist(), moved)


def leaving(of: Windows, until: datetime) -> str:
    """SQL over `events` (person, COLUMNS): `person` and `ends`, when first one of theirs comes to such an age, in µs.

    It is the same text until the horizon moves, so the engine reads it once.
    """
    parts = [
        f"SELECT person, min(epoch_us(time)) + {length // _MICROSECOND} AS ends FROM events"  # noqa: S608
        f" WHERE time > karibu_ago({length // _MICROSECOND}) AND time <= {_moment(until - length)}"
        f" AND name IN ({', '.join(map(_quoted, sorted(names)))}) GROUP BY person"
        for length, names in of.items()
    ]
    return f"SELECT person, min(ends) AS ends FROM ({' UNION ALL '.join(parts)}) GROUP BY person"  # noqa: S608


def note(found: pa.Table) -> None:
    """Writes down what leaving() found."""
    _note(found["person"].to_pylist(), found["ends"].to_pylist())


def take_due(now: datetime, most: int) -> set[int]:
    """Takes up to `most` customers out of Due whose moment has come."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM segments_due WHERE (at, customer_id) IN (SELECT at, customer_id FROM segments_due"
            " WHERE at <= %s ORDER BY at LIMIT %s) RETURNING customer_id",
            [now, most],
        )
        return {row[0] for row in cursor.fetchall()}


def note_ahead(customers: Collection[int], now: datetime) -> None:
    """Notes these for the moments, as far as the horizon, at which something of theirs that is to come will count."""
    until = horizon() or now
    if not queries.is_any_after(now):
        return
    found = log.query(
        "SELECT DISTINCT customer, epoch_us(time) AS happens FROM events"
        " WHERE time > $now AND time <= $until AND list_contains($customers, customer)",
        {"now": now, "until": until, "customers": list(customers)},
        since=now,
        until=until + _MICROSECOND,
    )
    _note(found["customer"].to_pylist(), found["happens"].to_pylist())


def look_again(customers: Iterable[int], at: datetime) -> None:
    """Has somebody looked at once more."""
    ids = list(customers)
    _note(ids, [_micros(at)] * len(ids))


def _note(customers: list[int], moments: list[int]) -> None:
    with_bulk_arrays(raw_cursor()).execute(
        "INSERT INTO segments_due (at, customer_id) SELECT '1970-01-01 00:00Z'::timestamptz"
        " + u.at * interval '1 microsecond', u.id"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS u(id, at) ORDER BY 1, 2 ON CONFLICT DO NOTHING",
        [customers, moments],
    )


def _moment(moment: datetime) -> str:
    return f"make_timestamptz({_micros(moment)})"


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
