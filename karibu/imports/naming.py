"""Whether a file names somebody: their identifiers as they stand anywhere in it. Files are read in parts."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from karibu.consents import blocked
from karibu.consents.traces import found


def names(path: Path, pattern: str) -> bool:
    """Whether the file holds what matches the pattern (of consents.traces)."""
    if not pattern:
        return False
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        return _parquet_names(path, pattern)
    # Without its zeros, text in UTF-16 is text like any other as far as identifiers go.
    return any(found(pattern, held.replace(b"\0", b"").decode("utf-8", "replace")) for held in _parts(path, start))


def _parquet_names(path: Path, pattern: str) -> bool:
    try:
        return any(pc.any(rows_that_name(batch, pattern)).as_py() for batch in pq.ParquetFile(path).iter_batches())
    except pa.ArrowException:
        return True  # was never written to its end, and nobody can say whom it names


def rows_that_name(batch: pa.RecordBatch, pattern: str) -> pa.Array:
    """One boolean a row."""
    theirs = pa.array([False] * len(batch), pa.bool_())
    for column in batch.columns if pattern else ():
        hit = pc.match_substring_regex(_text(column), pattern, ignore_case=True)
        theirs = pc.or_(theirs, pc.fill_null(hit, False))
    return theirs


def name_erased(rows: Iterable[Sequence[str]]) -> list[bool]:
    """Of each row whether it names somebody who was erased."""
    carried = [blocked.digests_of_row(row) for row in rows]
    gone = blocked.kept_out(set().union(*carried))
    return [not gone.isdisjoint(theirs) for theirs in carried]


def _text(column: pa.Array) -> pa.Array:
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return pa.array([str(value) for value in column.to_pylist()], pa.string())
    return pc.cast(column, pa.string())


def _parts(path: Path, start: bytes) -> Iterator[bytes]:
    """The bytes of the file, of a workbook those of its packed parts, overlapping."""
    if start != b"PK\x03\x04":
        with path.open("rb") as file:
            yield from _overlapping(file)
        return
    try:
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                with packed.open(name) as part:
                    yield from _overlapping(part)
    except zipfile.BadZipFile:
        return  # was never understood, so nothing of it can be read


def _overlapping(file: IO[bytes]) -> Iterator[bytes]:
    tail = b""
    while part := file.read(1 << 20):
        held = tail + part
        yield held
        tail = held[-800:]
