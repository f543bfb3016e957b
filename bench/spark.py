"""Segments on a Spark cluster of a master and two workers: the same members as DuckDB, and how long both take."""

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.log import opened
from bench.machine import line
from bench.segment_shapes import SHAPES, TEN, Shape, written

EVERYBODY = Shape("everybody", {"trait": "id", "op": "exists"}, "")
TEN_AT_ONCE = Shape("ten conditions", TEN, "")
# As Spark comes, but for what this machine is: two cores, one each, and loopback.
DEFAULTS = """
spark.driver.bindAddress 127.0.0.1
spark.driver.host 127.0.0.1
spark.driver.memory 2g
spark.executor.memory 2g
spark.executor.cores 1
spark.log.level ERROR
"""


def asked(shape: Shape, engine: str, now: datetime) -> tuple[list[int], float]:
    """The members, and the seconds until they are here."""
    from django.conf import settings

    from karibu.segments import run
    from karibu.segments.definition import parse

    settings.KARIBU_ENGINE = engine
    definition = parse(written(shape.definition, now.date()))
    begun = time.perf_counter()
    found = run.members(definition, now=now)["id"]
    took = time.perf_counter() - begun
    return found.to_pylist(), took


def measure(address: str, shapes: list[Shape], now: datetime) -> None:
    print(f"{'shape':<36} {'members':>9} {'DuckDB':>9} {'Spark':>9} {'again':>9}")
    for shape in shapes:
        found, ours = asked(shape, "duckdb", now)
        theirs, first = asked(shape, address, now)
        assert theirs == found, f"{shape.title}: Spark finds {len(theirs):,}, DuckDB {len(found):,}"
        _, again = asked(shape, address, now)
        print(f"{shape.title:<36} {len(found):>9,} {ours:>7.2f} s {first:>7.2f} s {again:>7.2f} s", flush=True)
    print(f"{len(shapes)} shapes have the same members on both")


def main() -> int:
    from karibu.segments.tests.clusters import cluster

    parser = argparse.ArgumentParser(prog="script/bench spark", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--home", type=Path, help="ask this installation instead of a fresh one")
    parser.add_argument("--only", nargs="*", default=[], help="the shapes with one of these words in their title")
    options = parser.parse_args()
    shapes = [EVERYBODY, *SHAPES, TEN_AT_ONCE]
    shapes = [one for one in shapes if not options.only or any(word in one.title for word in options.only)]
    with opened(options.home, options.customers, options.events) as home, tempfile.TemporaryDirectory() as folder:
        os.environ.update(SPARK_LOCAL_IP="127.0.0.1", SPARK_CONF_DIR=folder)
        with cluster(Path(folder), DEFAULTS, "2500m") as address:
            print(line(home))
            measure(address, shapes, datetime.now(UTC))
            from pyspark.sql import SparkSession

            if running := SparkSession.getActiveSession():
                running.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
