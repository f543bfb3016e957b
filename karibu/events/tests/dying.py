"""Run as a program: does one thing to the log and is killed (SIGKILL) at a given point.

python -m karibu.events.tests.dying flush before|after MODULE.FUNCTION LAKE
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from karibu.config.testing import database_url

DOINGS = {
    "flush": "karibu.events.flush.flush_everything",
    "compact": "karibu.events.compact.compact",
}


def die(doing: str, when: str, point: str, lake: object) -> None:
    """Starts this program on the test's database and lake, and sees that it was killed."""
    is_killed("karibu.events.tests.dying", [doing, when, point], lake)


def is_killed(program: str, words: Sequence[str], lake: object) -> None:
    """Starts a program (a module) on the test's database and lake, and sees that it was killed."""
    environment = {
        **os.environ,
        "KARIBU_DATABASE_URL": database_url(),
        "KARIBU_LAKE_URL": str(lake),
        "DJANGO_SETTINGS_MODULE": "karibu.config.settings",
    }
    command = [sys.executable, "-m", program, *words]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def lethal(function: Any, when: str) -> Any:
    """The function, before or after which this process is killed."""

    def killed(*arguments: Any, **named: Any) -> Any:
        if when == "after":
            function(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return killed


def main(doing: str, when: str, point: str) -> None:
    import django

    django.setup()
    name, _, function = point.rpartition(".")
    module = import_module(f"karibu.events.{name}")
    setattr(module, function, lethal(getattr(module, function), when))
    name, _, function = DOINGS[doing].rpartition(".")
    getattr(import_module(name), function)()


if __name__ == "__main__":
    main(*sys.argv[1:])
