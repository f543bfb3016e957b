"""Blocks of the tail that this process has unpacked lately, and which of their columns. A block never changes: what
changes gets a new id."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# Texts that come again and again are kept as numbers in a list of them: a large tail then has room for what is asked.
REPEATED = frozenset(
    ("type", "name", "source", "channel", "product_id", "category", "query", "currency", "coupon", "campaign", "url")
)


class Blocks:
    """As many as LIMIT has room for. What finds no room is unpacked again for the next question."""

    LIMIT = 64 * 2**20  # bytes

    def __init__(self) -> None:
        self._kept: dict[int, pa.Table] = {}
        self._size = 0
        self._lock = threading.Lock()

    def having(self, columns: Sequence[str]) -> dict[int, pa.Table]:
        """{id: these columns} of those of which all of them are unpacked."""
        with self._lock:
            kept = list(self._kept.items())
        wanted, listed = set(columns), list(columns)
        return {id_: _of(table, listed) for id_, table in kept if wanted.issubset(table.column_names)}

    def unpacked(self, id_: int, ipc: bytes | memoryview, columns: Sequence[str], oldest: int) -> pa.Table:
        """These columns of a block, kept where there is room or a block from before `oldest` can go: one whose events
        are in files by now, as those of a tail go in the order in which they came."""
        from karibu.events import tail

        table = self._kept.get(id_)
        if missing := [name for name in columns if table is None or name not in table.column_names]:
            table = _side_by_side(_lean(tail.decode(ipc, missing)), table)
            self._keep(id_, table, oldest)
        return _of(table, list(columns))

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _keep(self, id_: int, table: pa.Table, oldest: int) -> None:
        with self._lock:
            self._take_out(id_)
            for old in sorted(known for known in self._kept if known < oldest):
                if self._size + table.nbytes <= self.LIMIT:
                    break
                self._take_out(old)
            if self._size + table.nbytes <= self.LIMIT:
                self._kept[id_] = table
                self._size += table.nbytes

    def _take_out(self, id_: int) -> None:
        if (table := self._kept.pop(id_, None)) is not None:
            self._size -= table.nbytes


def _of(table: pa.Table, columns: list[str]) -> pa.Table:
    return table if table.column_names == columns else table.select(columns)


def _side_by_side(table: pa.Table, more: pa.Table | None) -> pa.Table:
    if more is None:
        return table
    for name in more.column_names:
        table = table.append_column(name, more[name])
    return table


def _lean(table: pa.Table) -> pa.Table:
    for place, name in enumerate(table.column_names):
        if name in REPEATED:
            table = table.set_column(place, name, table[name].dictionary_encode())
    return table
