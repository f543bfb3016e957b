"""What an erasure takes out of imports: rows set aside that name the person, and our copies of files that do."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db.models import TextField
from django.db.models.functions import Cast

from karibu.consents.person import Person
from karibu.consents.traces import found
from karibu.customers.raw import Cursor
from karibu.imports.files import kept
from karibu.imports.models import Import, RejectedRow

AT_WORK = (Import.Status.QUEUED, Import.Status.RUNNING, Import.Status.UNDOING)
UNFINISHED = (Import.Status.DRAFT, Import.Status.STOPPED)
GONE = "Its file named somebody who was erased, and was deleted. Import one without them."


def from_imports(person: Person, cursor: Cursor) -> dict[str, int]:
    """An import that is at work keeps its file: erased people are refused row by row, and its end deletes the file."""
    gone, files = 0, 0
    if pattern := person.traces.anything:
        rows = RejectedRow.objects.annotate(text=Cast("row", TextField()))
        gone = rows.filter(text__iregex=pattern).delete()[0]
    for imported in Import.objects.all():
        _forget_sample(imported, person)
        if imported.status not in AT_WORK:
            files += _delete_files(imported, person.traces.ids)
    return {"rejected rows": gone, "import files": files}


def at_work(person: Person) -> str:
    """What an erasure waits for: imports at work on a file that names the person."""
    pattern = person.traces.ids
    for imported in Import.objects.filter(status__in=AT_WORK):
        if any(_names(path, pattern) for path in kept(imported)):
            return f"Import {imported.pk} is at work on a file that names this customer."
    return ""


def _forget_sample(imported: Import, person: Person) -> None:
    """The first rows, which the draft shows."""
    sample, pattern = imported.format.get("sample", []), person.traces.ids
    left = [row for row in sample if not any(_is_named(str(cell), person, pattern) for cell in row)]
    if len(left) < len(sample):
        imported.format = {**imported.format, "sample": left}
        imported.save(update_fields=["format"])


def _is_named(cell: str, person: Person, pattern: str) -> bool:
    return person.names_them(cell) or found(pattern, cell)


def _delete_files(imported: Import, pattern: str) -> int:
    """Only files in our own home: what lies elsewhere belongs to who put it there."""
    ours = kept(imported)
    if not any(_names(path, pattern) for path in ours):
        return 0
    for path in ours:
        path.unlink()
    if imported.status in UNFINISHED:
        Import.objects.filter(pk=imported.pk).update(status=Import.Status.FAILED, reason=GONE)
    return len(ours)


def _names(path: Path, pattern: str) -> bool:
    """Whether the file holds one of the identifiers. It is read in parts, since it may be large."""
    if not pattern:
        return False
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PAR1":
        return any(_column_names(column, pattern) for batch in pq.ParquetFile(path).iter_batches() for column in batch)
    # Without its zeros, text in UTF-16 is text like any other as far as identifiers go.
    return any(found(pattern, held.replace(b"\0", b"").decode("utf-8", "replace")) for held in _parts(path, start))


def _column_names(column: pa.Array, pattern: str) -> bool:
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        column = pa.array([str(value) for value in column.to_pylist()], pa.string())
    texts = pc.cast(column, pa.string())
    return bool(pc.any(pc.match_substring_regex(texts, pattern, ignore_case=True)).as_py())


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
