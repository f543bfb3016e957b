"""Spark lines: the shape of a series as the points of an SVG drawn on the server, without a script."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, INSET = 96.0, 24.0, 2.0


@dataclass(frozen=True)
class Spark:
    """`line` and `area` are `points` of a polyline and a polygon in a box of WIDTH x HEIGHT; `x`, `y` is the end."""

    line: str
    area: str
    x: float
    y: float


def spark(values: Sequence[float]) -> Spark | None:
    """Zero is the floor, so that a quiet week does not look like a wild one. None for fewer than two values."""
    if len(values) < 2:
        return None
    top = max(*values, 0) or 1
    step = (WIDTH - 2 * INSET) / (len(values) - 1)
    points = [
        (round(INSET + index * step, 1), round(HEIGHT - INSET - max(value, 0) / top * (HEIGHT - 2 * INSET), 1))
        for index, value in enumerate(values)
    ]
    line = " ".join(f"{x},{y}" for x, y in points)
    floor = HEIGHT - INSET
    return Spark(line, f"{points[0][0]},{floor} {line} {points[-1][0]},{floor}", *points[-1])
