"""What an erasure takes out of imports: rows set aside that name the person, and our copies of files that do."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db.models import TextField
from django.db.models.functions import Cast

from karibu.consents.erasers import as_written
from karibu.customers.raw import Cursor
from karibu.imports.files import kept
from karibu.imports.models import Import, RejectedRow

AT_WORK = (Import.Status.QUEUED, Import.Status.RUNNING, Import.Status.UNDOING)
UNFINISHED = (Import.Status.DRAFT, Import.Status.STOPPED)
TELLING = 7  # characters from which an identifier found anywhere in a file is held to be the person's
GONE = "Its file named somebody who was erased, and was deleted. Import one without them."


def from_imports(family: list[int], identifiers: list[str], cursor: Cursor) -> dict[str, int]:
    """An import that is at work keeps its file: erased people are refused row by row, and its end deletes the file."""
    rows = RejectedRow.objects.annotate(text=Cast("row", TextField()))
    gone = sum(rows.filter(text__icontains=text).delete()[0] for text in as_written(identifiers))
    told = [text.lower() for text in identifiers if "@" in text or len(text) >= TELLING]
    files = 0
    for imported in Import.objects.all():
        _forget_sample(imported, identifiers)
        if imported.status not in AT_WORK:
            files += _delete_files(imported, told)
    return {"rejected rows": gone, "import files": files}


def _forget_sample(imported: Import, identifiers: Iterable[str]) -> None:
    """The first rows, which the draft shows."""
    named = {text.lower() for text in identifiers}
    sample = imported.format.get("sample", [])
    kept = [row for row in sample if not any(_is_named(str(cell).strip().lower(), named) for cell in row)]
    if len(kept) < len(sample):
        imported.format = {**imported.format, "sample": kept}
        imported.save(update_fields=["format"])


def _is_named(cell: str, named: set[str]) -> bool:
    return cell in named or any(text in cell for text in named if "@" in text)


def _delete_files(imported: Import, told: list[str]) -> int:
    """Only files in our own home: what lies elsewhere belongs to who put it there."""
    ours = kept(imported)
    if not any(_names(path, told) for path in ours):
        return 0
    for path in ours:
        path.unlink()
    if imported.status in UNFINISHED:
        Import.objects.filter(pk=imported.pk).update(status=Import.Status.FAILED, reason=GONE)
    return len(ours)


def _names(path: Path, told: list[str]) -> bool:
    """Whether the file holds one of the identifiers. It is read in parts, since it may be large."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        return any(_column_names(column, told) for batch in pq.ParquetFile(path).iter_batches() for column in batch)
    wanted = [text.encode(encoding).lower() for text in told for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    return any(wanted_one in held for held in _parts(path, start) for wanted_one in wanted)


def _column_names(column: pa.Array, told: list[str]) -> bool:
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        column = pa.array([str(value) for value in column.to_pylist()], pa.string())
    texts = pc.cast(column, pa.string())
    return any(pc.any(pc.match_substring(texts, text, ignore_case=True)).as_py() for text in told)


def _parts(path: Path, start: bytes) -> Iterator[bytes]:
    """The bytes of the file, of a workbook those of its packed parts, in lower case and overlapping."""
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
        held = tail + part.lower()
        yield held
        tail = held[-800:]
