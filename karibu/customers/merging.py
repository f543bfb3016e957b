"""Two customers become one, and one becomes two again.

Every table that names a customer registers here; its rows follow the loser to the winner, and the merge keeps
which they were. Rows that come later, to the merged customer, stay with the winner on undo: nobody can say
which of the two they belong to. Events and traits never move: they are read for the whole family of ids.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import LiteralString, NamedTuple

from django.db import transaction
from psycopg import sql

from karibu.customers import search, traits
from karibu.customers.models import Merge
from karibu.customers.raw import Cursor, cursor
from karibu.web.actions import record

Kept = dict[str, list[int]]
After = Callable[[Cursor, list[int]], None]


class MergeRefused(ValueError):
    """These two cannot be merged, or this merge cannot be undone; the message says why."""


class Pair(NamedTuple):
    winner: int
    loser: int
    reason: str


@dataclass(frozen=True)
class Follower:
    """A table whose rows belong to a customer by `column`; `key` is its integer primary key."""

    table: str
    column: str
    key: str = "id"

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"

    def statement(self, text: LiteralString) -> sql.Composed:
        names = {"table": self.table, "column": self.column, "key": self.key}
        return sql.SQL(text).format(**{word: sql.Identifier(name) for word, name in names.items()})


_followers: dict[str, Follower] = {}
_afters: list[After] = []
# merged_into follows like any other column: a family stays one level deep, and undo puts it back.
_FAMILY = Follower("customers_customer", "merged_into")


def register(table: str, column: str, key: str = "id") -> None:
    """Rows of `table` whose `column` is a customer follow a merge and come back on undo. Index the column."""
    follower = Follower(table, column, key)
    _followers[follower.name] = follower


def after(callback: After) -> None:
    """`callback(cursor, customer_ids)` runs after each merge and undo, in its transaction: totals kept on the
    customer are reckoned again there."""
    if callback not in _afters:
        _afters.append(callback)


def merge_customers(winner: int, loser: int, *, by: str, reason: str) -> int:
    """Makes `loser` part of `winner` and returns the merge's id, with which it can be undone.

    Raises MergeRefused when one of them does not exist, was merged or erased, or both are the same.
    """
    with transaction.atomic():
        raw = cursor()
        _lock_for_merge(raw, winner, loser)
        (merge_id,) = merge_many(raw, [Pair(winner, loser, reason)], by=by)
        record(by, "merged customers", f"customer {winner}", loser=loser, merge=merge_id, reason=reason)
    return merge_id


def _lock_for_merge(raw: Cursor, winner: int, loser: int) -> None:
    if winner == loser:
        raise MergeRefused("A customer cannot be merged with themselves.")
    raw.execute(
        "SELECT id, merged_into, erased_at FROM customers_customer WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
        [[winner, loser]],
    )
    found = {row[0]: row for row in raw.fetchall()}
    for customer_id in (winner, loser):
        if customer_id not in found:
            raise MergeRefused(f"There is no customer {customer_id}.")
        if found[customer_id][1]:
            raise MergeRefused(f"Customer {customer_id} is part of customer {found[customer_id][1]} already.")
        if found[customer_id][2]:
            raise MergeRefused(f"Customer {customer_id} was erased.")


def merge_many(raw: Cursor, pairs: Sequence[Pair], *, by: str, now: datetime | None = None) -> list[int]:
    """Merges all pairs, in their order, whose customers the caller has locked; returns the merges' ids."""
    now = now or datetime.now(UTC)
    return [merge_id for part in _rounds(pairs) for merge_id in _merge_round(raw, part, by, now)]


def _rounds(pairs: Sequence[Pair]) -> Iterable[list[Pair]]:
    """Splits so that within a round nobody is merged twice, or merged into one who is merged."""
    part: list[Pair] = []
    winners: set[int] = set()
    losers: set[int] = set()
    for pair in pairs:
        if pair.loser in winners or pair.loser in losers or pair.winner in losers:
            yield part
            part, winners, losers = [], set(), set()
        part.append(pair)
        winners.add(pair.winner)
        losers.add(pair.loser)
    if part:
        yield part


def _merge_round(raw: Cursor, pairs: list[Pair], by: str, now: datetime) -> list[int]:
    losers, winners = [pair.loser for pair in pairs], [pair.winner for pair in pairs]
    kept = _move_rows(raw, losers, winners)
    raw.execute(
        "UPDATE customers_customer c SET merged_into = m.winner"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS m(loser, winner) WHERE c.id = m.loser",
        [losers, winners],
    )
    _join_activity(raw, losers, winners)
    merge_ids = write_down(raw, pairs, by=by, now=now, kept=kept)
    _settle(raw, winners, losers)
    return merge_ids


def write_down(
    raw: Cursor, pairs: Sequence[Pair], *, by: str, now: datetime, kept: Mapping[int, Kept] | None = None
) -> list[int]:
    """The merges' rows alone, without `kept` of losers who had nothing yet: rows that were made with `merged_into`."""
    losers, winners = [pair.loser for pair in pairs], [pair.winner for pair in pairs]
    rows = [json.dumps((kept or {}).get(loser, {})) for loser in losers]
    raw.execute(
        "INSERT INTO customers_merge (winner, loser, at, by, reason, kept, undone_by)"
        " SELECT m.winner, m.loser, %s, %s, m.reason, m.kept::jsonb, ''"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS m(winner, loser, reason, kept)"
        " RETURNING id",
        [now, by, winners, losers, [pair.reason for pair in pairs], rows],
    )
    return [row[0] for row in raw.fetchall()]


def _move_rows(raw: Cursor, losers: list[int], winners: list[int]) -> dict[int, Kept]:
    kept: dict[int, Kept] = {loser: {} for loser in losers}
    for statement in _moves((_FAMILY, *_followers.values())):
        raw.execute(statement, [losers, winners])
        for loser, name, key in raw.fetchall():
            kept[loser].setdefault(name, []).append(key)
    return kept


@cache
def _moves(followers: tuple[Follower, ...]) -> list[str]:
    """All tables in one statement, since most hold no row of most who are merged and each would be asked in vain.

    A statement changes a row once: where two columns of a table are registered, the second has one of its own.
    """
    rounds: list[dict[str, Follower]] = []
    for follower in followers:
        free = next((each for each in rounds if follower.table not in each), None)
        if free is None:
            rounds.append(free := {})
        free[follower.table] = follower
    return [_move(list(each.values())) for each in rounds]


def _move(followers: list[Follower]) -> str:
    moves, found = [], []
    for n, follower in enumerate(followers):
        update = follower.statement(
            "UPDATE {table} t SET {column} = m.winner FROM m WHERE t.{column} = m.loser"
            " RETURNING m.loser, t.{key} AS key"
        )
        moves.append(f"moved{n} AS ({update.as_string()})")
        found.append(f"SELECT loser, '{follower.name}', key FROM moved{n}")  # noqa: S608 - names of our own
    pairs = "m AS MATERIALIZED (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS m(loser, winner))"
    return f"WITH {', '.join([pairs, *moves])} {' UNION ALL '.join(found)}"


def _join_activity(raw: Cursor, losers: list[int], winners: list[int]) -> None:
    raw.execute(
        "INSERT INTO customers_activity (customer_id, first_seen, last_seen)"
        " SELECT m.winner, min(a.first_seen), max(a.last_seen)"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS m(loser, winner)"
        " JOIN customers_activity a ON a.customer_id = m.loser GROUP BY 1 ORDER BY 1"
        " ON CONFLICT (customer_id) DO UPDATE SET"
        " first_seen = least(customers_activity.first_seen, excluded.first_seen),"
        " last_seen = greatest(customers_activity.last_seen, excluded.last_seen)",
        [losers, winners],
    )


def undo_merge(merge_id: int, *, by: str) -> None:
    """Takes a merge apart: both customers are again what they were, each with the rows that were theirs.

    Raises MergeRefused when there is no such merge, it was undone already, or the customer was erased since.
    """
    with transaction.atomic():
        raw = cursor()
        undo_many(raw, [merge_id], by=by)
        merge = Merge.objects.get(pk=merge_id)
        record(by, "undid merge", f"customer {merge.winner}", loser=merge.loser, merge=merge_id)


def undo_many(raw: Cursor, merge_ids: Iterable[int], *, by: str) -> None:
    """Undoes merges in the order given, each in this transaction."""
    for merge_id in merge_ids:
        merge = Merge.objects.select_for_update().filter(pk=merge_id).first()
        if merge is None:
            raise MergeRefused(f"There is no merge {merge_id}.")
        if merge.undone_at:
            raise MergeRefused(f"Merge {merge_id} was undone already.")
        _take_apart(raw, merge, by)


def _take_apart(raw: Cursor, merge: Merge, by: str) -> None:
    above = _merges_above(merge)
    holder = above[-1].winner if above else merge.winner
    raw.execute(
        "SELECT id FROM customers_customer WHERE id = ANY(%s) AND erased_at IS NULL ORDER BY id FOR UPDATE",
        [[holder, merge.loser]],
    )
    if len(raw.fetchall()) < 2:
        raise MergeRefused("The customer was erased since: there is nothing to take apart.")
    kept: Kept = merge.kept
    _return_rows(raw, kept, holder, merge.loser)
    raw.execute("UPDATE customers_customer SET merged_into = NULL WHERE id = %s", [merge.loser])
    _forget_above(above, {**kept, _FAMILY.name: [*kept.get(_FAMILY.name, []), merge.loser]})
    merge.undone_at, merge.undone_by = datetime.now(UTC), by
    merge.save(update_fields=["undone_at", "undone_by"])
    _settle(raw, [holder], [merge.loser])


def _merges_above(merge: Merge) -> list[Merge]:
    """The merges by which this one's winner went on to become part of others, in that order."""
    path: list[Merge] = []
    winner = merge.winner
    while found := Merge.objects.select_for_update().filter(loser=winner, undone_at=None).first():
        path.append(found)
        winner = found.winner
    return path


def _return_rows(raw: Cursor, kept: Kept, holder: int, loser: int) -> None:
    """Each row goes back if the holder still has it; a table that is no longer registered keeps its rows."""
    for name, follower in {_FAMILY.name: _FAMILY, **_followers}.items():
        if keys := kept.get(name):
            raw.execute(
                follower.statement("UPDATE {table} SET {column} = %s WHERE {key} = ANY(%s) AND {column} = %s"),
                [loser, keys, holder],
            )


def _forget_above(above: list[Merge], gone: Kept) -> None:
    """What left the family is no longer any later merge's to give back."""
    for merge in above:
        merge.kept = {
            name: [key for key in keys if key not in set(gone.get(name, ()))] for name, keys in merge.kept.items()
        }
        merge.save(update_fields=["kept"])


def _settle(raw: Cursor, winners: list[int], losers: list[int]) -> None:
    """Everything that is derived is derived again, on both sides."""
    touched = sorted({*winners, *losers})
    traits.settle(raw, touched)
    raw.execute(
        "UPDATE customers_customer c SET is_anonymous = NOT is_anonymous WHERE id = ANY(%s) AND is_anonymous = ("
        "c.name <> '' OR EXISTS (SELECT 1 FROM customers_identity i"
        " WHERE i.customer_id = c.id AND i.kind <> 'anonymous'))",
        [touched],
    )
    search.refresh(raw, touched)
    for callback in _afters:
        callback(raw, touched)


def merges_of(family: list[int]) -> list[Merge]:
    """The merges in force inside a family, newest first."""
    return list(Merge.objects.filter(winner__in=family, loser__in=family, undone_at=None).order_by("-at", "-id"))
