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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import duckdb

from bench.log import opened
from bench.machine import line
from bench.segment_shapes import REBUILT, SHAPES, TEN, Shape, moments, written

THREADS, MEMORY = 2, "384MB"
DID = {"event": "Product Viewed", "op": "gte"}
T = TypeVar("T")


class Peer:
    """Answers SQL with the ids it selects, ascending, over the views customers and events."""

    def __init__(self, customers: list[str], events: list[str], now: datetime) -> None:
        self._own = duckdb.connect(config={"threads": THREADS, "memory_limit": MEMORY})
        self._own.execute("SET TimeZone = 'UTC'; SET parquet_metadata_cache = true")
        self._own.execute(f"CREATE VIEW customers AS SELECT * FROM read_parquet({customers})")
        self._own.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet({events}, hive_partitioning = true)")
        self.words = {**moments(now, lambda when: f"TIMESTAMPTZ '{when:%Y-%m-%d %H:%M:%S.%f}+00'")}
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
        words = moments(now, lambda when: f"toDateTime64('{when:%Y-%m-%d %H:%M:%S.%f}', 6, 'UTC')")
        self.words = {**words, "json_name": "JSONExtractString(properties, 'name')"}

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


def _with_cpu(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` says, and the seconds of CPU of this process, which others on the machine change little."""
    before = time.process_time()
    said = work()
    return said, time.process_time() - before


@dataclass(frozen=True)
class Row:
    """A shape's medians: seconds of each of the three, and seconds of CPU of ours and of DuckDB by hand."""

    title: str
    members: int
    ours: float
    by_hand: float
    chdb: float
    cpu: float
    cpu_by_hand: float

    HEAD: ClassVar[str] = (
        f"{'shape':<36} {'members':>9} {'Karibu':>9} {'by hand':>9} {'ratio':>6} {'chdb':>9} {'ratio':>6}"
        f" {'our CPU':>9} {'by hand':>9} {'ratio':>6}"
    )

    def __str__(self) -> str:
        seconds = self.ours, self.by_hand, self.chdb, self.cpu, self.cpu_by_hand
        ours, hand, chdb, cpu, cpu_by_hand = (f"{each * 1000:>6.0f} ms" for each in seconds)
        return (
            f"{self.title:<36} {self.members:>9,} {ours} {hand} {self.ours / self.by_hand:>6.2f}"
            f" {chdb} {self.ours / self.chdb:>6.2f} {cpu} {cpu_by_hand} {self.cpu / self.cpu_by_hand:>6.2f}"
        )


def peers(python: Path, now: datetime) -> tuple[Peer, Chdb]:
    """Both over the mirror's and the log's files as they are now, and there is nothing of the log but its files."""
    from karibu.events import flush, lake
    from karibu.segments import mirror

    flush.flush_everything()
    begun = time.perf_counter()
    state = mirror.current()
    print(f"mirror: {time.perf_counter() - begun:.1f} s to bring up to date")
    customers = [str(Path(lake.url(), file)) for file in state.files]
    events = [str(Path(lake.url(), file.path)) for file in lake.files(lake.opened())]
    names = ",".join(Path(file).name for file in customers)
    patterns = f"{Path(customers[0]).parent}/{{{names}}}", f"{lake.url()}/month=*/*.parquet"
    return Peer(customers, events, now), Chdb(python, *patterns, now)


def compare(shape: Shape, peer: Peer, chdb: Chdb, times: int, now: datetime) -> Row:
    """All three find the same members, and then are asked in turn; short questions more often, for two seconds."""
    from karibu.segments import run
    from karibu.segments.definition import parse

    definition = parse(written(shape.definition, now.date()))
    by_hand, by_chdb = shape.sql.format(**peer.words), shape.sql.format(**chdb.words)
    found = run.members(definition, now=now)["id"].to_pylist()
    assert found == peer.ids(by_hand), f"{shape.title}: DuckDB by hand finds others"
    _first, number, which = chdb.ask(by_chdb)
    assert (number, which) == (len(found), hash(tuple(found)) if found else 0), f"{shape.title}: chdb finds others"

    def round_() -> tuple[float, ...]:
        mine, cpu = _with_cpu(lambda: _seconds(lambda: run.members(definition, now=now)))
        hand, cpu_by_hand = _with_cpu(lambda: peer.seconds(by_hand))
        return mine, hand, chdb.ask(by_chdb)[0], cpu, cpu_by_hand

    rounds = [round_() for _ in range(times)]
    rounds += [round_() for _ in range(min(int(2 / sum(rounds[0][:3])), 20))]
    return Row(shape.title, len(found), *(statistics.median(each) for each in zip(*rounds, strict=True)))


def measure(python: Path, shapes: list[Shape], times: int, now: datetime) -> None:
    peer, chdb = peers(python, now)
    print(Row.HEAD)
    rows = []
    for shape in shapes:
        rows.append(compare(shape, peer, chdb, times, now))
        print(rows[-1], flush=True)
    worst = max(row.ours / row.by_hand for row in rows), max(row.ours / row.chdb for row in rows)
    print(f"worst: {worst[0]:.2f} x by hand (limit 1.25), {worst[1]:.2f} x chdb (limit 1.0)")
    chdb.close()


def preview(now: datetime) -> None:
    """Number and sample of ten conditions, and of many on what people did, as the builder asks for them."""
    from karibu.segments import run
    from karibu.segments.definition import parse

    definition = parse(written(TEN, now.date()))
    first = _seconds(lambda: run.count_and_sample(definition, 10, now=now))
    again = _seconds(lambda: run.count_and_sample(definition, 10, now=now))
    print(f"preview of 10 conditions: {first:.2f} s, again {again:.2f} s (limit 2)")
    for many in (20, 30, 60):
        some = parse({"any": [{**DID, "value": 1 + n % 5, "within": {"days": 7 + n}} for n in range(many)]})
        first = _seconds(lambda: run.count_and_sample(some, 10, now=now))  # noqa: B023
        again = _seconds(lambda: run.count_and_sample(some, 10, now=now))  # noqa: B023
        print(f"preview of {many} conditions on what people did: {first:.2f} s, again {again:.2f} s")


def rebuild(now: datetime) -> None:
    """Segments of everybody and of some are found and written, with their rows, their events and the commit."""
    from karibu.segments import rebuilding
    from karibu.segments.models import Segment

    for title, raw in REBUILT.items():
        definition = written(raw, now.date())
        segment = Segment.objects.create(name=f"Bench {title}", definition=definition, created_at=now, updated_at=now)
        for when in ("first", "again"):
            (took, change), cpu = _with_cpu(lambda: _answered(lambda: rebuilding.rebuild(segment.id)))  # noqa: B023
            print(f"rebuild, {title}, {when}: {change}, {took:.2f} s, CPU of this process {cpu:.2f} s (limit 5)")
        segment.archived_at = now
        segment.save()


def _seconds(work: Callable[[], Any]) -> float:
    return _answered(work)[0]


def _answered(work: Callable[[], T]) -> tuple[float, T]:
    """The seconds that `work` took, and what it answered."""
    begun = time.perf_counter()
    answer = work()
    return time.perf_counter() - begun, answer


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench segments", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--home", type=Path, help="measure this installation instead of a fresh one")
    parser.add_argument("--times", type=int, default=3, help="the median of so many is printed")
    parser.add_argument("--chdb", type=Path, help="a Python with chdb and pyarrow; without, one is made for this run")
    parser.add_argument("--only", nargs="*", default=[], help="the shapes with one of these words in their title")
    parser.add_argument("--rebuild", action="store_true", help="write memberships, too, which stay in the installation")
    options = parser.parse_args()
    shapes = [one for one in SHAPES if not options.only or any(word in one.title for word in options.only)]
    with chdb_python(options.chdb) as python, opened(options.home, options.customers, options.events) as home:
        print(line(home))
        measure(python, shapes, options.times, now := datetime.now(UTC))
        preview(now)
        if options.rebuild:
            rebuild(now)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
