"""Who is in which segment as columns (PAIRS): read from the rows of Member, compared, and written.

Whoever writes holds the locks of the segments (membership.lock), and so do all who might write the same: what was read
under them is what is there, but for people who were erased meanwhile.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import pyarrow as pa
import pyarrow.compute as pc

from karibu.customers.raw import Cursor
from karibu.events.arrays import packed_rows
from karibu.segments.together import PAIRS

_PG_EPOCH, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
NOBODY = pa.array([], pa.int64())

# Who is in which, as one row for many: what is compared with what was found, outside of PostgreSQL, which would sort
# both. A customer's rows are fetched through their index each: the planner does not know how many segments they are in.
_OF_SEGMENTS: LiteralString = """
    SELECT segment_id, string_agg(customer_id::text, ',') FROM segments_member
    WHERE segment_id = ANY(%s::bigint[]) GROUP BY segment_id"""
_OF_CUSTOMERS: LiteralString = """
    SELECT c.id, m.segments FROM unnest(%s::bigint[]) AS c(id), LATERAL (
        SELECT string_agg(segment_id::text, ',') AS segments FROM segments_member WHERE customer_id = c.id OFFSET 0) m
    WHERE m.segments IS NOT NULL"""
# Copied, an entry costs PostgreSQL half of what it costs as a row of INSERT, which looks for it first.
_ENTER: LiteralString = "COPY segments_member (segment_id, customer_id, since) FROM STDIN (FORMAT binary)"
# Rows that went away since they were read (somebody was erased) have not left, so the rows say what was done.
_LEAVE: LiteralString = """
    WITH gone AS (
        DELETE FROM segments_member m USING unnest(%s::bigint[], %s::bigint[]) AS u(segment, customer)
        WHERE m.segment_id = u.segment AND m.customer_id = u.customer RETURNING m.segment_id, m.customer_id
    ) SELECT segment_id, string_agg(customer_id::text, ',') FROM gone GROUP BY segment_id"""


def standing(raw: Cursor, segments: Sequence[int], customers: list[int] | None) -> pa.Table:
    """Who is in these segments now, of these customers or of all."""
    asked: tuple[LiteralString, list[int]] = (
        (_OF_SEGMENTS, list(segments)) if customers is None else (_OF_CUSTOMERS, customers)
    )
    raw.execute(asked[0], [asked[1]])
    keys, texts = zip(*raw.fetchall(), strict=True) if raw.rowcount else ((), ())
    lists = pc.split_pattern(pa.array(texts, pa.large_string()), ",")
    many = pc.list_flatten(lists).cast(pa.int64())
    one = pa.array(keys, pa.int64()).take(pc.list_parent_indices(lists))
    if customers is None:
        return pa.table([one, many], PAIRS)
    return pa.table([many, one], PAIRS).filter(pc.is_in(many, pa.array(segments, pa.int64())))


def apart(one: pa.Table, other: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The pairs that only the one has, and those that only the other has. A join by both columns takes four times as
    long as looking up one number for each pair."""
    span = 1 + max(pc.max(table["segment_id"]).as_py() or 0 for table in (one, other))
    first, second = (
        pc.add_checked(pc.multiply_checked(table["customer_id"], span), table["segment_id"]).combine_chunks()
        for table in (one, other)
    )
    return (
        one.filter(pc.invert(pc.is_in(first, value_set=second))),
        other.filter(pc.invert(pc.is_in(second, value_set=first))),
    )


def enter(raw: Cursor, pairs: pa.Table, at: datetime) -> dict[int, pa.Array]:
    """Writes rows for these, none of whom is in; returns {segment: who entered it, ascending}."""
    if not len(pairs):
        return {}
    pairs = pairs.sort_by([("segment_id", "ascending"), ("customer_id", "ascending")])
    segments, customers = (pairs[name].combine_chunks() for name in PAIRS.names)
    with raw.copy(_ENTER) as copy:
        copy.write(packed_rows(segments, customers, pa.repeat((at - _PG_EPOCH) // _MICROSECOND, len(pairs))))
    return _by_segment(segments, customers)


def leave(raw: Cursor, pairs: pa.Table) -> dict[int, pa.Array]:
    """Takes the rows of these away; returns {segment: who left it, ascending}."""
    if not len(pairs):
        return {}
    raw.execute(_LEAVE, [column.to_pylist() for column in pairs.columns])
    return {segment: _numbers(customers) for segment, customers in raw.fetchall()}


def _by_segment(segments: pa.Array, customers: pa.Array) -> dict[int, pa.Array]:
    """{segment: its customers} of both columns, which are in the order of segments."""
    runs, found, start = pc.run_end_encode(segments, run_end_type=pa.int64()), {}, 0
    for segment, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        found[segment] = customers.slice(start, end - start)
        start = end
    return found


def _numbers(text: str) -> pa.Array:
    """Ids as the statement joins them, ascending."""
    ids = pc.list_flatten(pc.split_pattern(pa.array([text], pa.large_string()), ",")).cast(pa.int64())
    return ids.take(pc.sort_indices(ids))
