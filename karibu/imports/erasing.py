"""What an erasure takes out of imports: rows set aside that name the person, and our copies of files that do.

A file that was read already (staged) loses their rows and can still be gone on with. One that was not is deleted,
unless an import is about to read it: that finds out itself who was erased since (`forget_erased`, `settle`).
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pyarrow as pa
from django.db.models import TextField
from django.db.models.functions import Cast

from karibu.consents.models import ErasedIdentity
from karibu.consents.person import Person
from karibu.consents.traces import found
from karibu.customers.raw import Cursor
from karibu.imports.fields import wanted
from karibu.imports.files import forget_attempt, forget_sample, forget_source, is_staged, kept, staged
from karibu.imports.models import Import, RejectedRow
from karibu.imports.naming import name_erased, names, rows_that_name
from karibu.imports.sniff import Understood
from karibu.imports.staging import empty_rows, rows_of

READS_SOON = (Import.Status.QUEUED, Import.Status.RUNNING)
AT_ONCE = 10_000  # rows
GONE = "Its file named somebody who was erased, and was deleted. Import one without them."


def from_imports(person: Person, cursor: Cursor) -> dict[str, int]:
    """Registered with the erasure. Where an import is running it goes on, with everybody else."""
    gone, files = 0, 0
    if pattern := person.traces.anything:
        rows = RejectedRow.objects.annotate(text=Cast("row", TextField()))
        gone = rows.filter(text__iregex=pattern).delete()[0]
    for imported in Import.objects.all():
        _clean_sample(imported, person)
        files += _clean_files(imported, person.traces.ids)
    return {"rejected rows": gone, "import files": files}


def at_work(person: Person) -> str:
    """What an erasure waits for: an import that is about to read a file that names the person."""
    for imported in Import.objects.filter(status__in=READS_SOON):
        source = Path(imported.path)
        if not is_staged(imported) and source.is_file() and names(source, person.traces.ids):
            return f"Import {imported.pk} is at work on a file that names this customer."
    return ""


def forget_erased(imported: Import) -> None:
    """Empties the staged rows of people who were erased since the file came. Call it under `erasure.hold_off`."""
    if not _anyone_erased_since(imported):
        return

    def theirs(batch: pa.RecordBatch) -> pa.Array:
        rows = zip(*(column.to_pylist() for column in batch.columns[2:]), strict=True)
        return pa.array(name_erased(rows), pa.bool_())

    empty_rows(staged(imported), theirs, _together(imported))


def settle(imported: Import) -> None:
    """Call it once an import has stopped or failed: of its files only those stay that it can go on with, and none
    that names somebody who was erased since it came."""
    forget_attempt(imported)
    if is_staged(imported):
        forget_source(imported)
    elif kept(imported) and _anyone_erased_since(imported) and _source_names_erased(imported):
        _delete(imported, kept(imported))


def _clean_files(imported: Import, pattern: str) -> int:
    """Only files in our own home: what lies elsewhere belongs to who put it there."""
    if imported.status in READS_SOON and not is_staged(imported):
        return 0
    rows = staged(imported)
    emptied = 0
    if is_staged(imported) and rows.exists():
        emptied = min(1, empty_rows(rows, lambda batch: rows_that_name(batch, pattern), _together(imported)))
    others = [path for path in kept(imported) if path != rows or not is_staged(imported)]
    if not any(names(path, pattern) for path in others):
        return emptied
    if is_staged(imported):
        forget_source(imported)
    else:
        _delete(imported, others)
    return emptied + len(others)


def _delete(imported: Import, files: Iterable[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
    unfinished = Import.objects.filter(pk=imported.pk, status__in=("draft", "stopped", "failed"))
    unfinished.update(status=Import.Status.FAILED, reason=GONE)
    imported.refresh_from_db()


def _clean_sample(imported: Import, person: Person) -> None:
    """The first rows, which a draft shows."""
    if imported.status != Import.Status.DRAFT:
        return forget_sample(imported)
    sample, pattern = imported.format.get("sample", []), person.traces.ids
    left = [row for row in sample if not any(person.names_them(str(c)) or found(pattern, str(c)) for c in row)]
    if len(left) < len(sample):
        imported.format = {**imported.format, "sample": left}
        imported.save(update_fields=["format"])


def _anyone_erased_since(imported: Import) -> bool:
    return ErasedIdentity.objects.filter(at__gte=imported.created_at).exists()


def _together(imported: Import) -> int | None:
    """Which column of the staged file says what belongs together: an order of an erased person goes whole."""
    column = imported.mapping.get("order_id") if imported.kind == Import.Kind.ORDERS else None
    columns = wanted(imported.kind, imported.mapping, imported.format["columns"])
    return columns.index(column) if column in columns else None


def _source_names_erased(imported: Import) -> bool:
    """Also true of a file that cannot be read to its end: nobody can say then whom it names."""
    rows = rows_of(Path(imported.path), Understood.from_json(imported.format))
    try:
        while chunk := list(islice(rows, AT_ONCE)):
            if any(name_erased(row[2] for row in chunk)):
                return True
    except Exception:
        return True
    return False
