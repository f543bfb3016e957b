"""What a file is, is found out before it is imported: encoding, separator, header, lines."""

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from karibu.imports import sniff
from karibu.imports.sniff import Understood, Unreadable, understand
from karibu.imports.staging import read, stage


def rows(path: Path, found: Understood, tmp_path: Path) -> list[tuple[object, ...]]:
    target = tmp_path / "rows.parquet"
    assert stage(path, found, found.columns, target, lambda rows: None) == len(list(read(target, 0)))
    return list(read(target, 0))


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


TEXT = "name;town\r\nZoë Müller;Köln\r\nJosé Nuñez;Málaga\r\nÅsa;Malmö\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"])
def test_western_encodings(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, TEXT.encode(encoding))
    found = understand(path)
    assert (found.separator, found.columns) == (";", ["name", "town"])
    assert [row[2:] for row in rows(path, found, tmp_path)] == [
        ("Zoë Müller", "Köln"), ("José Nuñez", "Málaga"), ("Åsa", "Malmö"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "cell"),
    [("gb18030", "北京的客户喜欢红色的衣服和鞋子"), ("shift_jis", "東京のお客様は赤い靴がお好きです")],
)
def test_eastern_encodings(tmp_path: Path, encoding: str, cell: str) -> None:
    path = written(tmp_path, ("id,note\n" + "".join(f"{n},{cell}\n" for n in range(20))).encode(encoding))
    assert rows(path, understand(path), tmp_path)[3][2:] == ("3", cell)


def test_the_first_foreign_letter_may_come_late(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n" + b"1,x\n" * 60_000 + "2,é\n".encode("latin-1"))
    assert rows(path, understand(path), tmp_path)[-1] == (60_002, "", "2", "é")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_and_quotes_with_line_breaks(tmp_path: Path, end: str) -> None:
    path = written(tmp_path, f'a,b{end}1,"x{end}y ""z"""{end}2,w{end}'.encode())
    assert [row[0:1] + row[2:] for row in rows(path, understand(path), tmp_path)] == [
        (2, "1", f'x{end}y "z"'),
        (4, "2", "w"),
    ]


def test_rows_that_are_too_long_are_set_aside_with_their_line(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n1,2\n1,2,3\n1\n1,2,,\n")
    assert [row[:2] for row in rows(path, understand(path), tmp_path)] == [
        (2, ""), (3, "3 cells, but 2 columns"), (4, ""), (5, ""),
    ]  # fmt: skip


def test_a_file_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    found = understand(written(tmp_path, b"7,ann@x.test\n8,bob@x.test\n"))
    assert (found.header_row, found.columns) == (None, ["Column 1", "Column 2"])


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x00", b'[{"a": 1}]', b"PAR1nonsense", b"PK\x03\x04nonsense"])
def test_what_cannot_be_read_says_so(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Unreadable):
        understand(written(tmp_path, content))


def test_json_lines_with_a_broken_one(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"a": 1, "b": {"c": [2]}}\n{"a": 2\n\n{"a": "x"}\n')
    found = understand(path)
    assert found.columns == ["a", "b"]
    taken = rows(path, found, tmp_path)
    assert taken[0] == (1, "", "1", '{"c":[2]}')
    assert taken[1][0] == 2 and "no JSON object" in str(taken[1][1])
    assert taken[2] == (4, "", "x", "")


def test_parquet_money_keeps_its_digits(tmp_path: Path) -> None:
    pq.write_table(pa.table({"v": [0.1, 1e-5, 4596039.58], "n": [1, None, 3]}), tmp_path / "t.parquet")
    path = tmp_path / "t.parquet"
    assert [row[2:] for row in rows(path, understand(path), tmp_path)] == [
        ("0.1", "1"), ("0.00001", ""), ("4596039.58", "3"),
    ]  # fmt: skip


def test_reading_goes_on_at_any_row(tmp_path: Path) -> None:
    path = written(tmp_path, b"a\n" + b"".join(b"x%d\n" % n for n in range(25_000)))
    rows(path, understand(path), tmp_path)
    for start in (0, 1, 9_999, 10_000, 24_999, 25_000):
        left = list(read(tmp_path / "rows.parquet", start))
        assert len(left) == 25_000 - start
        assert not left or left[0][2] == f"x{start}"


@pytest.mark.data
def test_every_odd_file_gets_rows_or_a_clear_error(data: Path, tmp_path: Path) -> None:
    unreadable = []
    for path in sorted((data / "csv").iterdir()):
        try:
            found = understand(path)
        except Unreadable as error:
            unreadable.append((path.name, str(error)))
            continue
        assert found.columns and all(found.columns)
        rows(path, found, tmp_path)
    assert unreadable == [
        ("empty.csv", "The file is empty."),
        ("test_empty_columns_long_row.csv", "The file has column names but no rows."),
        ("test_empty_columns_short_row.csv", "The file has column names but no rows."),
    ]


def test_a_small_workbook_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "bomb.xlsx"
    monkeypatch.setattr(sniff, "UNPACKED", 5_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 20_000_000)
    assert path.stat().st_size < 50_000
    with pytest.raises(Unreadable, match="too large"):
        understand(path)
