"""Journeys: durable steps a second, beside DBOS on the same machine, and a million timers due in the same minute.

Everybody goes through three steps that only decide (what brought them in, chance, what brought them in), each written
down as a passage. Two processes run the engine's loop as workers do. DBOS runs the same three steps in a workflow each,
two processes on the same PostgreSQL server, which keeps its usual settings: what is committed is on the disk.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bench.machine import alone, line

WORKERS = 2
DECIDES: dict[str, Any] = {"check": {"entry": {"property": "value", "op": "gte", "value": 50}}}
THREE: list[dict[str, Any]] = [DECIDES, {"split": {"shares": {"A": 50, "B": 50}, "salt": "bench"}}, DECIDES]
TIMER = [{"wait": {"hours": 1}}]

WORKER = """
import os, sys, time
import django
django.setup()
from karibu.journeys import engine
print("ready", flush=True)
sys.stdin.readline()
while (pause := engine.step()) < engine.LOOK_AGAIN:
    if pause:
        time.sleep(pause)
"""

DBOS = """
import json, sys, time, hashlib
from dbos import DBOS, DBOSConfig, SetWorkflowID
said = json.loads(sys.stdin.readline())
DBOS(config={"name": "bench", "system_database_url": said["url"], "log_level": "ERROR",
    "run_migrations": said["first"], "executor_id": str(said["number"]), "max_executor_threads": said["threads"]})

@DBOS.step()
def check(value):
    return "yes" if value >= 50 else "no"

@DBOS.step()
def split(person):
    drawn = int.from_bytes(hashlib.sha256(f"bench:{person}".encode()).digest()[:8], "big") * 100 >> 64
    return "A" if drawn < 50 else "B"

@DBOS.workflow()
def journey(person, value):
    return check(value), split(person), check(value)

DBOS.launch()
journey(-1 - said["number"], 1)
print("ready", flush=True)
sys.stdin.readline()
handles = [DBOS.start_workflow(journey, n, n % 100) for n in range(said["count"])]
for handle in handles:
    handle.get_result()
print("done", flush=True)
DBOS.destroy()
"""


def live_journey(steps: Sequence[dict[str, Any]]) -> int:
    """A journey that takes people in by hand; its number."""
    from karibu.journeys import actions

    made = actions.create("Bench", {"entry": {"by_hand": True}, "steps": list(steps)}, by="bench")
    return actions.publish(made, by="bench").pk


def put_in(journey: int, count: int) -> None:
    """So many people stand before its first step, due a moment ago."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journeys_enrollment (journey_id, version, customer_id, key, slot, run, status, reason, step,"
            " arrived_at, due_at, context, entered_at) SELECT %s, 1, n, '', n || '|', 1, 'active', '', 0, now(),"
            " now() - n %% 60 * interval '1 second', jsonb_build_object('value', n %% 100, 'cart_id', 'c-' || n), now()"
            " FROM generate_series(1, %s) AS n",
            [journey, count],
        )


def settle() -> None:
    """As autovacuum would have done before long."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE journeys_enrollment")


def advanced(journey: int, count: int, steps: int) -> float:
    """Seconds until WORKERS processes have taken everybody through; checks that each went through each step once."""
    workers = [_started([sys.executable, "-c", WORKER]) for _ in range(WORKERS)]
    begun = time.perf_counter()
    for worker in workers:
        _say(worker, "go")
    for worker in workers:
        assert worker.wait(900) == 0
    took = time.perf_counter() - begun
    expect_everybody_through(journey, count, steps)
    return took


def expect_everybody_through(journey: int, count: int, steps: int) -> None:
    from karibu.journeys.models import Enrollment, Passage

    assert Enrollment.objects.filter(journey=journey, status="finished").count() == count
    assert Passage.objects.filter(journey_id=journey).count() == count * steps
    assert Passage.objects.filter(journey_id=journey).values("enrollment", "step").distinct().count() == count * steps


def measure_steps(count: int) -> float:
    """Steps a second."""
    journey = live_journey(THREE)
    put_in(journey, count)
    settle()
    took = advanced(journey, count, len(THREE))
    rate = count * len(THREE) / took
    print(f"three steps: {count:,} people in {took:.1f} s, {rate:,.0f} steps/s (limit 15,000)", flush=True)
    return rate


def measure_timers(count: int) -> None:
    journey = live_journey(TIMER)
    put_in(journey, count)
    settle()
    took = advanced(journey, count, len(TIMER))
    limit = " (limit 90 s)" if count == 1_000_000 else ""
    print(f"timers: {count:,} due in the same minute drained in {took:.1f} s{limit}, {count / took:,.0f}/s", flush=True)


def measure_dbos(python: Path, count: int, threads: int) -> float:
    """Steps a second of DBOS, started workflows included."""
    url = _database("dbos_bench")
    share = count // WORKERS
    workers = []
    for number in range(WORKERS):
        workers.append(_started([str(python), "-c", DBOS], ready=False))
        words = {"url": url, "first": number == 0, "number": number, "count": share, "threads": threads}
        _say(workers[-1], json.dumps(words))
        _hear(workers[-1], "ready")
    begun = time.perf_counter()
    for worker in workers:
        _say(worker, "go")
    for worker in workers:
        _hear(worker, "done")
    took = time.perf_counter() - begun
    for worker in workers:
        worker.wait(60)
    rate = share * WORKERS * len(THREE) / took
    print(f"DBOS: {share * WORKERS:,} workflows of three steps in {took:.1f} s, {rate:,.0f} steps/s", flush=True)
    return rate


def _started(command: list[str], *, ready: bool = True) -> "subprocess.Popen[str]":
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if ready:
        _hear(process, "ready")
    return process


def _say(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stdin
    process.stdin.write(words + "\n")
    process.stdin.flush()


def _hear(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdout
    for heard in process.stdout:
        if heard.strip() == word:
            return
    raise RuntimeError(f"ended before it said {word}")


def _database(name: str) -> str:
    """A fresh database of that name on the server of this run; its address for SQLAlchemy."""
    from django.db import connection

    from karibu.config import postgres

    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    parts = urlsplit(postgres.database_url())
    return urlunsplit(parts._replace(scheme="postgresql+psycopg", path=f"/{name}"))


@contextmanager
def dbos_python(given: Path | None) -> Iterator[Path]:
    """A Python that has DBOS: the one given, or one in an environment that is made for this run and goes with it."""
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="karibu-dbos-", dir=os.environ.get("KARIBU_BENCH_DIR")) as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = Path(folder, "bin/python")
        subprocess.run([python, "-m", "pip", "install", "-q", "dbos"], check=True)
        yield python


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench journeys", description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--timers", type=int, default=1_000_000)
    parser.add_argument("--workflows", type=int, default=2_000, help="of DBOS")
    parser.add_argument("--threads", type=int, default=16, help="of each process of DBOS")
    parser.add_argument("--dbos", type=Path, help="a Python with dbos; without, one is made for this run")
    parser.add_argument("--only", nargs="*", default=[], choices=("steps", "dbos", "timers"))
    options = parser.parse_args()
    wanted = options.only or ["steps", "dbos", "timers"]
    with alone() as home:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        print(line(home), flush=True)
        ours = measure_steps(options.people) if "steps" in wanted else 0.0
        if "dbos" in wanted:
            with dbos_python(options.dbos) as python:
                theirs = measure_dbos(python, options.workflows, options.threads)
            if ours:
                print(f"ratio: {ours / theirs:,.0f} x DBOS (limit 100)", flush=True)
        if "timers" in wanted:
            measure_timers(options.timers)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
