"""Run as a program: works on the mirror, with files of few rows, and is killed (SIGKILL) at a given point.

python -m karibu.segments.tests.dying MODULE.FUNCTION before|after MODULE.FUNCTION
"""

import sys
from importlib import import_module
from typing import Any

from karibu.events.tests.dying import is_killed, lethal


def die(doing: str, when: str, point: str, lake: object, **small: int) -> None:
    """Starts this program on the test's database and lake, and sees that it was killed. `small`: keep's limits."""
    said = [f"{name}={number}" for name, number in small.items()]
    is_killed("karibu.segments.tests.dying", [doing, when, point, *said], lake)


def main(doing: str, when: str, point: str, *small: str) -> None:
    import django

    django.setup()
    keep = import_module("karibu.segments.mirror.keep")
    for said in small:
        name, _, number = said.partition("=")
        setattr(keep, name, int(number))
    name, _, function = point.partition(".")
    place: Any = import_module(f"karibu.segments.mirror.{name}")
    *path, function = function.split(".")
    for part in path:
        place = getattr(place, part)
    setattr(place, function, lethal(getattr(place, function), when))
    getattr(keep, doing)()


if __name__ == "__main__":
    main(*sys.argv[1:])
