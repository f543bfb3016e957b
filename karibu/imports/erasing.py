"""What an erasure takes out of imports: rows set aside that name the person, and our copies of files that do."""

from pathlib import Path

from django.conf import settings
from django.db.models import TextField
from django.db.models.functions import Cast

from karibu.consents.erasers import as_written
from karibu.customers.raw import Cursor
from karibu.imports.models import Import, RejectedRow

OVER = (Import.Status.DONE, Import.Status.FAILED, Import.Status.UNDONE)


def from_imports(family: list[int], identifiers: list[str], cursor: Cursor) -> dict[str, int]:
    rows = RejectedRow.objects.annotate(text=Cast("row", TextField()))
    gone = sum(rows.filter(text__icontains=text).delete()[0] for text in as_written(identifiers))
    return {"rejected rows": gone, "import files": _delete_files([text for text in identifiers if "@" in text])}


def _delete_files(addresses: list[str]) -> int:
    """Only files in our own home, of imports that are over: what lies elsewhere belongs to who put it there."""
    home, gone = Path(settings.KARIBU_HOME), 0
    for path in map(Path, Import.objects.filter(status__in=OVER).values_list("path", flat=True)):
        if path.is_relative_to(home) and path.is_file() and _names(path, addresses):
            path.unlink()
            gone += 1
    return gone


def _names(path: Path, addresses: list[str]) -> bool:
    """Whether the file holds one of the addresses; read in parts, since it may be large."""
    wanted = [address.lower().encode() for address in addresses]
    tail = b""
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            held = tail + part.lower()
            if any(address in held for address in wanted):
                return True
            tail = held[-400:]
    return False
