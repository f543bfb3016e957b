"""Erasure and the undoing of an import: tail, files, counts; what others did stays."""

from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from django.db import connection, transaction
from django.db.models import Sum

from karibu.events import compact, erase, flush, log, snapshot
from karibu.events import lake as lakes
from karibu.events.models import EventCount, TailBlock
from karibu.events.tests.making import NOON, append, event, order

pytestmark = pytest.mark.django_db(transaction=True)
OLD = NOON - timedelta(days=70)
SECRET = "zuberi@example.org"


def removed(verb, what) -> int:
    with transaction.atomic():
        connection.ensure_connection()
        return verb(what, connection.connection.cursor())


def person(customer: int, mark: str, **fields):
    return event(
        customer_id=customer,
        message_id=f"m-{mark}-{fields.get('time', NOON):%m}-{fields.get('name', '')}",
        user_id=mark,
        traits={"email": mark},
        **fields,
    )


def spread(customer: int, mark: str) -> None:
    """Events of a person in a clustered month, a loose file, and the tail."""
    append(person(customer, mark, time=OLD), event(customer_id=5, time=OLD))
    flush.flush_everything()
    compact.compact()
    append(person(customer, mark, name="Cart Viewed"), event(customer_id=5))
    flush.flush_everything()
    append(person(customer, mark, name="Searched"), event(customer_id=5))


def stored(lake: Path) -> bytes:
    """Everything the lake's folder and the tail hold, unpacked."""
    import pyarrow.parquet as pq

    found = b""
    for path in lake.rglob("*"):
        if path.is_file():
            found += path.read_bytes() + path.name.encode()
        if path.suffix == ".parquet":
            found += repr(pq.read_table(path, partitioning=None).to_pylist()).encode()
            found += repr(pq.read_metadata(path).to_dict()).encode()
    for block in TailBlock.objects.all():
        from karibu.events import tail

        found += repr(tail.decode(block.ipc).to_pylist()).encode() + repr(block.customers).encode()
    return found


def test_no_file_and_no_row_holds_the_person(lake) -> None:
    spread(77001, SECRET)
    assert SECRET.encode() in stored(lake)
    assert removed(erase.erase, [77001]) == 3
    assert SECRET.encode() not in stored(lake)
    assert all(b"77001" not in stored(month) for month in lake.glob("month=*"))
    assert log.history([77001]) == []
    assert log.count() == {None: 3} and len(log.history([5])) == 3
    flush.flush_everything()
    assert SECRET.encode() not in stored(lake)
    assert DeltaTable(lake).count() == 3


def logged(lake: Path) -> str:
    """All that the table's own log says, unpacked."""
    import pyarrow.parquet as pq

    files = sorted((lake / "_delta_log").iterdir())
    said = "".join(path.read_text() for path in files if path.suffix == ".json")
    return said + "".join(repr(pq.read_table(path).to_pylist()) for path in files if path.suffix == ".parquet")


def test_the_log_of_the_table_never_knew_the_person(lake) -> None:
    spread(77001, SECRET)
    assert SECRET not in logged(lake)


def test_nor_does_it_know_their_number_after_the_erasure(lake) -> None:
    """The ranges of files that are gone stood in it for as long as the log is kept."""
    spread(77001, SECRET)
    for n in range(25):  # more commits than one checkpoint holds
        append(event(customer_id=5, message_id=f"m{n}"))
        flush.flush_everything()
    assert "77001" in logged(lake)
    removed(erase.erase, [77001])
    assert "77001" not in logged(lake)
    assert DeltaTable(lake).count() == log.count()[None] == 28
    append(event(customer_id=6))
    flush.flush_everything()
    assert DeltaTable(lake).count() == log.count()[None] == 29 and len(log.history([6])) == 1


def test_a_reader_that_had_just_learnt_the_version_reads_the_new_one(lake, monkeypatch) -> None:
    spread(77001, SECRET)
    flush.flush_everything()
    files, gone = snapshot._versions.files, []

    def late(version: int):
        if not gone:
            gone.append(version)
            removed(erase.erase, [77001])
        return files(version)

    monkeypatch.setattr(snapshot._versions, "files", late)
    assert log.count() == {None: 3} and gone


def test_events_of_others_that_speak_of_the_person_go_too(lake) -> None:
    about = erase.Mention("zuberi@example\\.org|0788[ ]?123", ("zuberi",), "0[^0-9]{0,3}7")
    append(event(customer_id=5, properties={"friend": "Zuberi@Example.org"}), event(customer_id=5, query="o'zuberi"))
    append(event(customer_id=7, properties={"text": "call 0-788 123, 0788123"}))
    flush.flush_everything()
    append(event(customer_id=6, traits={"phone": "0788 123"}), event(customer_id=6, context={"a": {"b": "zuberi"}}))
    with transaction.atomic():
        connection.ensure_connection()
        assert erase.erase([99], connection.connection.cursor(), mentioned=[about]) == 3
    assert log.count() == {None: 2} and b"zuberi@example" not in stored(lake).lower()
    assert EventCount.objects.aggregate(n=Sum("count"))["n"] == 2


def test_many_at_once(lake) -> None:
    append(*[event(customer_id=n, time=OLD if n % 2 else NOON) for n in range(1, 101)])
    flush.flush_everything()
    assert removed(erase.erase, range(1, 100)) == 99
    assert [e.customer for e in log.recent()] == [100]


def test_the_counts_follow(lake) -> None:
    spread(2, SECRET)
    removed(erase.erase, [2])
    for by in ("name", "source", "channel"):
        kept = EventCount.objects.values_list(by).annotate(n=Sum("count")).filter(n__gt=0)
        assert dict(kept) == log.count(by)


def test_an_erasure_that_is_rolled_back_loses_nobody_elses_events(lake) -> None:
    spread(2, SECRET)
    with pytest.raises(RuntimeError, match="changed my mind"), transaction.atomic():
        erase.erase([2], connection.connection.cursor())
        raise RuntimeError("changed my mind")
    assert len(log.history([5])) == 3
    append(event(customer_id=5))
    flush.flush_everything()
    assert len(log.history([5])) == 4
    removed(erase.erase, [2])
    assert SECRET.encode() not in stored(lake)


def test_a_block_that_a_flush_has_marked_is_still_flushed_once(lake) -> None:
    append(person(2, SECRET), event(customer_id=5))
    flush.mark()
    removed(erase.erase, [2])
    flush.flush_everything()
    assert log.count() == {None: 1} and DeltaTable(lake).count() == 1


def test_a_flush_that_died_after_its_commit_hides_nobody(lake, monkeypatch) -> None:
    append(person(2, SECRET), event(customer_id=5))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(flush, "confirm", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        flush.flush_everything()
    removed(erase.erase, [2])
    assert SECRET.encode() not in stored(lake)
    assert log.count() == {None: 1}


def test_an_import_can_be_undone(lake) -> None:
    append(*[order(import_id=3, historical=True, time=OLD) for _ in range(5)], order(time=OLD))
    flush.flush_everything()
    append(order(import_id=3, historical=True), order(import_id=4, historical=True))
    assert removed(erase.delete_import, 3) == 6
    assert sorted(e.import_id for e in log.recent()) == [0, 4]
    assert removed(erase.delete_import, 3) == 0


def test_nobody_to_erase_touches_nothing(lake) -> None:
    append(event())
    assert removed(erase.erase, []) == removed(erase.erase, [99]) == 0
    assert not lakes.exists()
