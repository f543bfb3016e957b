"""Every shape of definition has the same members on a Spark cluster (a master, two workers) as on DuckDB."""

import pytest

from karibu.segments import engines, mirror, run
from karibu.segments.definition import parse
from karibu.segments.tests.clusters import cluster
from karibu.segments.tests.definitions import SHAPES
from karibu.segments.tests.shoppers import NOW, fill, predicting

pytestmark = [pytest.mark.django_db, pytest.mark.spark, pytest.mark.slow]


@pytest.fixture
def spark(lake, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    with cluster(tmp_path) as address, predicting():
        yield address
        from pyspark.sql import SparkSession

        if running := SparkSession.getActiveSession():
            running.stop()


def test_on_both_engines_the_same_members(spark, settings) -> None:
    fill()
    mirror.rebuild()
    definitions = {name: parse(raw) for name, raw in SHAPES.items()}
    expected = run.members_of_each(list(definitions.values()), now=NOW)
    settings.KARIBU_ENGINE = spark
    found = run.members_of_each(list(definitions.values()), now=NOW)
    different = [
        (name, theirs["id"].to_pylist(), ours["id"].to_pylist())
        for name, theirs, ours in zip(definitions, found, expected, strict=True)
        if theirs["id"].to_pylist() != ours["id"].to_pylist()
    ]
    assert not different
    bought = definitions["did lately"]
    assert run.count(bought, now=NOW) == len(expected[list(definitions).index("did lately")])
    assert set(run.sample(bought, 3, now=NOW)) <= set(expected[list(definitions).index("did lately")]["id"].to_pylist())
    explained = run.explain(bought, now=NOW)
    assert explained.engine == spark and "Scan parquet" in explained.plan and "KARIBU_AGO" in explained.sql.upper()


def test_an_engine_that_there_is_not(settings) -> None:
    settings.KARIBU_ENGINE = "mainframe"
    with pytest.raises(ValueError, match="KARIBU_ENGINE"):
        engines.chosen()
