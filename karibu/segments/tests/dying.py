"""Run as a program: works on the mirror, with files of few rows, and is killed (SIGKILL) at a given point.

python -m karibu.segments.tests.dying MODULE.FUNCTION before|after MODULE.FUNCTION
"""

import os
import signal
import subprocess
import sys
from importlib import import_module
from typing import Any

from karibu.config.testing import database_url


def die(doing: str, when: str, point: str, lake: object, **small: int) -> None:
    """Starts this program on the test's database and lake, and sees that it was killed. `small`: keep's limits."""
    environment = {
        **os.environ,
        "KARIBU_DATABASE_URL": database_url(),
        "KARIBU_LAKE_URL": str(lake),
        "DJANGO_SETTINGS_MODULE": "karibu.config.settings",
    }
    said = [f"{name}={number}" for name, number in small.items()]
    command = [sys.executable, "-m", "karibu.segments.tests.dying", doing, when, point, *said]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def _lethal(function: Any, when: str) -> Any:
    def killed(*arguments: Any, **named: Any) -> Any:
        if when == "after":
            function(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return killed


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
    setattr(place, function, _lethal(getattr(place, function), when))
    getattr(keep, doing)()


if __name__ == "__main__":
    main(*sys.argv[1:])
