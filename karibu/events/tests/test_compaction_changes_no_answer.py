"""Merging, clustering and tidying up, beside readers and after crashes."""

import os
import random
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from procrastinate.contrib.django.models import ProcrastinateJob

from karibu.config import doctor
from karibu.events import compact, engine, flush, jobs, log, rewrite, schema
from karibu.events import lake as lakes
from karibu.events.tests.dying import die
from karibu.events.tests.making import NOON, append, event

pytestmark = pytest.mark.django_db(transaction=True)
OLD = NOON - timedelta(days=70)


@pytest.fixture(autouse=True)
def today(time_machine_at):
    time_machine_at(NOON)


@pytest.fixture
def time_machine_at(monkeypatch):
    def travel(moment) -> None:
        monkeypatch.setattr("karibu.events.compact.timezone.now", lambda: moment)

    return travel


def flushed(*events) -> None:
    append(*events)
    flush.flush_everything()


def paths() -> list[lakes.DataFile]:
    return lakes.files(lakes.opened())


def test_a_month_that_ended_is_clustered_by_customer(lake, monkeypatch) -> None:
    monkeypatch.setattr(rewrite, "FILE_ROWS", 40)
    monkeypatch.setattr(lakes, "ROW_GROUP", 20)
    for minute in range(4):
        flushed(*[event(customer_id=n % 25 + 1, time=OLD + timedelta(minutes=minute, seconds=n)) for n in range(25)])
    before = (log.history([7]), log.count("name"))
    assert compact.compact() == {"replaced": 4, "written": 3, "deleted": 0}
    ranges = [file.customers for file in paths()]
    assert all(file.is_clustered for file in paths())
    assert sorted(ranges) == ranges == [(1, 10), (11, 20), (21, 25)]
    assert (log.history([7]), log.count("name")) == before
    assert compact.compact() == {"replaced": 0, "written": 0, "deleted": 0}


def test_the_newest_month_stays_in_time_order_in_few_files(lake) -> None:
    for minute in range(compact.MANY):
        flushed(event(time=NOON + timedelta(minutes=minute)))
    assert compact.compact()["written"] == 1
    [file] = paths()
    assert (file.rows, file.is_clustered) == (compact.MANY, False)
    assert len(log.history([1])) == compact.MANY


def test_many_small_files_are_merged_before_the_clock_says_so(lake, monkeypatch, capsys) -> None:
    monkeypatch.setattr(compact, "PLENTY", 3)
    monkeypatch.setattr(flush, "AGE", timedelta(0))
    asked = ProcrastinateJob.objects.filter(task_name="events.compact", status="todo")
    for minute in range(2):
        append(event(time=NOON + timedelta(minutes=minute)), event(time=OLD))
        flush.step()
    assert len(paths()) == 4 and not asked.exists() and doctor.lake()[1:] == []
    for minute in range(4):
        append(event(time=NOON + timedelta(hours=1, minutes=minute)))
        flush.step()
        assert asked.count() == 1  # the second time it is asked already
    [finding] = doctor.lake()[1:]
    assert (finding.tone, finding.said) == ("warn", "6 small files of one month wait to be merged")
    monkeypatch.setattr(compact, "MANY", 3)
    before = (log.history([1]), log.count("name"))
    jobs.compact(timestamp=0)
    assert len(paths()) == 2 and (log.history([1]), log.count("name")) == before
    assert not compact.ask(paths())


def test_a_file_in_the_order_of_time_knows_who_is_not_in_it(lake) -> None:
    """One person's history is not looked for in a row group that has none of it."""
    for minute in range(compact.MANY):
        flushed(*[event(customer_id=number, time=NOON + timedelta(minutes=minute)) for number in range(2, 500, 2)])
    compact.compact()
    [file] = paths()
    probe = f"SELECT bloom_filter_excludes FROM parquet_bloom_probe('{lakes.url()}/{file.path}', 'customer', ?)"
    with engine.cursor() as cursor:
        missed = [n for n in range(3, 499, 2) if cursor.execute(probe, [n]).fetchall() == [(True,)]]
        assert not any(excluded for n in range(2, 500, 2) for [excluded] in cursor.execute(probe, [n]).fetchall())
    assert len(missed) > 200
    assert (len(log.history([8])), log.history([9])) == (compact.MANY, [])


def test_a_file_in_the_order_of_time_has_what_one_person_did_in_a_span_together(lake, monkeypatch) -> None:
    """Whoever asks for one person or for a span of time reads few of its row groups."""
    monkeypatch.setattr(rewrite, "SPAN", 100)
    monkeypatch.setattr(lakes, "ROW_GROUP", 20)
    for hour in range(compact.MANY):
        seconds = random.Random(hour).sample(range(3600), 50)
        flushed(*[event(customer_id=n, time=NOON + timedelta(hours=hour, seconds=s)) for n, s in enumerate(seconds, 1)])
    before = (log.history([7]), log.recent(60), log.count("hour"))
    compact.compact()
    [file] = paths()
    groups = pq.ParquetFile(lake / file.path)
    stored = [groups.read_row_group(n, columns=["customer", "time"]) for n in range(groups.num_row_groups)]
    theirs = [len(set(group["customer"].to_pylist())) for group in stored]
    assert sum(7 in group["customer"].to_pylist() for group in stored) == 4 and max(theirs) <= 11
    starts = [group["time"].to_pylist() for group in stored]
    assert max(max(times) - min(times) for times in starts) < timedelta(hours=2)
    assert (log.history([7]), log.recent(60), log.count("hour")) == before


def test_few_late_events_do_not_rewrite_a_whole_month(lake) -> None:
    flushed(*[event(time=OLD) for _ in range(100)])
    compact.compact()
    flushed(event(time=OLD))
    assert compact.compact()["replaced"] == 0
    assert log.count() == {None: 101}
    flushed(*[event(time=OLD) for _ in range(20)])
    assert compact.compact()["replaced"] == 3
    assert log.count() == {None: 121}


def test_unused_files_go_after_their_grace(lake, monkeypatch) -> None:
    flushed(event(time=OLD))
    stray = lake / "month=2026-09" / "part-of-a-flush-that-died.parquet"
    stray.write_bytes(b"half a file")
    monkeypatch.setattr(compact, "GRACE", 3600)
    assert compact.compact()["deleted"] == 0
    monkeypatch.setattr(compact, "GRACE", 0)
    assert compact.compact()["deleted"] == 2
    assert {path.name for path in lake.rglob("*.parquet")} == {file.path.split("/")[1] for file in paths()}


def test_a_reader_whose_files_went_away_reads_again(lake, monkeypatch) -> None:
    from karibu.events import snapshot

    flushed(event(time=OLD))
    stale = snapshot.take()
    monkeypatch.setattr(compact, "GRACE", 0)
    compact.compact()
    fresh, given = snapshot.take, [stale]
    monkeypatch.setattr(snapshot, "take", lambda *asked: given.pop() if given else fresh(*asked))
    assert log.count() == {None: 1}
    assert not given


@pytest.mark.parametrize(
    ("when", "point"),
    [("after", "rewrite.rewritten"), ("after", "lake.commit"), ("after", "lake.confirm"), ("before", "lake.vacuum")],
)
def test_killed_in_mid_compaction(when: str, point: str, lake) -> None:
    flushed(event(time=OLD), event(time=OLD, customer_id=2))
    die("compact", when, point, lake)
    assert log.count() == {None: 2}
    flushed(event(time=OLD))
    compact.compact()
    assert log.count() == {None: 3} and DeltaTable(lake).count() == 3


def test_a_month_larger_than_the_memory_is_sorted_in_slices(lake, monkeypatch) -> None:
    """120,000 wide events in 128 MB, which cannot sort them at once."""
    monkeypatch.setattr(rewrite, "MEMORY", "128MB")
    monkeypatch.setattr(rewrite, "SLICE", 15_000)
    noise = [{f"field {i}": os.urandom(60).hex() for i in range(6)} for _ in range(1000)]
    events = [event(customer_id=i % 997, time=OLD + timedelta(seconds=i), properties=noise[i]) for i in range(1000)]
    part = pa.Table.from_batches([schema.to_batch(events)])
    flushed(event(time=OLD))
    for _ in range(2):
        lakes.commit(lakes.opened(), lakes.write_months(pa.concat_tables([part] * 60)))
    assert compact.compact()["replaced"] == 3
    assert log.count("month") == {"2026-09": 120_001}
    [file] = paths()
    stored = pq.read_table(lake / file.path, columns=["customer", "time"], partitioning=None)
    assert stored.equals(stored.sort_by([("customer", "ascending"), ("time", "ascending")]))
