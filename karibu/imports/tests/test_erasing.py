"""An erased person is in no file and no row that an import left behind (PAINS 44)."""

import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from karibu.consents import erasure
from karibu.consents.person import Person
from karibu.customers import raw
from karibu.customers.models import Customer, Identity, Trait
from karibu.imports import actions
from karibu.imports import run as run_module
from karibu.imports.erasing import GONE, from_imports
from karibu.imports.files import folder
from karibu.imports.models import Import, RejectedRow
from karibu.imports.run import run
from karibu.imports.undo import undo
from karibu.shop.models import Order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]
ZURI, BEN = "zuri@example.com", "ben@example.com"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.KARIBU_HOME = tmp_path / "home"
    return tmp_path


def erased(*identifiers: str) -> dict[str, int]:
    return from_imports(Person([1], list(identifiers)), raw.cursor())


def uploaded(home: Path, content: bytes = f"email,name\n{ZURI},Zuri\n{BEN},Ben\n".encode()) -> Import:
    (home / "people.csv").write_bytes(content)
    return actions.draft("customers", home / "people.csv", by="a test", copy=True)


def test_an_import_that_is_done_keeps_neither_the_file_nor_its_first_rows(home: Path) -> None:
    imported = uploaded(home)
    actions.start(imported, by="a test", queue=False)
    imported = run(imported.pk)
    assert imported.status == "done" and imported.counts["taken"] == 2
    assert not list((home / "home/imports").rglob("source")) and imported.format["sample"] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_the_file_of_an_unfinished_import_goes_in_any_encoding(home: Path, encoding: str) -> None:
    imported = uploaded(home, f"email,name\n{ZURI.title()},Zuri\n{BEN},Ben\n".encode(encoding))
    assert erased("somebody.else@example.com")["import files"] == 0
    assert erased(ZURI)["import files"] == 1
    imported.refresh_from_db()
    assert (imported.status, imported.reason) == ("failed", GONE)
    assert not Path(imported.path).exists()
    assert [row[0] for row in imported.format["sample"]] == [BEN]


def test_a_workbook_is_searched_although_it_is_packed(home: Path) -> None:
    settled = uploaded(home)
    with zipfile.ZipFile(settled.path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", "<t>x</t>" * 1000 + f"<t>{ZURI}</t>")
    assert ZURI.encode() not in Path(settled.path).read_bytes()
    assert erased(ZURI)["import files"] == 1
    assert not list(folder(settled).iterdir())


def test_what_lies_outside_is_nobodys_but_its_owners(home: Path) -> None:
    (home / "own.csv").write_text(f"email\n{ZURI}\n")
    outside = actions.draft("customers", home / "own.csv", by="a test")
    assert erased(ZURI)["import files"] == 0
    assert (home / "own.csv").exists()
    outside.refresh_from_db()
    assert outside.status == "draft" and outside.format["sample"] == []


PEOPLE = "email,name,spare\n" + "".join(f"p{n}@example.com,Person {n},\n" for n in range(20))


def known(email: str) -> int:
    """Somebody the shop knows before any file came."""
    from karibu.collect.actions import create_source, take_in
    from karibu.collect.drain import drain_all

    take_in([{"type": "identify", "userId": f"u-{email}", "traits": {"email": email}}], create_source("Shop"))
    drain_all()
    return Customer.objects.get(email=email).pk


def traces(home: Path, *texts: str) -> list[str]:
    """Files under our home that hold one of these texts, packed Parquet unpacked."""
    found = []
    for path in (home / "home").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if content[:4] == b"PAR1":
                content = str(pq.read_table(path).to_pylist()).encode()
            found += [f"{path.name}: {text}" for text in texts if text.encode() in content.lower()]
    return found


@pytest.mark.parametrize("then", ["done", "stopped", "failed", "killed"])
def test_who_is_erased_while_an_import_runs_is_in_no_file_however_it_goes_on(
    home: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    monkeypatch.setitem(run_module.STEP, "customers", 5)
    customer = known(ZURI)
    imported = uploaded(home, PEOPLE.encode() + f"{ZURI},Zuri,\n,no address of,{ZURI}\n".encode())
    actions.start(imported, by="a test", queue=False)

    def goes_on(progress: Import) -> None:
        if progress.position != 10:
            return
        assert traces(home, ZURI)  # the test sees what it looks for
        erasure.erase(customer, by="a test")
        assert not traces(home, ZURI)
        if then == "stopped":
            actions.stop(progress, by="a test")
        elif then == "failed":
            raise OSError("the disk is gone")
        elif then == "killed":
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        run(imported.pk, goes_on)
    imported.refresh_from_db()
    assert imported.status == {"killed": "running"}.get(then, then)
    assert not traces(home, ZURI)
    if then in ("stopped", "failed"):
        actions.resume(imported, by="a test", queue=False)
    if then != "done":
        imported = run(imported.pk)
    assert (imported.status, imported.counts) == ("done", {"taken": 20, "refused": 2, "rejected": 0})
    assert Customer.objects.filter(email__contains="@").count() == 20
    assert not Customer.objects.filter(email=ZURI).exists() and not RejectedRow.objects.exists()


@pytest.mark.parametrize("then", ["goes on", "stopped", "failed"])
def test_who_is_erased_while_the_file_is_being_read_is_in_no_file_either(home: Path, then: str) -> None:
    customer = known(ZURI)
    imported = uploaded(home, PEOPLE.encode() + f"{ZURI},Zuri,\n".encode())
    actions.start(imported, by="a test", queue=False)

    def goes_on(progress: Import) -> None:
        if progress.total is not None:
            return
        with pytest.raises(erasure.StillWaiting, match=f"Import {progress.pk} is at work"):
            erasure.erase(customer, by="a test")
        if then == "stopped":
            actions.stop(progress, by="a test")
        elif then == "failed":
            raise OSError("the disk is gone")

    imported = run(imported.pk, goes_on)
    assert not traces(home, ZURI, "zuri")
    erasure.erase(customer, by="a test")  # nothing holds it any more
    if then == "goes on":
        assert (imported.status, imported.counts) == ("done", {"taken": 20, "refused": 1, "rejected": 0})
    else:
        assert (imported.status, imported.reason, imported.position) == ("failed", GONE, 0)
        with pytest.raises(actions.NotReady, match="was erased"):
            actions.resume(imported, by="a test", queue=False)


def test_an_order_of_somebody_erased_goes_whole_although_only_its_first_line_names_them(home: Path) -> None:
    lines = f"order_id,email,date,line_total\n1,{ZURI},2026-01-05,3\n2,{BEN},2026-01-05,4\n1,,2026-01-05,5\n"
    (home / "orders.csv").write_text(lines)
    imported = actions.draft("orders", home / "orders.csv", by="a test", copy=True)
    customer = known(ZURI)
    actions.start(imported, by="a test", queue=False)
    with pytest.raises(erasure.StillWaiting):
        erasure.erase(customer, by="a test")
    imported = run(imported.pk)
    assert imported.counts == {"taken": 1, "refused": 2, "rejected": 0}
    assert list(Order.objects.values_list("order_id", "total")) == [("2", 4)]


def test_undoing_an_import_does_not_bring_back_who_was_erased_since(home: Path) -> None:
    before = known(ZURI)
    imported = uploaded(home, f"email,name,city\n{ZURI},Zuri Quetzal,Kigali\n{BEN},Ben Quetzal,Huye\n".encode())
    actions.start(imported, by="a test", queue=False)
    imported = run(imported.pk)
    made = Customer.objects.get(email=BEN).pk
    for customer in (before, made):
        erasure.erase(customer, by="a test")
    undo(imported, by="a test")
    left = Customer.objects.order_by("pk").values_list("pk", "name", "email", "city", "traits", "search")
    assert list(left) == [(before, "", "", "", {}, None), (made, "", "", "", {}, None)]
    assert Customer.objects.filter(erased_at=None).count() == 0  # old addresses of both go on saying "erased"
    assert not Trait.objects.exists() and not Identity.objects.exists()
    again = uploaded(home, f"email,name\n{ZURI},Zuri\n{BEN},Ben\n".encode())
    actions.start(again, by="a test", queue=False)
    assert run(again.pk).counts == {"taken": 0, "refused": 2, "rejected": 0}
