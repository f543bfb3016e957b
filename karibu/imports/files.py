"""Where an import keeps its files: $KARIBU_HOME/imports/<id>/."""

import shutil
from pathlib import Path

from django.conf import settings

from karibu.imports.models import Import


def folder(imported: Import) -> Path:
    made: Path = settings.KARIBU_HOME / "imports" / str(imported.pk)
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made


def staged(imported: Import) -> Path:
    return folder(imported) / "rows.parquet"


def kept(imported: Import) -> list[Path]:
    """Those of its files that lie in our own home."""
    home: Path = settings.KARIBU_HOME
    files = {Path(imported.path), home / "imports" / str(imported.pk) / "rows.parquet"}
    return sorted(path for path in files if path.is_relative_to(home) and path.is_file())


def forget(imported: Import) -> None:
    """Deletes our copies of the file and its first rows: what is done needs them no more, and they name people."""
    shutil.rmtree(settings.KARIBU_HOME / "imports" / str(imported.pk), ignore_errors=True)
    if imported.format.get("sample"):
        imported.format = {**imported.format, "sample": []}
        imported.save(update_fields=["format"])
