"""An erased person is in no file and no row that an import left behind (PAINS 44)."""

import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from karibu.consents.person import Person
from karibu.customers import raw
from karibu.imports import actions
from karibu.imports.erasing import GONE, from_imports
from karibu.imports.files import folder, staged
from karibu.imports.models import Import
from karibu.imports.run import run

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


def test_a_workbook_and_a_staged_file_are_searched_although_they_are_packed(home: Path) -> None:
    settled = uploaded(home)
    with zipfile.ZipFile(settled.path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", "<t>x</t>" * 1000 + f"<t>{ZURI}</t>")
    assert ZURI.encode() not in Path(settled.path).read_bytes()
    stopped = uploaded(home, b"email,name\nx@example.com,X\n")
    pq.write_table(pa.table({"line": [1], "c0": [ZURI.upper()]}), staged(stopped))
    Import.objects.filter(pk=stopped.pk).update(status="stopped")
    assert erased(ZURI)["import files"] == 3  # the workbook; the staged file and its source
    assert not staged(stopped).exists() and not list(folder(settled).iterdir())


def test_a_running_import_keeps_its_file_and_what_lies_outside_is_nobodys_but_its_owners(home: Path) -> None:
    running = uploaded(home)
    Import.objects.filter(pk=running.pk).update(status="running")
    (home / "own.csv").write_text(f"email\n{ZURI}\n")
    outside = actions.draft("customers", home / "own.csv", by="a test")
    assert erased(ZURI)["import files"] == 0
    assert Path(running.path).exists() and (home / "own.csv").exists()
    outside.refresh_from_db()
    assert outside.status == "draft" and outside.format["sample"] == []
