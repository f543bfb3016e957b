"""The file as rows: read once into a Parquet file of our own, so that going on at row n costs nothing.

Every cell is text; `line` is the line (CSV, JSON) or row (XLSX, Parquet) of the source, `fault` says why a row cannot
be taken. Memory stays constant: rows are written as they are read. Orders that come as lines are sorted by order.
"""

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from karibu.imports.records import Records, lines
from karibu.imports.sniff import Understood, open_text, sheet_of, text

ROWS = 10_000  # rows in a group of the staged file
ERASED = "names somebody who was erased"  # the fault of an emptied row
Row = tuple[int, str, list[str]]  # line, fault, one text per column
Beat = Callable[[int], None]


def stage(path: Path, found: Understood, wanted: list[str], target: Path, beat: Beat, sort_by: str = "") -> int:
    """Writes the `wanted` columns of the file to `target` and returns how many rows; complete or not there at all.

    `beat(rows so far)` is called now and then. `sort_by` is the column that brings lines of one order together.
    """
    attempt = secrets.token_hex(4)  # another, killed, may have left a process behind that still writes
    rough = target.with_suffix(f".{attempt}.part")
    if found.type == "parquet":
        total = _stage_parquet(path, wanted, rough, beat)
    else:
        total = _stage_rows(rows_of(path, found), found.columns, wanted, rough, beat)
    if sort_by:
        rough = _sorted(rough, wanted.index(sort_by), target.with_suffix(f".{attempt}.sorted"), beat, total)
    rough.replace(target)
    return total


def schema(width: int) -> pa.Schema:
    return pa.schema([("line", pa.int64()), ("fault", pa.string()), *[(f"c{n}", pa.string()) for n in range(width)]])


def read(path: Path, start: int) -> Iterator[tuple[Any, ...]]:
    """The staged rows from row `start` on: (line, fault, cells...), without reading what lies before."""
    file = pq.ParquetFile(path)
    row = 0
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if row + rows > start:
            for batch in file.iter_batches(batch_size=2000, row_groups=[group]):
                if row + len(batch) > start:
                    columns = [column.to_pylist() for column in batch.slice(max(0, start - row)).columns]
                    yield from zip(*columns, strict=True)
                row += len(batch)
        else:
            row += rows


def empty_rows(path: Path, theirs: Callable[[pa.RecordBatch], pa.Array], together: int | None = None) -> int:
    """Empties the rows of a staged file for which `theirs` is true; they keep their places. Returns how many.

    With `together` (a column) every row goes that has the same text there. Who reads the file now sees the old one.
    """
    found, keys = 0, set()
    for batch in pq.ParquetFile(path).iter_batches(batch_size=ROWS):
        hit = batch.filter(theirs(batch))
        found += len(hit)
        keys |= set(hit.column(2 + together).to_pylist()) if together is not None else set()
    if not found:
        return 0
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    found = 0
    with pq.ParquetWriter(fresh, pq.read_schema(path), compression="zstd") as writer:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=ROWS):
            gone = theirs(batch)
            if together is not None:
                gone = pc.or_(gone, pc.is_in(batch.column(2 + together), pa.array(sorted(keys - {""}), pa.string())))
            found += pc.sum(gone).as_py() or 0
            writer.write_batch(_emptied(batch, gone))
    fresh.replace(path)
    return found


def _emptied(batch: pa.RecordBatch, gone: pa.Array) -> pa.RecordBatch:
    line, fault, *cells = batch.columns
    texts = [pc.if_else(gone, ERASED, fault), *(pc.if_else(gone, "", column) for column in cells)]
    return pa.record_batch([line, *texts], batch.schema)


def rows_of(path: Path, found: Understood) -> Iterator[Row]:
    """The rows of a file as they stand in it, each with the line it begins in."""
    match found.type:
        case "parquet":
            return _parquet_rows(path, found)
        case "xlsx":
            return _xlsx_rows(path, found)
        case "jsonl":
            return _json_rows(path, found)
    return _csv_rows(path, found)


def _csv_rows(path: Path, found: Understood) -> Iterator[Row]:
    with open_text(path, found.encoding) as file:
        passed = -1 if found.header_row is None else found.header_row
        for number, (line, fault, cells) in enumerate(Records(file, found.separator)):
            if fault:
                yield line, fault, []
            elif number > passed and any(cell.strip() for cell in cells):
                yield _fitted(line, cells, len(found.columns))


def _xlsx_rows(path: Path, found: Understood) -> Iterator[Row]:
    sheet = sheet_of(path, found.sheet)
    first = 0 if found.header_row is None else found.header_row + 1
    for number, row in enumerate(islice(sheet.iter_rows(), first, None), first + 1):
        cells = [text(cell) for cell in row]
        if any(cells):
            yield _fitted(number, cells, len(found.columns))


def _json_rows(path: Path, found: Understood) -> Iterator[Row]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    with path.open("rb") as file:
        for number, line in enumerate(lines(file), 1):
            if not line.strip():
                continue
            try:
                row = decoder.decode(line.removeprefix(b"\xef\xbb\xbf"))
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                yield number, f"this line is no JSON object: {error}", []
                continue
            yield number, "", [text(row.get(name)) for name in found.columns]


def _parquet_rows(path: Path, found: Understood) -> Iterator[Row]:
    number = 0
    for batch in pq.ParquetFile(path).iter_batches(batch_size=ROWS, columns=found.columns):
        for cells in zip(*(_texts(batch.column(name)).to_pylist() for name in found.columns), strict=True):
            number += 1
            yield number, "", list(cells)


def _fitted(line: int, cells: list[str], width: int) -> Row:
    """A short row is filled up with nothing; one that is too long is set aside: nobody knows which cell is which."""
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        return line, f"{len(cells)} cells, but {width} columns", cells
    return line, "", (cells + [""] * width)[:width]


def _stage_rows(rows: Iterator[Row], columns: list[str], wanted: list[str], target: Path, beat: Beat) -> int:
    places = [columns.index(name) for name in wanted]
    total = 0
    with pq.ParquetWriter(target, schema(len(wanted)), compression="zstd") as writer:
        while chunk := list(islice(rows, ROWS)):
            cells = [[row[2][place] if place < len(row[2]) else "" for row in chunk] for place in places]
            writer.write_batch(
                pa.record_batch([[row[0] for row in chunk], [row[1] for row in chunk], *cells], writer.schema)
            )
            total += len(chunk)
            beat(total)
    return total


def _stage_parquet(path: Path, wanted: list[str], target: Path, beat: Beat) -> int:
    total = 0
    with pq.ParquetWriter(target, schema(len(wanted)), compression="zstd") as writer:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=ROWS, columns=wanted):
            lines = pa.array(range(total + 1, total + len(batch) + 1), pa.int64())
            faults = pa.array([""] * len(batch), pa.string())
            cells = [_texts(batch.column(name)) for name in wanted]
            writer.write_batch(pa.record_batch([lines, faults, *cells], writer.schema))
            total += len(batch)
            beat(total)
    return total


def _texts(column: pa.Array) -> pa.Array:
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return pa.array([text(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return pc.fill_null(pc.cast(column, pa.string()), "")


def _sorted(rough: Path, place: int, target: Path, beat: Beat, total: int) -> Path:
    """Beats while the sorting process works. Raises OSError when that fails."""
    pa.default_memory_pool().release_unused()  # both processes together stay small
    command = [sys.executable, "-m", "karibu.imports.sorting", str(rough), f"c{place}", str(target)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as sorting:  # noqa: S603
        try:
            while True:
                try:
                    _, said = sorting.communicate(timeout=5)
                    break
                except subprocess.TimeoutExpired:
                    beat(total)
        except BaseException:
            sorting.kill()
            raise
    if sorting.returncode:
        raise OSError(f"sorting failed: {said.decode(errors='replace').strip().splitlines()[-1:]}")
    rough.unlink()
    return target
