"""The lake is open: plain deltalake, plain DuckDB and plain Spark, none of our code, find the same events.

Delta's own Spark connector has no release for Spark 4.3 yet (the one for 4.2 fails in it), so Spark is given the
Parquet files that the Delta log names. Plain readers see what was flushed; the tail is in PostgreSQL.
"""

import json
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from django.db import connection, transaction

from karibu.config.testing import missing
from karibu.events import compact, erase, flush, log
from karibu.events.event import Item
from karibu.events.tests.making import NOON, append, event, order

pytestmark = pytest.mark.django_db(transaction=True)
Answer = tuple[dict[str, int], Decimal]  # events by name, sum of value
OLD = NOON - timedelta(days=70)


def by_deltalake(lake: Path) -> Answer:
    table = DeltaTable(lake).to_pyarrow_table(columns=["name", "value"])
    names = table["name"].to_pylist()
    return {name: names.count(name) for name in set(names)}, sum(filter(None, table["value"].to_pylist()))


def named_by_the_log(lake: Path) -> list[str]:
    """The files of the table, read out of its log as anyone may who has read the Delta protocol."""
    named: dict[str, bool] = {}
    if checkpoints := sorted((lake / "_delta_log").glob("*.checkpoint.parquet")):
        added = pq.read_table(checkpoints[-1], columns=["add"])["add"].to_pylist()
        named = {add["path"]: True for add in added if add}
    for commit in sorted((lake / "_delta_log").glob("*.json")):
        for line in commit.read_text().splitlines():
            action = json.loads(line)
            for verb in ("remove", "add"):
                if verb in action:
                    named[action[verb]["path"]] = verb == "add"
    return [str(lake / path) for path, present in named.items() if present]


def by_duckdb(lake: Path) -> Answer:
    with duckdb.connect() as own:
        rows = own.execute(
            "SELECT name, count(*), coalesce(sum(value), 0) FROM read_parquet($1) GROUP BY name",
            [named_by_the_log(lake)],
        ).fetchall()
    return {name: number for name, number, _ in rows}, sum(value for _, _, value in rows)


def by_spark(spark) -> Callable[[Path], Answer]:
    def read(lake: Path) -> Answer:
        frame = spark.read.option("basePath", str(lake)).parquet(*named_by_the_log(lake))
        rows = frame.groupBy("name").agg({"*": "count", "value": "sum"}).collect()
        counted = {row["name"]: row["count(1)"] for row in rows}
        assert frame.where(f"month = '{OLD:%Y-%m}'").count() == frame.where("time < '2026-10-01'").count()
        return counted, sum(row["sum(value)"] or 0 for row in rows)

    return read


def ours() -> Answer:
    [total] = log.query("SELECT coalesce(sum(value), 0) AS total FROM events").to_pylist()
    return log.count("name"), total["total"]


def lives(lake: Path, read: Callable[[Path], Answer]) -> None:
    """The same answers after a flush, after compaction and after an erasure."""
    for n in range(3):
        append(*[order(customer_id=i, time=OLD) for i in range(1, 6)], event(customer_id=n + 1))
        flush.flush_everything()
        assert read(lake) == ours()
    assert ours() == ({"Order Completed": 15, "Product Viewed": 3}, Decimal("823.50"))
    compact.compact()
    assert read(lake) == ours()
    with transaction.atomic():
        assert erase.erase([1, 2], connection.connection.cursor()) == 8
    assert read(lake) == ours()
    assert ours() == ({"Order Completed": 9, "Product Viewed": 1}, Decimal("494.10"))


@pytest.mark.parametrize("read", [by_deltalake, by_duckdb])
def test_a_plain_reader(lake, read) -> None:
    lives(lake, read)


@pytest.mark.spark
@pytest.mark.slow
def test_plain_spark(lake, monkeypatch) -> None:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        missing("pyspark (requirements-spark.txt)")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        missing("Java 17 for Spark")
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.memory", "512m")
        # Nothing here is asked often enough to be worth compiling.
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    try:
        lives(lake, by_spark(spark))
    finally:
        spark.stop()


def test_a_lake_that_duckdb_cannot_reach_by_itself(lake, settings) -> None:
    """As with S3: the lake's location is a URL, and files are read and written through delta-rs's file system."""
    append(*[event(customer_id=n, time=OLD) for n in range(50)])
    settings.KARIBU_LAKE_URL = lake.as_uri()
    lake.mkdir()
    flush.flush_everything()
    append(event(customer_id=3))
    assert log.count("month") == {"2026-09": 50, "2026-11": 1}
    compact.compact()
    flush.flush_everything()
    assert [e.customer for e in log.history([3])] == [3, 3]
    assert by_deltalake(lake) == ours()
    with transaction.atomic():
        assert erase.erase([3], connection.connection.cursor()) == 2
    assert by_duckdb(lake) == ours() == ({"Product Viewed": 49}, 0)


def test_moments_are_kept_as_differences_and_what_comes_again_and_again_once(lake) -> None:
    append(event(name="Product Viewed"), order(items=[Item(product_id="p-1")]))
    flush.flush_everything()
    with pq.ParquetFile(named_by_the_log(lake)[0]) as file:
        group = file.metadata.row_group(0)
    kept = {group.column(n).path_in_schema: group.column(n).encodings for n in range(group.num_columns)}
    assert "DELTA_BINARY_PACKED" in kept["time"] and "DELTA_BINARY_PACKED" in kept["received_at"]
    assert "RLE_DICTIONARY" in kept["name"] and "RLE_DICTIONARY" in kept["items.list.element.product_id"]
