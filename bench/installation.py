"""A real installation for measurements and crash tests: `karibu serve` in a home of its own, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """One `karibu serve`: its home, its address and the processes below it."""

    home: Path
    port: int = field(default_factory=free_port)
    options: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def env(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("KARIBU_") and k != "DJANGO_SETTINGS_MODULE"}
        return {**clean, "KARIBU_HOME": str(self.home), "PYTHONUNBUFFERED": "1", **self.environment}

    def start(self, timeout: float = 60) -> float:
        """Starts it and returns the seconds until /readyz said yes. Raises RuntimeError with its output if it ended."""
        begun = time.perf_counter()
        log = (self.home.parent / f"{self.home.name}.serve.log").open("ab")
        command = [sys.executable, "-m", "karibu", "serve", "--port", str(self.port), *self.options]
        self.process = subprocess.Popen(command, env=self.env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while time.perf_counter() - begun < timeout:
            if self.process.poll() is not None:
                raise RuntimeError(f"karibu serve ended with {self.process.returncode}: {self.said()[-2000:]}")
            if self.is_ready():
                return time.perf_counter() - begun
            time.sleep(0.02)
        raise RuntimeError(f"karibu serve was not ready within {timeout} s: {self.said()[-2000:]}")

    def said(self) -> str:
        return (self.home.parent / f"{self.home.name}.serve.log").read_text(errors="replace")

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def karibu(self, *arguments: str) -> str:
        """Runs a `karibu` command against this installation and returns what it printed."""
        command = [sys.executable, "-m", "karibu", *arguments]
        done = subprocess.run(command, env=self.env(), capture_output=True, text=True, check=False, timeout=600)
        if done.returncode:
            raise RuntimeError(f"karibu {' '.join(arguments)}: {done.stderr[-2000:]}")
        return done.stdout.strip()

    def tree(self) -> list[psutil.Process]:
        if self.process is None:
            return []
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def settle(self) -> None:
        """Waits until what a start brings along is done, such as live segments catching up: a minute at most."""
        deadline, calm = time.monotonic() + 60, 0
        while time.monotonic() < deadline and calm < 3:
            before = self._spent()
            time.sleep(2)
            calm = calm + 1 if self._spent() - before < 0.2 else 0

    def _spent(self) -> float:
        """Seconds of CPU of the whole tree."""
        total = 0.0
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:2])
        return total

    def named(self, what: str) -> list[psutil.Process]:
        """The processes of one kind: web, worker, sender, segmenter or postgres (the server, not its children)."""
        marks = {"web": "granian", "postgres": "bin/postgres -D"}
        marks |= {kind: f"karibu {kind}" for kind in ("worker", "sender", "segmenter")}
        return [p for p in self.tree() if marks[what] in _command(p)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


@contextmanager
def installation(**options: object) -> Iterator[Installation]:
    """A fresh installation, started, and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="karibu-bench-", dir=os.environ.get("KARIBU_BENCH_DIR")) as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        home.mkdir(mode=0o755)
        made = Installation(home=home, **options)  # type: ignore[arg-type]
        try:
            made.start()
            yield made
        finally:
            made.stop()
