"""The event log: histories, counts and scans through Karibu, beside hand-written DuckDB on the same files."""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bench.machine import line

NOW = datetime.now(UTC)
WEEK = NOW - timedelta(days=7)


@contextmanager
def opened(home: Path | None, customers: int, events: int) -> Iterator[Path]:
    """An installation's home with a log: the one given, or a fresh one, filled and taken away afterwards."""
    with tempfile.TemporaryDirectory(prefix="karibu-bench-", dir=os.environ.get("KARIBU_BENCH_DIR")) as folder:
        Path(folder).chmod(0o755)
        os.environ["KARIBU_HOME"] = str(home or folder)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "karibu.config.settings")
        from karibu.config import postgres

        with postgres.running():
            import django

            django.setup()
            from bench.generate import generate
            from karibu.config.prepare import migrate
            from karibu.events import lake

            migrate()
            if not lake.exists():
                generate(customers, events)
            yield home or Path(folder)


def timed(work: Callable[[], Any], times: int) -> tuple[float, float, float]:
    """Milliseconds of the first call, of the median and of the 95th percentile of the calls after it."""
    taken = []
    for _ in range(times + 1):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    rest = sorted(taken[1:])
    return taken[0], statistics.median(rest), rest[min(len(rest) - 1, int(len(rest) * 0.95))]


def compare(title: str, ours: Callable[[], Any], theirs: Callable[[], Any], times: int) -> None:
    assert ours() == theirs(), f"{title}: the answers differ"
    first, median, p95 = timed(ours, times)
    _, peer, _ = timed(theirs, times)
    print(
        f"{title:<34} first {first:7.1f} ms   median {median:7.1f} ms   p95 {p95:7.1f} ms   "
        f"DuckDB by hand {peer:7.1f} ms   ratio {median / peer:5.2f}"
    )


def measure(histories: int, scans: int) -> None:
    from karibu.events import lake, log

    files = [str(Path(lake.url(), file.path)) for file in lake.files(lake.opened())]
    customers = int(log.query("SELECT max(customer) AS most FROM events")["most"][0].as_py())
    print(f"{log.count()[None]:,} events of {customers:,} customers in {len(files)} files")
    by_hand = duckdb.connect(config={"threads": 2, "memory_limit": "384MB"})
    by_hand.execute("SET TimeZone = 'UTC'")
    by_hand.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet({files}, hive_partitioning = true)")

    def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return by_hand.execute(sql, list(parameters)).fetchall()

    drawn = random.Random(1)
    people = [drawn.randint(1, customers) for _ in range(histories * 2 + 8)]
    mine, other = iter(people), iter(people)
    newest = "SELECT message_id FROM events WHERE customer = ? ORDER BY time DESC, message_id DESC LIMIT 50"
    compare(
        "one person's newest 50 events",
        lambda: [(event.message_id,) for event in log.history([next(mine)])],
        lambda: rows(newest, next(other)),
        histories,
    )
    name = "SELECT name, count(*) FROM events GROUP BY 1"
    compare("events by name", lambda: sorted(log.count("name").items()), lambda: sorted(rows(name)), scans)
    days = "SELECT date_trunc('day', time), count(*) FROM events WHERE time >= ? GROUP BY 1 ORDER BY 1"
    compare("events of 7 days by day", lambda: [*log.count("day", since=WEEK).items()], lambda: rows(days, WEEK), scans)
    last = "SELECT message_id FROM events ORDER BY time DESC, message_id DESC LIMIT 50"
    compare("the newest 50 events", lambda: [(e.message_id,) for e in log.recent(50)], lambda: rows(last), scans)
    buyers = "SELECT count(DISTINCT customer) AS n FROM events WHERE name = 'Order Completed' AND value > 50"
    compare("buyers of more than 50", lambda: log.query(buyers)["n"][0].as_py(), lambda: rows(buyers)[0][0], scans)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench log", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--home", type=Path, help="measure this installation's log instead of a fresh one")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--scans", type=int, default=7)
    options = parser.parse_args()
    with opened(options.home, options.customers, options.events) as home:
        print(line(home))
        measure(options.histories, options.scans)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
