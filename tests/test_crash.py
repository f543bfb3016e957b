"""The short form of `script/bench crash`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_after_25_kills_every_acknowledged_event_and_every_due_message_is_there_exactly_once():
    """Web, worker, sender and PostgreSQL in turn, at random moments."""
    command = [sys.executable, "-m", "bench.crash", "--times", "25"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "every event exactly once, every message exactly once" in done.stdout
