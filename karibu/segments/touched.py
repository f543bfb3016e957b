"""Telling the live segments and the mirror that something changed about customers, where no trigger sees it."""

from collections.abc import Collection

from karibu.customers.raw import Cursor


def touch(cursor: Cursor, customers: Collection[int]) -> None:
    """Something in PostgreSQL changed that the mirror has a column for: a score of theirs, say. In the deed's
    transaction. (What the triggers of migration 0002 watch over needs no such call.)"""
    cursor.execute("SELECT segments_note(%s::bigint[])", [sorted(set(customers))])
