"""Where an import keeps its files: $KARIBU_HOME/imports/<id>/.

`source` is our copy of an upload, there until it has been read once; `rows.parquet` is what was read, there until the
import is done. Anything else in the folder is work under way.
"""

import shutil
from pathlib import Path

from django.conf import settings

from karibu.imports.models import Import


def folder(imported: Import) -> Path:
    made = _folder(imported)
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made


def staged(imported: Import) -> Path:
    return _folder(imported) / "rows.parquet"


def is_staged(imported: Import) -> bool:
    """Whether the file has been read to its end: what is left to do needs the source no more."""
    return imported.total is not None and (imported.position >= imported.total or staged(imported).exists())


def kept(imported: Import) -> list[Path]:
    """Those of its files that lie in our own home, work under way included."""
    files = {Path(imported.path), *_folder(imported).rglob("*")}
    return sorted(path for path in files if path.is_relative_to(settings.KARIBU_HOME) and path.is_file())


def forget_source(imported: Import) -> None:
    """Deletes our copy of the file, and what an attempt to read it left half done."""
    for path in kept(imported):
        if path != staged(imported) and path.is_relative_to(_folder(imported)):
            path.unlink(missing_ok=True)


def forget_attempt(imported: Import) -> None:
    """Deletes what an attempt to read the file left half done; the file stays."""
    for path in kept(imported):
        if path not in (staged(imported), Path(imported.path)):
            path.unlink(missing_ok=True)


def forget(imported: Import) -> None:
    """Deletes our copies of the file and its first rows: what is done needs them no more, and they name people."""
    shutil.rmtree(_folder(imported), ignore_errors=True)
    forget_sample(imported)


def forget_sample(imported: Import) -> None:
    """Only a draft shows its first rows."""
    if imported.format.get("sample"):
        imported.format = {**imported.format, "sample": []}
        imported.save(update_fields=["format"])


def _folder(imported: Import) -> Path:
    home: Path = settings.KARIBU_HOME
    return home / "imports" / str(imported.pk)
