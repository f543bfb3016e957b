"""Who is in which segment: rows of now, and an event of the log for every entry and exit.

What was found is compared with the rows, and what differs is one statement; rows, events, sizes and whoever listens
are one transaction. A person's entry and exit never share a moment, so the log alone tells who was in at any time.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import LiteralString, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from django.utils import timezone

from karibu.customers.raw import Cursor, cursor
from karibu.events import log, made
from karibu.events.arrays import with_bulk_arrays
from karibu.segments import pairs
from karibu.segments.models import Size
from karibu.segments.pairs import NOBODY
from karibu.segments.together import PAIRS as PAIRS

ENTERED, LEFT = "Segment Entered", "Segment Left"
SOURCE, CHANNEL = "Segments", "server"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST = datetime(9999, 1, 1, tzinfo=UTC)  # behind it there is no room to reckon

OnChange = Callable[[Cursor, int, pa.Array, pa.Array, datetime], None]
_listeners: list[OnChange] = []


@dataclass(frozen=True)
class Change:
    """How many entered and left a segment, and how many are in it now."""

    entered: int
    left: int
    size: int


class _Locked(NamedTuple):
    name: str
    size: int
    changed_at: datetime | None


class _Move(NamedTuple):
    entered: pa.Array
    left: pa.Array


def on_change(callback: OnChange) -> None:
    """`callback(cursor, segment_id, entered, left, at)` runs in the transaction of each change; two arrays of ids."""
    if callback not in _listeners:
        _listeners.append(callback)


def rebuild(segment_id: int, members: pa.Array, now: datetime | None = None) -> Change:
    """Makes `members` (each once) the whole membership. They were found while this transaction held lock()."""
    found = pa.table({"segment_id": pa.repeat(segment_id, len(members)), "customer_id": members}, PAIRS)
    return _settle(found, [segment_id], None, now, [segment_id])[segment_id]


def empty(segment_id: int, now: datetime | None = None) -> Change:
    """Everybody leaves."""
    return rebuild(segment_id, NOBODY, now)


def settle(
    found: pa.Table, segments: Sequence[int], looked_at: Collection[int], now: datetime | None = None
) -> dict[int, Change]:
    """Of the customers `looked_at` those in `found` (PAIRS) are in `segments`, and the others are not.

    Returns what changed; segments without a change are not in it. They were found under lock().
    """
    return _settle(found, segments, sorted(looked_at), now)


def lock(segments: Collection[int], *, wait: bool = True) -> list[int]:
    """Locks segments until the transaction ends, and returns which: without `wait` those that nobody else holds."""
    return sorted(_locked(cursor(), segments, wait=wait))


def as_of(segment_id: int, moment: datetime) -> pa.Table:
    """Who was in the segment at `moment`: `id` as the customer was numbered then, and `since`. In order of id.

    Only what Karibu itself wrote counts: a browser may send events of any name.
    """
    moment = min(moment, _LAST)
    return log.query(
        """
        SELECT customer AS id, max(time) AS since FROM events
        WHERE name IN ($entered, $left) AND time <= $moment AND starts_with(message_id, $mark) AND source = $source
        GROUP BY customer HAVING arg_max(name, time) = $entered ORDER BY id""",
        {"entered": ENTERED, "left": LEFT, "moment": moment, "mark": f"segment-{segment_id}-", "source": SOURCE},
        until=moment + _MICROSECOND,
    )


def history(segment_id: int, days: int, today: date | None = None) -> list[Size]:
    """A row for each of the last `days` days (UTC), today last: how many were in at its end, came and went.

    Days before the segment was first built are left out.
    """
    today = today or timezone.now().astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    kept = {row.day: row for row in Size.objects.filter(segment_id=segment_id, day__gte=first, day__lte=today)}
    before = Size.objects.filter(segment_id=segment_id, day__lt=first).order_by("-day").first()
    rows: list[Size] = []
    last = before
    for day in (first + timedelta(days=n) for n in range(days)):
        last = kept.get(day) or (last and Size(segment_id=segment_id, day=day, members=last.members))
        rows += [last] if last else []
    return rows


_LOCK: LiteralString = """
    SELECT id, name, coalesce(size, 0), changed_at FROM segments_segment WHERE id = ANY(%s)
    ORDER BY id FOR NO KEY UPDATE"""


def _settle(
    found: pa.Table,
    segments: Sequence[int],
    customers: list[int] | None,
    now: datetime | None,
    always: Sequence[int] = (),
) -> dict[int, Change]:
    with transaction.atomic():
        raw = with_bulk_arrays(cursor())
        locked = _locked(raw, segments)
        moment = _moment(now or timezone.now(), locked.values())
        come, go = pairs.apart(found, pairs.standing(raw, segments, customers))
        entered, left = pairs.enter(raw, come, moment), pairs.leave(raw, go)
        moved = sorted({*entered, *left, *always})
        moves = {number: _Move(entered.get(number, NOBODY), left.get(number, NOBODY)) for number in moved}
        return _note(raw, locked, moves, moment)


def _locked(raw: Cursor, segments: Collection[int], *, wait: bool = True) -> dict[int, _Locked]:
    raw.execute(_LOCK if wait else _LOCK + " SKIP LOCKED", [list(segments)])
    return {row[0]: _Locked(*row[1:]) for row in raw.fetchall()}


def _moment(now: datetime, segments: Collection[_Locked]) -> datetime:
    """`now`, or just after the last change, so that no two changes of a segment share a moment."""
    return max([now, *(segment.changed_at + _MICROSECOND for segment in segments if segment.changed_at)])


def _note(raw: Cursor, segments: dict[int, _Locked], moves: dict[int, _Move], at: datetime) -> dict[int, Change]:
    """Writes down what changed: events, sizes, and whatever listeners make of it.

    All entries, then all exits: whoever else writes such events counts them in the same order.
    """
    names = {number: segments[number].name for number in moves}
    _tell(raw, ENTERED, {number: move.entered for number, move in moves.items()}, names, at)
    _tell(raw, LEFT, {number: move.left for number, move in moves.items()}, names, at)
    changes = {number: _counted(segments[number].size, move) for number, move in moves.items()}
    columns = [list(moves), *map(list, zip(*map(astuple, changes.values()), strict=True))] if changes else [[]] * 4
    raw.execute(_SIZES, [at.astimezone(UTC).date(), at, *columns])
    for number, move in moves.items():
        if len(move.entered) or len(move.left):
            for callback in _listeners:
                callback(raw, number, move.entered, move.left, at)
    return changes


def _counted(size: int, move: _Move) -> Change:
    came, went = len(move.entered), len(move.left)
    return Change(came, went, size + came - went)


_SIZES: LiteralString = """
    WITH change AS MATERIALIZED (
        SELECT u.*, %s::date AS day, %s::timestamptz AS at
        FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[]) AS u(id, entered, gone, size) ORDER BY u.id
    ), day AS (
        INSERT INTO segments_size AS s (segment_id, day, members, entered, "left")
        SELECT id, day, size, entered, gone FROM change
        ON CONFLICT (segment_id, day) DO UPDATE SET members = excluded.members,
            entered = s.entered + excluded.entered, "left" = s."left" + excluded."left"
    )
    UPDATE segments_segment s SET size = change.size,
        changed_at = CASE WHEN entered + gone > 0 THEN change.at ELSE changed_at END
    FROM change WHERE s.id = change.id"""


def _tell(raw: Cursor, name: str, who: dict[int, pa.Array], segments: dict[int, str], at: datetime) -> None:
    """One event for each customer of each segment."""
    who = {number: customers for number, customers in who.items() if len(customers)}
    if not who:
        return
    side, moment = "in" if name == ENTERED else "out", str((at - _EPOCH) // _MICROSECOND)
    join = pc.binary_join_element_wise
    columns = {
        "message_id": [join(f"segment-{n}-{side}", ids.cast(pa.string()), moment, "-") for n, ids in who.items()],
        "customer": list(who.values()),
        "properties": [pa.repeat(_properties(n, segments[n]), len(ids)) for n, ids in who.items()],
    }
    whole = {column: pa.concat_arrays(arrays) for column, arrays in columns.items()}
    said = {"name": name, "time": at, "source": SOURCE, "channel": CHANNEL}
    made.record(raw, len(whole["customer"]), {**whole, **said}, at)


def _properties(segment_id: int, name: str) -> str:
    return msgspec.json.encode({"segment_id": segment_id, "segment": name}).decode()
