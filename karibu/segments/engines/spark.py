"""A Spark cluster, over the Parquet files that the Delta log and the mirror name. What is in no file yet goes with the
question: the tail, and customers who have just changed.

Spark's processes must reach the lake under the address that KARIBU_LAKE_URL has here. How large they are, and all else
that is Spark's own, is said in its spark-defaults.conf.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings

from karibu.events import lake, snapshot
from karibu.events import schema as log
from karibu.segments import columns as named
from karibu.segments import mirror
from karibu.segments.engines import Asked, Cancelled
from karibu.segments.mirror import source
from karibu.segments.scope import Dialect, logged

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from karibu.events.snapshot import Snapshot

T = TypeVar("T")
DIALECT: Dialect = "spark"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_starting = threading.Lock()


class Session:
    """`group` is what Spark calls the jobs of one question by."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._group = uuid.uuid4().hex
        self._cancelled = False

    def table(self, sql: str) -> pa.Table:
        with self._until_cancelled():
            return self._spark.sql(sql).toArrow()

    def plan(self, sql: str) -> str:
        with self._until_cancelled():
            return str(self._spark.sql(f"EXPLAIN FORMATTED {sql}").collect()[0][0])

    def cancel(self) -> None:
        self._cancelled = True
        self._spark.sparkContext.cancelJobGroup(self._group)

    @contextmanager
    def _until_cancelled(self) -> Iterator[None]:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        if self._cancelled:
            raise Cancelled
        self._spark.sparkContext.setJobGroup(self._group, "a segment of Karibu", interruptOnCancel=True)
        try:
            yield
        except (Py4JError, PySparkException):
            if self._cancelled:
                raise Cancelled from None
            raise


def ask(asked: Asked, work: Callable[[Session], T]) -> T:
    """`work` over everybody. Questions `among` a few are not for a cluster."""
    if asked.among is not None:
        raise ValueError("a few customers are asked for in this process")
    if not asked.events:
        return mirror.read(lambda state: _over(asked, state, None, work), asked.customers)
    return mirror.read(
        lambda state: snapshot.read(lambda taken: _over(asked, state, taken, work), None, asked.logged),
        asked.customers,
    )


def _over(asked: Asked, state: mirror.State, taken: Snapshot | None, work: Callable[[Session], T]) -> T:
    spark = _started().newSession()
    # Or ${env:NAME} in a text that somebody compares with would become what that variable of this process holds.
    spark.conf.set("spark.sql.variable.substitute", "false")
    at = (asked.now - _EPOCH) // timedelta(microseconds=1)
    spark.sql(
        f"CREATE TEMPORARY FUNCTION karibu_ago(span BIGINT) RETURNS TIMESTAMP RETURN timestamp_micros({at} - span)"
    )
    _customers(spark, state).createOrReplaceTempView("customers")
    if taken is not None:
        _log(spark, taken, sorted(asked.logged)).createOrReplaceTempView("log")
        told = f"log.customer IS NOT NULL AND log.time <= timestamp_micros({at})"
        spark.sql(f"{_whose(spark, state)} WHERE {told}").createOrReplaceTempView("events")
    return work(Session(spark))


def _whose(spark: SparkSession, state: mirror.State) -> str:
    """The log and who it is of today."""
    if not state.is_anybody_merged:
        return "SELECT log.*, log.customer AS person FROM log"
    _family(spark, state).createOrReplaceTempView("family")
    return (
        "SELECT log.*, coalesce(family.person, log.customer) AS person FROM log"
        " LEFT JOIN family ON family.id = log.customer"
    )


def _started() -> SparkSession:
    """This process's connection to the cluster. One that ended is made anew."""
    from pyspark.sql import SparkSession

    with _starting:
        builder = SparkSession.builder.master(settings.KARIBU_ENGINE).appName("Karibu")
        builder = builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
        return builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()


def _log(spark: SparkSession, taken: Snapshot, columns: list[str]) -> DataFrame:
    import pyarrow as pa

    plain = pa.schema([log.schema().field(name) for name in columns])  # Spark takes no dictionaries
    tail = spark.createDataFrame(taken.tail.select(columns).cast(plain))
    if not taken.files:
        return tail
    if lake.is_local():  # the cluster would be sent to look at each of some dozen files
        spark.conf.set("spark.sql.sources.parallelPartitionDiscovery.threshold", len(taken.files))
    types = logged()
    schema = ", ".join(f"{name} {_spelt(types[name])}" for name in columns)
    reader = spark.read.schema(schema).option("basePath", _place(""))
    return tail.unionByName(reader.parquet(*[_place(file.path) for file in taken.files]).select(columns))


def _customers(spark: SparkSession, state: mirror.State) -> DataFrame:
    """Files with the same columns are read as one, without those who have changed since."""
    changed = spark.createDataFrame(state.changed)
    parts = [changed]
    for traits in sorted({file.traits for file in state.base}):
        paths = [_place(file.path) for file in state.base if file.traits == traits]
        # What stands in a file is said, or Spark would read the files for it first.
        reader = spark.read.schema(_without(changed.schema, _lacking(state.columns, traits)))
        parts.append(_still(spark, reader.parquet(*paths), state).selectExpr(*_selected(state.columns, traits)))
    return reduce(lambda some, more: some.unionByName(more), parts)


def _selected(columns: Sequence[str], traits: int) -> list[str]:
    lacking = _lacking(columns, traits)
    return [f"CAST(NULL AS STRING) AS {name}" if name in lacking else name for name in columns]


def _lacking(columns: Sequence[str], traits: int) -> set[str]:
    """Traits that came up after a file was written are NULL in it."""
    return {name for name in columns if source.is_trait(name) and int(name[1:]) > traits}


def _without(schema: StructType, lacking: set[str]) -> StructType:
    from pyspark.sql.types import StructType

    return StructType([field for field in schema if field.name not in lacking])


def _family(spark: SparkSession, state: mirror.State) -> DataFrame:
    changed = spark.createDataFrame(state.family)
    if not state.family_files:
        return changed
    files = spark.read.schema(changed.schema).parquet(*[_place(path) for path in state.family_files])
    return changed.unionByName(_still(spark, files, state).select("id", "person"))


def _still(spark: SparkSession, rows: DataFrame, state: mirror.State) -> DataFrame:
    """Those of whom nothing newer is known than what their file says."""
    if not len(state.gone):
        return rows
    import pyarrow as pa

    return rows.join(spark.createDataFrame(pa.table({"id": state.gone})), "id", "left_anti")


def _place(path: str) -> str:
    """Where Spark finds a file of the lake."""
    root = str(Path(lake.url()).resolve()) if lake.is_local() else lake.url().rstrip("/")
    return f"{root}/{path}".replace("s3://", "s3a://", 1) if path else root.replace("s3://", "s3a://", 1)


def _spelt(kind: str) -> str:
    """An ibis type as Spark's DDL has it."""
    words: dict[str, Any] = {"int64": "BIGINT", named.MOMENT: "TIMESTAMP", "struct<": "STRUCT<", "array<": "ARRAY<"}
    for ibis, theirs in words.items():
        kind = kind.replace(ibis, theirs)
    return kind
