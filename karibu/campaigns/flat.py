"""A report as rows of a table: what a figure is called, and its value."""

from collections.abc import Iterator
from typing import Any


def rows(figures: dict[str, Any]) -> Iterator[list[str]]:
    yield ["figure", "value"]
    yield from _rows("", figures)


def _rows(path: str, value: Any) -> Iterator[list[str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _rows(f"{path}.{name}" if path else str(name), part)
    elif isinstance(value, list):
        for n, part in enumerate(value, 1):
            yield from _rows(f"{path}.{n}", part)
    else:
        yield [path, "" if value is None else str(value)]
