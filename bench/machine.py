"""What this machine can do at most: cores, fsyncs a second. Every report of a measurement starts with it."""

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def fsyncs_per_second(folder: Path, seconds: float = 1.0) -> int:
    """8 kB overwrites, each made durable with fdatasync, one after the other."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        block, count, end = b"x" * 8192, 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            os.pwrite(file.fileno(), block, 0)
            os.fdatasync(file.fileno())
            count += 1
    return int(count / seconds)


def line(folder: Path) -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = platform.python_version()
    return f"machine: {cores} cores, {platform.machine()}, Python {python}, {fsyncs_per_second(folder):,} fsyncs/s"


@contextmanager
def alone() -> Iterator[Path]:
    """A fresh home with PostgreSQL and Django for this process alone, taken away afterwards."""
    with tempfile.TemporaryDirectory(prefix="karibu-bench-", dir=os.environ.get("KARIBU_BENCH_DIR")) as folder:
        home = Path(folder)
        home.chmod(0o755)
        os.environ.update(KARIBU_HOME=folder, DJANGO_SETTINGS_MODULE="karibu.config.settings")
        from karibu.config import postgres

        server = postgres.start(home)
        try:
            import django

            django.setup()
            yield home
        finally:
            from django.db import connections

            connections.close_all()
            postgres.stop(server)


if __name__ == "__main__":
    print(line(Path(tempfile.gettempdir())))
