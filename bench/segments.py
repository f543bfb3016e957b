"""Segments: 20 shapes of condition through Karibu, beside DuckDB by hand and chdb on the same files and threads."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bench.log import opened
from bench.machine import line

THREADS, MEMORY = 2, "384MB"
SHOES = {"property": "category", "op": "is", "value": "Shoes"}


@dataclass(frozen=True)
class Shape:
    """`sql` is what somebody would write by hand who knows the files; it is the same for both peers but for {words}."""

    title: str
    definition: dict[str, Any]
    sql: str


def did(inner: str) -> str:
    return f"SELECT id FROM customers WHERE id IN (SELECT customer FROM events WHERE {inner})"


def measured(where: str, having: str) -> str:
    return did(f"{where} GROUP BY customer HAVING {having}")


SHAPES = [
    Shape(
        "country is", {"trait": "country", "op": "is", "value": "RW"}, "SELECT id FROM customers WHERE country = 'RW'"
    ),
    Shape(
        "spent between",
        {"trait": "spent", "op": "between", "value": [100, 500]},
        "SELECT id FROM customers WHERE spent BETWEEN 100 AND 500",
    ),
    Shape(
        "e-mail contains",
        {"trait": "email", "op": "contains", "value": "silva"},
        "SELECT id FROM customers WHERE lower(email) LIKE '%silva%'",
    ),
    Shape(
        "last order not lately",
        {"trait": "last_order_at", "op": "not_in_last_days", "value": 90},
        "SELECT id FROM customers WHERE last_order_at < {midnight90}",
    ),
    Shape(
        "did in 30 days",
        {"event": "Product Viewed", "within": {"days": 30}},
        did("name = 'Product Viewed' AND time > {t30}"),
    ),
    Shape(
        "did not in 30 days",
        {"event": "Product Viewed", "within": {"days": 30}, "not": True},
        "SELECT id FROM customers WHERE id NOT IN"
        " (SELECT customer FROM events WHERE name = 'Product Viewed' AND time > {t30} AND customer IS NOT NULL)",
    ),
    Shape("did ever", {"event": "Order Completed"}, did("name = 'Order Completed'")),
    Shape(
        "category, 3 times in 30 days",
        {"event": "Product Viewed", "where": [SHOES], "op": "gte", "value": 3, "within": {"days": 30}},
        measured("name = 'Product Viewed' AND category = 'Shoes' AND time > {t30}", "count(*) >= 3"),
    ),
    Shape(
        "category, 3 times ever",
        {"event": "Product Viewed", "where": [SHOES], "op": "gte", "value": 3},
        measured("name = 'Product Viewed' AND category = 'Shoes'", "count(*) >= 3"),
    ),
    Shape(
        "ordered twice",
        {"event": "Order Completed", "op": "gte", "value": 2},
        measured("name = 'Order Completed'", "count(*) >= 2"),
    ),
    Shape(
        "spent 100 in 90 days",
        {"event": "Order Completed", "measure": "sum:value", "op": "gte", "value": 100, "within": {"days": 90}},
        measured("name = 'Order Completed' AND time > {t90}", "sum(value) >= 100"),
    ),
    Shape(
        "viewed fewer than 5 times",
        {"event": "Product Viewed", "op": "lt", "value": 5},
        "SELECT id FROM customers WHERE id NOT IN (SELECT customer FROM events WHERE name = 'Product Viewed'"
        " AND customer IS NOT NULL GROUP BY customer HAVING count(*) >= 5)",
    ),
    Shape(
        "5 different products in 90 days",
        {"event": "Product Viewed", "measure": "distinct:product", "op": "gte", "value": 5, "within": {"days": 90}},
        measured("name = 'Product Viewed' AND time > {t90}", "count(DISTINCT product_id) >= 5"),
    ),
    Shape(
        "first order in 30 days",
        {"event": "Order Completed", "measure": "first", "within": {"days": 30}},
        measured("name = 'Order Completed'", "min(time) > {t30}"),
    ),
    Shape(
        "last order before a day",
        {"event": "Order Completed", "measure": "last", "op": "before", "value": "{day60}"},
        measured("name = 'Order Completed'", "max(time) < {midnight60}"),
    ),
    Shape(
        "an order of more than 50",
        {"event": "Order Completed", "where": [{"property": "value", "op": "gt", "value": 50}]},
        did("name = 'Order Completed' AND value > 50"),
    ),
    Shape(
        "a property inside the JSON",
        {
            "event": "Product Added",
            "where": [{"property": "name", "op": "starts_with", "value": "Shoes"}],
            "within": {"days": 30},
        },
        did("name = 'Product Added' AND time > {t30} AND lower({json_name}) LIKE 'shoes%'"),
    ),
    Shape(
        "added, then not ordered, in 7 days",
        {
            "sequence": [{"event": "Product Added"}, {"event": "Order Completed", "not": True}],
            "within": {"days": 7},
        },
        measured(
            "name IN ('Product Added', 'Order Completed') AND time > {t7}",
            "max(CASE WHEN name = 'Product Added' THEN time ELSE {epoch} END) > {epoch} AND"
            " max(CASE WHEN name = 'Product Added' THEN time ELSE {epoch} END)"
            " >= max(CASE WHEN name = 'Order Completed' THEN time ELSE {epoch} END)",
        ),
    ),
    Shape(
        "viewed, added, ordered, in 30 days",
        {
            "sequence": [{"event": "Product Viewed"}, {"event": "Product Added"}, {"event": "Order Completed"}],
            "within": {"days": 30},
        },
        "SELECT id FROM customers WHERE id IN (SELECT e.customer FROM events e JOIN (SELECT customer,"
        " min(CASE WHEN name = 'Product Viewed' THEN time ELSE {never} END) AS first,"
        " max(CASE WHEN name = 'Order Completed' THEN time ELSE {epoch} END) AS last FROM events"
        " WHERE name IN ('Product Viewed', 'Order Completed') AND time > {t30} GROUP BY customer) AS ends"
        " ON ends.customer = e.customer WHERE e.name = 'Product Added' AND e.time > {t30}"
        " AND e.time > ends.first AND e.time < ends.last)",
    ),
    Shape(
        "either or",
        {
            "any": [
                {"trait": "country", "op": "is", "value": "RW"},
                {"event": "Order Completed", "op": "gte", "value": 3},
            ]
        },
        "SELECT id FROM customers WHERE country = 'RW' OR id IN (SELECT customer FROM events"
        " WHERE name = 'Order Completed' AND customer IS NOT NULL GROUP BY customer HAVING count(*) >= 3)",
    ),
]
TEN = {
    "all": [
        {"trait": "country", "op": "in", "value": ["RW", "KE", "TZ"]},
        {"trait": "email", "op": "exists"},
        {"any": [{"trait": "spent", "op": "gte", "value": 20}, {"trait": "orders", "op": "is", "value": 0}]},
        {"event": "Product Viewed", "op": "gte", "value": 2, "within": {"days": 60}},
        {"event": "Product Viewed", "where": [SHOES], "within": {"days": 90}},
        {"not": {"event": "Order Completed", "within": {"days": 7}}},
        {"event": "Products Searched"},
        {"sequence": [{"event": "Product Added"}, {"event": "Checkout Started"}], "within": {"days": 60}},
        {"not": {"trait": "name", "op": "starts_with", "value": "omar"}},
        {"trait": "created_at", "op": "before", "value": "{day60}"},
    ]
}


class Peer:
    """Answers SQL with the ids it selects, ascending, over the views customers and events."""

    def __init__(self, customers: list[str], events: list[str], now: datetime) -> None:
        self._own = duckdb.connect(config={"threads": THREADS, "memory_limit": MEMORY})
        self._own.execute("SET TimeZone = 'UTC'; SET parquet_metadata_cache = true")
        self._own.execute(f"CREATE VIEW customers AS SELECT * FROM read_parquet({customers})")
        self._own.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet({events}, hive_partitioning = true)")
        self.words = {**_moments(now, lambda when: f"TIMESTAMPTZ '{when:%Y-%m-%d %H:%M:%S.%f}+00'")}
        self.words["json_name"] = "json_extract_string(properties, '/name')"

    def ids(self, sql: str) -> list[int]:
        return self._own.sql(f"SELECT id FROM ({sql}) ORDER BY id").to_arrow_table()["id"].to_pylist()

    def seconds(self, sql: str) -> float:
        begun = time.perf_counter()
        self._own.sql(f"SELECT id FROM ({sql}) ORDER BY id").to_arrow_table()
        return time.perf_counter() - begun


CHDB = """
import json, sys, time, chdb
from chdb.session import Session
said = json.loads(sys.stdin.readline())
own = Session()
for name in ("customers", "events"):
    own.query("CREATE VIEW " + name + " AS SELECT * FROM file('" + said[name] + "', Parquet)")
for line in sys.stdin:
    begun = time.perf_counter()
    sql = "SELECT id FROM (" + json.loads(line) + ") ORDER BY id SETTINGS join_use_nulls = 1, max_threads = "
    table = own.query(sql + str(said["threads"]), "Arrow").bytes()
    took = time.perf_counter() - begun
    import pyarrow as pa
    ids = pa.ipc.open_file(table).read_all()["id"].to_pylist() if table else []
    print(json.dumps([took, len(ids), hash(tuple(ids)) if ids else 0]), flush=True)
"""


class Chdb:
    """ClickHouse's engine in a process of its own, whose Python has the packages chdb and pyarrow."""

    def __init__(self, python: Path, customers: str, events: str, now: datetime) -> None:
        """`customers` and `events` are patterns of files."""
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([python, "-c", CHDB], **pipes)
        self._say({"customers": customers, "events": events, "threads": THREADS})
        moments = _moments(now, lambda when: f"toDateTime64('{when:%Y-%m-%d %H:%M:%S.%f}', 6, 'UTC')")
        self.words = {**moments, "json_name": "JSONExtractString(properties, 'name')"}

    def ask(self, sql: str) -> tuple[float, int, int]:
        """Seconds, how many ids, and a number that tells which."""
        self._say(sql)
        assert self._process.stdout
        took, number, which = json.loads(self._process.stdout.readline())
        return took, number, which

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def _say(self, what: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()


def _moments(now: datetime, spelt: Callable[[datetime], str]) -> dict[str, str]:
    today = datetime.combine(now.date(), datetime.min.time(), UTC)
    ago = {f"t{days}": spelt(now - timedelta(days=days)) for days in (7, 30, 90)}
    midnights = {f"midnight{days}": spelt(today - timedelta(days=days)) for days in (60, 90)}
    ends = {"epoch": spelt(datetime(1970, 1, 1, tzinfo=UTC)), "never": spelt(datetime(2200, 1, 1, tzinfo=UTC))}
    return {**ago, **midnights, **ends}


def written(raw: Any, today: date) -> Any:
    """The definition with its days filled in."""
    return json.loads(json.dumps(raw).replace("{day60}", str(today - timedelta(days=60))))


@contextmanager
def chdb_python(given: Path | None) -> Any:
    """A Python that has chdb: the one given, or one in an environment that is made for this run and goes with it."""
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="karibu-chdb-", dir=os.environ.get("KARIBU_BENCH_DIR")) as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = Path(folder, "bin/python")
        subprocess.run([python, "-m", "pip", "install", "-q", "chdb", "pyarrow"], check=True)
        yield python


def _with_cpu(work: Callable[[], float]) -> tuple[float, float]:
    """What `work` says, and the seconds of CPU of this process, which others on the machine change little."""
    before = time.process_time()
    said = work()
    return said, time.process_time() - before


def measure(python: Path, shapes: list[Shape], times: int, now: datetime) -> None:
    from karibu.events import lake
    from karibu.segments import mirror, run
    from karibu.segments.definition import parse

    begun = time.perf_counter()
    state = mirror.current()
    print(f"mirror: {time.perf_counter() - begun:.1f} s to bring up to date")
    customers = [str(Path(lake.url(), file)) for file in state.files]
    events = [str(Path(lake.url(), file.path)) for file in lake.files(lake.opened())]
    names = ",".join(Path(file).name for file in customers)
    patterns = f"{Path(customers[0]).parent}/{{{names}}}", f"{lake.url()}/month=*/*.parquet"
    peer, chdb = Peer(customers, events, now), Chdb(python, *patterns, now)
    print(
        f"{'shape':<36} {'members':>9} {'Karibu':>9} {'by hand':>9} {'ratio':>6} {'chdb':>9} {'ratio':>6}"
        f" {'our CPU':>9} {'by hand':>9} {'ratio':>6}"
    )
    worst = (0.0, 0.0)
    for shape in shapes:
        definition = parse(written(shape.definition, now.date()))
        by_hand, by_chdb = shape.sql.format(**peer.words), shape.sql.format(**chdb.words)
        found = run.members(definition, now=now)["id"].to_pylist()
        assert found == peer.ids(by_hand), f"{shape.title}: DuckDB by hand finds others"
        _first, number, which = chdb.ask(by_chdb)
        assert (number, which) == (len(found), hash(tuple(found)) if found else 0), f"{shape.title}: chdb finds others"

        def ours() -> float:
            begun = time.perf_counter()
            run.members(definition, now=now)  # noqa: B023
            return time.perf_counter() - begun

        def round_() -> tuple[float, ...]:
            mine, cpu = _with_cpu(ours)
            hand, cpu_by_hand = _with_cpu(lambda: peer.seconds(by_hand))  # noqa: B023
            return mine, hand, chdb.ask(by_chdb)[0], cpu, cpu_by_hand  # noqa: B023

        # All three have answered once above; short ones are asked more often, for two seconds.
        rounds = [round_() for _ in range(times)]
        rounds += [round_() for _ in range(min(int(2 / sum(rounds[0][:3])), 20))]
        mine, hand, other, cpu, cpu_by_hand = (statistics.median(each) for each in zip(*rounds, strict=True))
        worst = max(worst[0], mine / hand), max(worst[1], mine / other)
        print(
            f"{shape.title:<36} {len(found):>9,} {mine * 1000:>6.0f} ms {hand * 1000:>6.0f} ms {mine / hand:>6.2f}"
            f" {other * 1000:>6.0f} ms {mine / other:>6.2f} {cpu * 1000:>6.0f} ms {cpu_by_hand * 1000:>6.0f} ms"
            f" {cpu / cpu_by_hand:>6.2f}"
        )
    print(f"worst: {worst[0]:.2f} x by hand (limit 1.25), {worst[1]:.2f} x chdb (limit 1.0)")
    chdb.close()
    definition = parse(written(TEN, now.date()))
    begun = time.perf_counter()
    size, _some = run.count_and_sample(definition, 10, now=now)
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    run.count_and_sample(definition, 10, now=now)
    again = time.perf_counter() - begun
    print(f"preview of 10 conditions: {size:,} members, {first:.2f} s, again {again:.2f} s (limit 2)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench segments", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--home", type=Path, help="measure this installation instead of a fresh one")
    parser.add_argument("--times", type=int, default=3, help="the median of so many is printed")
    parser.add_argument("--chdb", type=Path, help="a Python with chdb and pyarrow; without, one is made for this run")
    parser.add_argument("--only", nargs="*", default=[], help="the shapes with one of these words in their title")
    options = parser.parse_args()
    shapes = [one for one in SHAPES if not options.only or any(word in one.title for word in options.only)]
    with chdb_python(options.chdb) as python, opened(options.home, options.customers, options.events) as home:
        print(line(home))
        measure(python, shapes, options.times, datetime.now(UTC))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
