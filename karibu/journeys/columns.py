"""Rows for unnest()."""

from collections.abc import Iterable, Sequence
from typing import Any


def columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Rows turned into one list for each column."""
    return [list(column) for column in zip(*rows, strict=True)]
