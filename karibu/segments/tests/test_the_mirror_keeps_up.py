"""How the mirror's files follow: layers, the base, what is thrown away, what is mended, what a death leaves."""

import errno
import time

import duckdb
import pyarrow.parquet as pq
import pytest

from karibu.consents import erasure
from karibu.customers.models import Customer
from karibu.events import engine, lake
from karibu.segments import mirror
from karibu.segments.mirror import build, files, keep, state
from karibu.segments.models import Stale
from karibu.segments.tests.people import customer, merged, mirrored, straight
from tests import stores

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture(autouse=True)
def afresh(monkeypatch):
    monkeypatch.setattr(keep, "_done", keep._Done())


def change(*people, city):
    Customer.objects.filter(pk__in=people).update(city=city)


def steps():
    while keep.step() == 0:
        pass


def test_the_first_step_writes_everything_and_the_next_has_nothing_to_do():
    one = customer(name="Amina")
    steps()
    assert mirrored(mirror.current())[one]["name"] == "Amina"
    named = keep.known()
    assert keep.step() > 0
    assert keep.known() == named


def test_files_are_compressed_as_every_engine_reads_them():
    """Of LZ4, an executor of Spark cannot read the next dictionary after some files; small ones it reads."""
    customer(name="Amina")
    steps()
    [base] = keep.known().base
    group = pq.read_metadata(lake.url() + "/" + base.path).row_group(0)
    assert {group.column(n).compression for n in range(group.num_columns)} == {"SNAPPY"}


def test_few_changes_are_read_directly_and_many_become_a_layer(monkeypatch):
    monkeypatch.setattr(keep, "FOLD", 3)
    people = [customer() for _ in range(4)]
    steps()
    change(people[0], city="Kigali")
    assert keep.step() > 0
    assert (keep.known().layers, Stale.objects.count()) == ((), 1)
    change(*people[1:], city="Huye")
    steps()
    (layer,) = keep.known().layers
    assert (layer.rows, Stale.objects.count()) == (4, 0)
    assert [row["city"] for row in mirrored(mirror.current()).values()] == ["Kigali", "Huye", "Huye", "Huye"]


def test_a_question_waits_for_files_only_where_very_many_have_changed(monkeypatch):
    odd = """it's {"n"}\\"""
    for n in range(3):
        customer(traits={"size": f"{n}", odd: n, "other": None})
    mirror.rebuild()
    Customer.objects.update(traits={"size": "L", odd: 7, "other": "x"})
    size, number = mirror.column_of("size"), mirror.column_of(odd)

    for most, layers in ((3, 0), (2, 1)):
        monkeypatch.setattr(state, "AT_ONCE", most)
        said = mirrored(mirror.current({size, number}))
        assert said == {one: {"id": one, size: "L", number: "7"} for one in said} and len(said) == 3
        assert len(keep.known().layers) == layers


def test_a_few_changes_become_a_layer_after_a_while(monkeypatch):
    one = customer()
    steps()
    change(one, city="Kigali")
    monkeypatch.setattr(keep, "_done", keep._done._replace(folded=time.monotonic() - keep.AGE - 1))
    steps()
    assert len(keep.known().layers) == 1


def test_layers_become_one_and_then_part_of_the_base(monkeypatch):
    for name, number in (("FOLD", 1), ("LAYERS", 2), ("LEAST", 6)):
        monkeypatch.setattr(keep, name, number)
    monkeypatch.setattr(files, "GROUP", 4)
    monkeypatch.setattr(build, "FILE", 8)
    monkeypatch.setattr(build, "UNKNOWN", 4)
    people = [customer() for _ in range(20)]
    steps()
    untouched = keep.known().base[0]
    seen = []
    for n in range(7):
        change(people[9 + n], city=f"City {n}")
        people.append(customer(city="New"))
        steps()
        seen.append(len(keep.known().layers))
    assert seen == [1, 2, 1, 0, 1, 2, 1]
    known = keep.known()
    assert known.base[0] == untouched
    assert [file.first for file in known.base[1:]] == [file.last for file in known.base[:-1]]
    assert known.base[-1].rows <= 12
    assert mirrored(mirror.current()) == straight()


def test_the_many_layers_that_a_question_left_become_few_also_where_nobody_changes_any_more(monkeypatch):
    people = [customer() for _ in range(6)]
    steps()
    for name, number in (("LAYERS", 2), ("LEAST", 100)):
        monkeypatch.setattr(keep, name, number)
    monkeypatch.setattr(state, "AT_ONCE", 0)
    monkeypatch.setattr(build, "group_rows", lambda: 1)
    for one in people:
        change(one, city="Huye")
    mirror.current()
    assert len(keep.known().layers) == 6

    monkeypatch.setattr(keep, "_done", keep._Done())
    steps()

    assert len(keep.known().layers) == 1
    assert mirrored(mirror.current()) == straight()


def test_a_first_import_fills_an_empty_mirror(monkeypatch):
    monkeypatch.setattr(build, "FILE", 8)
    monkeypatch.setattr(keep, "LEAST", 6)
    steps()
    assert keep.known().base == ()
    monkeypatch.setattr(keep, "FOLD", 1)
    people = [customer() for _ in range(19)]
    steps()
    assert [file.rows for file in keep.known().base] == [8, 8, 3]
    assert sorted(mirrored(mirror.current())) == people


def test_old_files_stay_for_those_who_read_them_and_then_go(monkeypatch):
    one = customer(city="Kigali")
    steps()
    old = mirror.current()
    change(one, city="Huye")
    mirror.rebuild()
    keep._tidy_up()
    assert mirrored(old)[one]["city"] == "Kigali"
    monkeypatch.setattr(files, "GRACE", 0.0)
    keep._tidy_up()
    assert set(files.present()) == keep.known().paths


def test_a_reader_whose_files_went_away_reads_the_new_ones(monkeypatch):
    one = customer(city="Kigali")
    steps()
    tried = []

    def work(state):
        if not tried:
            mirror.rebuild()
            files.sweep(keep.known().paths, grace=0)
        tried.append(state)
        return mirrored(state)[one]["city"]

    assert mirror.read(work) == "Kigali"
    assert len(tried) == 2


@pytest.mark.parametrize("harm", ["missing", "cut short", "other bytes", "everything"])
def test_a_damaged_mirror_is_written_anew_and_says_so(lake, caplog, harm):
    people = [customer(name=f"Customer {n}" * 20) for n in range(50)]
    steps()
    path = lake / keep.known().base[0].path
    whole = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "cut short":
        path.write_bytes(whole[: len(whole) // 2])
    elif harm == "other bytes":
        path.write_bytes(whole[:300] + bytes(255 - byte for byte in whole[300:800]) + whole[800:])
    else:
        for file in (lake / "_mirror").iterdir():
            file.unlink()
    assert sorted(mirror.read(mirrored)) == people
    assert "damaged or is missing" in caplog.text
    assert mirror.read(mirrored) == straight()


@pytest.mark.parametrize("harm", ["missing", "one bit"])
def test_harm_is_noticed_before_anybody_asks(lake, caplog, harm):
    customer(name="Amina")
    steps()
    path = lake / keep.known().base[0].path
    whole = path.read_bytes()
    path.unlink() if harm == "missing" else path.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    keep._done = keep._Done()
    steps()
    assert "damaged or is missing" in caplog.text
    assert all(map(files.is_whole, keep.known().paths))


def test_what_is_asked_wrongly_is_said_at_once(monkeypatch):
    customer()
    steps()
    monkeypatch.setattr(keep, "mend", lambda: pytest.fail("the files are not to blame"))

    def work(state):
        with engine.cursor() as cursor:
            state.attach(cursor)
            cursor.execute("SELECT no_such_column FROM customers")

    with pytest.raises(duckdb.BinderException):
        mirror.read(work)


def test_an_error_that_is_not_the_files_is_not_swallowed():
    customer()
    steps()
    known = keep.known()

    def work(state):
        raise OSError("not the mirror's fault")

    with pytest.raises(OSError, match="not the mirror's fault"):
        mirror.read(work)
    assert keep.known() == known


@pytest.mark.parametrize("where", ["base", "layer", "family", "left behind"])
def test_an_erased_person_is_in_no_file(lake, monkeypatch, where, django_capture_on_commit_callbacks):
    monkeypatch.setattr(keep, "FOLD", 1)
    monkeypatch.setattr(files, "GROUP", 2)
    others = [customer(name=f"Other {n}", traits={"size": "M"}) for n in range(5)]
    zuri = customer(
        name="Zuri Nobodyelse", email="zuri@nobodyelse.example", phone="+250788123987", traits={"size": "Zurissize"}
    )
    steps()
    if where == "layer":
        change(zuri, city="Zuristown")
        change(others[1], city="Huye")
        steps()
    elif where == "left behind":
        change(zuri, city="Zuristown")
        files.layer(keep.layers.rows_of([zuri]))
    elif where == "family":
        Customer.objects.filter(pk=others[0]).update(merged_into=zuri)
        mirror.rebuild()
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(zuri, by="test")
    steps()
    words = ["zuri", "nobodyelse", "788123987"]
    assert stores.holding(words, lake) == []
    assert set(files.present()) == keep.known().paths
    assert zuri not in mirrored(mirror.current())
    assert mirrored(mirror.current()) == straight()
    assert merged(mirror.current()) == ({others[0]: zuri} if where == "family" else {})


def test_a_lake_on_object_storage_holds_the_mirror_too(lake, settings, monkeypatch, django_capture_on_commit_callbacks):
    """By the same way as s3://: through the lake's file system alone."""
    for name, number in (("FOLD", 1), ("LAYERS", 1), ("LEAST", 3)):
        monkeypatch.setattr(keep, name, number)
    lake.mkdir()
    settings.KARIBU_LAKE_URL = lake.as_uri()
    assert files.present() == []
    people = [customer(name=f"Customer {n}", traits={"size": str(n)}) for n in range(4)]
    for n in range(4):
        change(people[n], city="Kigali")
        steps()
        assert mirrored(mirror.current()) == straight()
    files.sweep(keep.known().paths, grace=0)
    assert {file.name for file in (lake / "_mirror").iterdir()} == {path.split("/")[1] for path in keep.known().paths}
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(people[0], by="test")
    assert stores.holding(["customer 0"], lake) == []
    assert sorted(mirror.read(mirrored)) == people[1:]


def test_who_is_erased_while_files_are_damaged_is_in_none_of_them(lake, django_capture_on_commit_callbacks):
    zuri, other = customer(name="Zuri Nobodyelse"), customer(name="Other")
    steps()
    path = lake / keep.known().base[0].path
    path.write_bytes(path.read_bytes()[:-100])
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(zuri, by="test")
    assert files.present() == []
    assert stores.holding(["nobodyelse"], lake) == []
    assert sorted(mirror.read(mirrored)) == [other]


def test_on_a_full_disk_changes_are_still_seen_and_are_written_later(monkeypatch, caplog):
    one = customer(city="Kigali")
    steps()
    named = keep.known()
    change(one, city="Huye")
    monkeypatch.setattr(keep, "FOLD", 1)

    def full(self, table):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.NewFile, "write", full)
        assert keep.step() == keep.TROUBLED
        assert "cannot be written: No space left on device" in caplog.text
        assert mirrored(mirror.current())[one]["city"] == "Huye"
    assert (keep.known(), set(files.present())) == (named, named.paths)
    steps()
    assert len(keep.known().layers) == 1
    assert mirrored(mirror.current())[one]["city"] == "Huye"
