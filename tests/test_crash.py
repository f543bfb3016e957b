"""The short form of `script/bench crash`; KARIBU_TEST_WHOLE=1 kills 25 times."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TIMES = "25" if os.environ.get("KARIBU_TEST_WHOLE") else "12"  # web, worker, sender and PostgreSQL in turn


@pytest.mark.slow
def test_after_many_kills_every_acknowledged_event_and_every_due_message_is_there_exactly_once():
    command = [sys.executable, "-m", "bench.crash", "--times", TIMES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "every event exactly once, every message exactly once" in done.stdout
