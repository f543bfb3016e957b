"""Files that are broken, hostile or something else: each a clear error, or the right rows; in constant memory."""

import gzip
import subprocess
import sys
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from karibu.imports import actions
from karibu.imports.models import Import, RejectedRow
from karibu.imports.records import OPEN
from karibu.imports.run import run
from karibu.imports.sniff import Unreadable, named, understand
from karibu.imports.staging import read, stage

TABLE = "email,name\nann@x.test,Zoë\nbob@x.test,Bob\n"


def rows(path: Path) -> list[tuple[Any, ...]]:
    """(line, fault, cells...) of every row, read in the way an import reads it."""
    found = understand(path)
    target = path.with_suffix(".rows")
    stage(path, found, found.columns, target, lambda done: None)
    return list(read(target, 0))


def written(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def packed(content: bytes, tmp_path: Path) -> bytes:
    with zipfile.ZipFile(tmp_path / "packed", "w") as file:
        file.writestr("people.csv", content)
    return (tmp_path / "packed").read_bytes()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (gzip.compress(TABLE.encode(), mtime=0), r"packed file \(gzip\)"),
        (b"%PDF-1.4\n%\xe2\xe3", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body>", "a web page"),
        (b'[\n {"email": "a@x.test"},\n {"email": "b@x.test"}]', "one JSON list"),
        (bytes(range(256)) * 20, "no text and no table"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "no rows"),
        (b"email,name\n", "column names but no rows"),
        (TABLE.encode("utf-16-le")[:-1], "truncated data"),
        (",".join(f"c{n}" for n in range(5000)).encode() + b"\n1,2\n", "5,000 columns; 1,000 can be imported"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_called_what_it_is(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        understand(written(tmp_path, content))


def test_a_zip_that_is_no_workbook_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"packed file \(ZIP\)"):
        understand(written(tmp_path, packed(TABLE.encode(), tmp_path)))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_of_any_width_with_and_without_its_mark(tmp_path: Path, encoding: str) -> None:
    assert [row[2:] for row in rows(written(tmp_path, TABLE.encode(encoding)))] == [
        ("ann@x.test", "Zoë"), ("bob@x.test", "Bob"),
    ]  # fmt: skip


def test_nul_bytes_are_left_out(tmp_path: Path) -> None:
    assert rows(written(tmp_path, b"email,name\na\0nn@x.test,A\0\n")) == [(2, "", "ann@x.test", "A")]


def test_a_quotation_mark_that_nothing_closes_costs_one_line(tmp_path: Path) -> None:
    people = "".join(f"p{n}@x.test,P\n" for n in range(30_000))
    found = rows(written(tmp_path, f'email,name\na@x.test,"Ann\n{people}b@x.test,"Bob\nc@x.test,C\n'))
    assert len(found) == 30_003
    assert [(line, fault) for line, fault, *_ in found if fault] == [(2, OPEN), (30_003, OPEN)]
    assert [row[0] for row in found] == list(range(2, 30_005))
    assert found[-1][2:] == ("c@x.test", "C")


def test_columns_of_one_name_are_told_apart() -> None:
    assert named(["name", "name", "", "name (2)", "name", " "]) == [
        "name", "name (2)", "Column 3", "name (2) (2)", "name (3)", "Column 6",
    ]  # fmt: skip
    assert len(set(named(["x"] * 5000))) == 5000


def test_what_excel_says_about_its_separator_is_heard(tmp_path: Path) -> None:
    assert rows(written(tmp_path, "sep=;\nemail;name\na@x.test;Ann, the first\n")) == [
        (3, "", "a@x.test", "Ann, the first")
    ]


def test_a_person_in_the_first_row_is_no_header(tmp_path: Path) -> None:
    found = understand(written(tmp_path, "ann@x.test,Ann\nbob@x.test,Bob\n"))
    assert (found.header_row, found.columns, len(found.sample)) == (None, ["Column 1", "Column 2"], 2)


def workbook(path: Path, **sheets: str) -> Path:
    """An XLSX file of these sheets, each given as the XML of its <sheetData> and what follows."""
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        f'spreadsheetml.worksheet+xml"/>' for n in range(1, len(sheets) + 1)
    )  # fmt: skip
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    links = "".join(
        f'<Relationship Id="r{n}" Type="{rels}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType'
            '="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            '<Override PartName="/xl/styles.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>'
            f"{types}</Types>",
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{rels}"><sheets>{names}</sheets></workbook>'
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">{links}<Relationship '
            f'Id="s" Type="{rels}/styles" Target="styles.xml"/></Relationships>',
        )
        book.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
            '<xf numFmtId="14"/></cellXfs></styleSheet>',
        )
        for n, content in enumerate(sheets.values(), 1):
            book.writestr(f"xl/worksheets/sheet{n}.xml", f'<worksheet xmlns="{main}">{content}</worksheet>')
    return path  # fmt: skip


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_a_workbook_with_formulas_merged_cells_dates_and_several_sheets(tmp_path: Path) -> None:
    header = "".join(cell(f"{c}1", name) for c, name in zip("ABCD", ("email", "since", "sum", "town"), strict=True))
    day = (date(2026, 1, 5) - date(1899, 12, 30)).days
    first = f'<c r="B2" s="1"><v>{day}</v></c><c r="C2"><f>1+2.5</f><v>3.5</v></c>{cell("D2", "Kigali")}'
    second = f'<c r="B3" s="1"><v>{day + 1}</v></c><c r="C3"><f>SUM(C1:C2)</f></c>'
    people = (
        f'<sheetData><row r="1">{header}</row><row r="2">{cell("A2", "ann@x.test")}{first}</row>'
        f'<row r="3">{cell("A3", "bob@x.test")}{second}</row></sheetData>'
        '<mergeCells count="1"><mergeCell ref="D2:D3"/></mergeCells>'
    )
    path = workbook(tmp_path / "book.xlsx", Cover="<sheetData/>", People=people, Other=people)
    found = understand(path)
    assert (found.sheet, found.columns) == ("People", ["email", "since", "sum", "town"])
    assert rows(path) == [
        (2, "", "ann@x.test", "2026-01-05", "3.5", "Kigali"),
        (3, "", "bob@x.test", "2026-01-06", "", ""),  # no formula is reckoned, and a merged cell is its first
    ]


def test_a_workbook_without_rows_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no sheet with rows"):
        understand(workbook(tmp_path / "book.xlsx", A="<sheetData/>"))


def test_nested_parquet_becomes_json(tmp_path: Path) -> None:
    table = pa.table({
        "email": ["ann@x.test"], "tags": [["a", "b"]], "address": [{"city": "Kigali", "since": date(2026, 1, 5)}],
        "scores": pa.array([[("x", 1)]], pa.map_(pa.string(), pa.int64())), "raw": [b"caf\xc3\xa9"],
        "sum": pa.array([Decimal("12.50")], pa.decimal128(10, 2)), "kind": pa.array(["gold"]).dictionary_encode(),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "people.csv")
    assert rows(tmp_path / "people.csv") == [
        (1, "", "ann@x.test", '["a","b"]', '{"city":"Kigali","since":"2026-01-05"}', '[["x",1]]',
         "café", "12.50", "gold"),
    ]  # fmt: skip


PROGRAM = """
import sys
from pathlib import Path
import django
django.setup()
from karibu.imports.sniff import Unreadable, understand
try:
    understand(Path(sys.argv[1]))
    print("understood")
except Unreadable as error:
    print(error)
print(next(int(line.split()[1]) // 1000 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("content", [b"a,b," * 250_000, b'{"a":"' + b"x" * 999_994])
def test_a_gigabyte_without_a_line_break_is_refused_before_it_fills_the_memory(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "one-line.csv"
    with path.open("wb") as file:
        file.write(content)
        file.truncate(1_000_000_000)  # the rest is a hole, which reads as zeros and takes no disk
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, peak = done.stdout.splitlines()
    assert "Line 1 is longer than 1,000,000 characters" in said
    assert int(peak) < 300


@pytest.mark.django_db
@pytest.mark.usefixtures("lake")
def test_a_file_that_breaks_off_ends_the_import_with_a_sentence_and_a_line_that_is_too_long_is_named(
    settings: Any, tmp_path: Path
) -> None:
    settings.KARIBU_HOME = tmp_path / "home"
    brought = []
    for tail in (b"\xd8", ("z@x.test," + "x" * 1_100_000 + "\n").encode("utf-16-le")):
        content = "email,name\n" + "".join(f"p{n}@x.test,P\n" for n in range(40_000))
        path = written(tmp_path, content.encode("utf-16-le"))
        imported = actions.draft("customers", path, by="a test")
        path.write_bytes(path.read_bytes() + tail)
        actions.start(imported, by="a test", queue=False)
        brought.append(run(imported.pk))
    assert [one.status for one in brought] == ["failed", "failed"]
    assert brought[0].reason == "The file could not be read to its end: a part of it is not utf-16-le"
    assert brought[1].reason == "Line 40002 is longer than 1,000,000 characters. Is this a table, a row a line?"
    assert not RejectedRow.objects.exists() and all(one.position == 0 for one in Import.objects.all())
