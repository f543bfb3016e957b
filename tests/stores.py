"""Searching every store of an installation for words: all tables, the event log unpacked, every file."""

import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection

from karibu.events import tail

_COLUMNS = """
    SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = 'public')
        AND data_type ~ 'char|text|json|bytea|tsvector|ARRAY|USER-DEFINED'
    ORDER BY table_name, ordinal_position"""


def holding(words: Collection[str], *folders: Path) -> list[str]:
    """Every place that still holds one of `words` (lower case): "table.column: word" or "file: word"."""
    places = [*_tables(), *_tail(), *(part for folder in folders for part in _files(folder))]
    return sorted({f"{where}: {word}" for where, held in places for word in words if word in held.lower()})


def _tables() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, column, kind in cursor.fetchall():
            text = f"encode({column}, 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f'SELECT {text} FROM "{table}" WHERE "{column}" IS NOT NULL')
            yield f"{table}.{column}", "\n".join(row[0] for row in cursor.fetchall())


def _tail() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ipc FROM events_tailblock")
        for (ipc,) in cursor.fetchall():
            yield "events_tailblock.ipc", repr(tail.decode(bytes(ipc)).to_pylist())


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    """Names and contents, unpacked. The database's own files are searched as tables."""
    cluster = Path(settings.KARIBU_HOME) / "pg"
    for path in folder.rglob("*"):
        if not path.is_file() or path.is_relative_to(cluster):
            continue
        where = str(path.relative_to(folder))
        held = path.read_bytes()
        yield where, where + held.decode("utf-8", "replace") + held.replace(b"\0", b"").decode("utf-8", "replace")
        if held.startswith(b"PAR1"):
            file = pq.ParquetFile(path)
            yield where, repr(file.read().to_pylist()) + repr(file.metadata.to_dict())
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                yield where, "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
