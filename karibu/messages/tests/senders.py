"""Real sender processes for the tests to start and to kill: one parent that has everything loaded forks them.

Starting Python and Django anew takes a second; a fork is ready in milliseconds and is killed like any process.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from karibu.config.testing import database_url

# Reads a moment (seconds since the epoch) a line, starts a sender that begins then, answers its process id.
_PARENT = """
import os, signal, sys, time
import django; django.setup()
from karibu.messages import send, content
from karibu.messages.channels import get
get("email")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    child = os.fork()
    if not child:
        time.sleep(max(0, float(line) - time.time()))
        while not send.step():
            pass
        os._exit(0)
    print(child, flush=True)
"""


@dataclass
class Senders:
    parent: "subprocess.Popen[str]"

    def start(self, at: float = 0) -> int:
        """Starts a process that sends until nothing is due; `at` is when it begins. Returns its id."""
        assert self.parent.stdin and self.parent.stdout
        self.parent.stdin.write(f"{at}\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())


@contextmanager
def senders() -> Iterator[Senders]:
    environment = {
        **os.environ,
        "KARIBU_DATABASE_URL": database_url(),
        "KARIBU_SMTP_URL": settings.KARIBU_SMTP_URL,
        "DJANGO_SETTINGS_MODULE": "karibu.config.settings",
    }
    pipe = subprocess.PIPE
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], env=environment, stdin=pipe, stdout=pipe, text=True)
    with parent:
        yield Senders(parent)
        assert parent.stdin
        parent.stdin.close()


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_end(processes: list[int], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while any(is_running(one) for one in processes):
        if time.monotonic() > deadline:
            raise TimeoutError(f"senders still run after {seconds} s")
        time.sleep(0.02)
