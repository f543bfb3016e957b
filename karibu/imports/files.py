"""Where an import keeps its files: $KARIBU_HOME/imports/<id>/."""

from pathlib import Path

from django.conf import settings

from karibu.imports.models import Import


def folder(imported: Import) -> Path:
    made: Path = settings.KARIBU_HOME / "imports" / str(imported.pk)
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made


def staged(imported: Import) -> Path:
    return folder(imported) / "rows.parquet"
