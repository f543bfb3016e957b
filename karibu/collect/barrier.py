"""Whom nobody may keep, not even among what was set aside. An upper app says it: consents, of people who were erased.

Events that are taken pass the pipeline's own stage; this is for those that are not.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeVar

import psycopg
from django.db import connection

Row = TypeVar("Row")


class Barrier(NamedTuple):
    """`digests(body)`: of everybody whom an event's text names. `query`: which of an array of them are kept out."""

    digests: Callable[[str], Collection[str]]
    query: str


_barrier: list[Barrier] = []


def raise_barrier(barrier: Barrier) -> None:
    _barrier[:] = [barrier]


def passing(rows: Sequence[Row], body: Callable[[Row], str]) -> list[Row]:
    """The rows that name nobody who is kept out, on Django's connection."""
    if not rows or not _barrier:
        return list(rows)
    carried = _carried(rows, body)
    with connection.cursor() as cursor:
        cursor.execute(_barrier[0].query, [sorted(set().union(*carried))])
        return _without(rows, carried, {row[0] for row in cursor.fetchall()})


async def passing_on(connection: psycopg.AsyncConnection, rows: Sequence[Row], body: Callable[[Row], str]) -> list[Row]:
    """The same on a connection of one's own."""
    if not rows or not _barrier:
        return list(rows)
    carried = _carried(rows, body)
    answer = await connection.execute(_barrier[0].query, [sorted(set().union(*carried))])
    return _without(rows, carried, {row[0] for row in await answer.fetchall()})


def _carried(rows: Sequence[Row], body: Callable[[Row], str]) -> list[set[str]]:
    return [set(_barrier[0].digests(body(row))) for row in rows]


def _without(rows: Sequence[Row], carried: list[set[str]], kept_out: set[str]) -> list[Row]:
    return [row for row, theirs in zip(rows, carried, strict=True) if not theirs & kept_out]
