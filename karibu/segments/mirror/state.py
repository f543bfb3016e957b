"""What the engines read: the files, without whom something changed for since, and those as they are now.

It is exact: whoever has committed a change of a customer before current() was called is seen by it. PostgreSQL says in
one statement which files count and which customers have changed since (Stale); these few are read from it directly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import pyarrow as pa
from django.db import connection

from karibu.events import lake
from karibu.segments import columns as named
from karibu.segments.mirror import files, keep, layers, source
from karibu.segments.mirror.files import Base, Files

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")
TRIES = 4
AT_ONCE = 200_000  # customers who have changed: more are written into layers before anybody asks

# Sorted, not hashed: the triggers leave ids in the order of a hash, of which PostgreSQL makes minutes' work.
_READ = """
    SELECT coalesce(m.files, '{}')::text, coalesce(m.shape, ''),
           CASE WHEN coalesce((SELECT sum(cardinality(customers)) FROM segments_stale), 0) <= %s THEN
               (SELECT coalesce(array_agg(DISTINCT u.id), '{}') FROM segments_stale s, unnest(s.customers) AS u(id)) END
    FROM (SELECT 1) AS one LEFT JOIN segments_mirror m ON m.id = 1"""


@dataclass(frozen=True)
class State:
    """`columns` of all listed customers: those in `base` whose id is not in `gone`, and `changed`.

    Who was merged into whom: the family files of `base`, again without `gone`, and `family`, both (id, person).
    """

    columns: Sequence[str]
    base: Sequence[Base]
    gone: pa.Array
    changed: pa.Table
    family: pa.Table

    @property
    def files(self) -> list[str]:
        """From the lake's root. One that was written before a trait came up lacks its column: it is NULL there."""
        return [file.path for file in self.base]

    @property
    def family_files(self) -> list[str]:
        return [file.family for file in self.base]

    @property
    def is_anybody_merged(self) -> bool:
        return bool(len(self.family)) or any(files.rows(path) for path in self.family_files)

    def attach(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Gives `cursor` the views `customers` (columns) and `family` (id, person)."""
        for name, sql in (("customers", self.customers_sql(cursor)), ("family", self.family_sql(cursor))):
            cursor.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")

    def customers_sql(self, cursor: duckdb.DuckDBPyConnection) -> str:
        """The columns of all listed customers, as `cursor` can select them. Files with the same columns are read as
        one."""
        parts, still = [], self._still(cursor)
        for traits in sorted({file.traits for file in self.base}):
            paths = [file.path for file in self.base if file.traits == traits]
            scanned = _scan(cursor, f"mirror_files_{traits}", paths)
            parts.append(f"SELECT {self._selected(traits)} FROM {scanned} {still}")  # noqa: S608
        if len(self.changed) or not parts:
            cursor.register("mirror_changed", self.changed)
            parts.append(f"SELECT {', '.join(self.columns)} FROM mirror_changed")  # noqa: S608
        return " UNION ALL ".join(parts)

    def family_sql(self, cursor: duckdb.DuckDBPyConnection) -> str:
        """Who was merged into whom (id, person), in the same way."""
        parts = []
        if self.base:
            family = _scan(cursor, "mirror_family_files", self.family_files)
            parts.append(f"SELECT id, person FROM {family} {self._still(cursor)}")  # noqa: S608
        if len(self.family) or not parts:
            cursor.register("mirror_changed_family", self.family)
            parts.append("SELECT id, person FROM mirror_changed_family")
        return " UNION ALL ".join(parts)

    def _selected(self, traits: int) -> str:
        lacking = {name for name in self.columns if source.is_trait(name) and int(name[1:]) > traits}
        return ", ".join(f"CAST(NULL AS VARCHAR) AS {name}" if name in lacking else name for name in self.columns)

    def _still(self, cursor: duckdb.DuckDBPyConnection) -> str:
        if not len(self.gone):
            return ""
        cursor.register("mirror_gone", pa.table({"id": self.gone}))
        return "ANTI JOIN mirror_gone USING (id)"


def current(columns: Collection[str] | None = None) -> State:
    """All columns, or `id` and these, of everybody, now.

    Where there is no mirror yet, or a great many customers have changed since it was written, it is written first.
    """
    for most in [AT_ONCE] * (TRIES - 1):
        known, shape, stale = _read(most)
        if shape == named.shape() and stale is not None:
            break
        keep.catch_up()
    else:  # they change faster than they are written
        known, _, stale = _read(2**62)
    wanted = named.some(columns)
    return _together(known, stale or [], wanted)


def read(work: Callable[[State], T], columns: Collection[str] | None = None) -> T:
    """`work` on the current state; once more if files went away under it, or, being damaged, were written anew."""
    import duckdb

    asked_wrongly = (
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.ParserException,
        duckdb.ConversionException,
    )
    ended = (duckdb.InterruptException, duckdb.OutOfMemoryException)
    for attempt in range(TRIES - 1):
        try:
            return work(current(columns))
        except (*asked_wrongly, *ended):  # the files are not to blame
            raise
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            if attempt and not keep.mend():
                raise error
    return work(current(columns))


def _read(most: int) -> tuple[Files, str, list[int] | None]:
    """The files, under which columns they were written, and who has changed; None where more than `most` have."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [most])
        said, shape, stale = cursor.fetchone()
    return msgspec.json.decode(said, type=Files), shape, stale


def _together(known: Files, stale: list[int], columns: list[str]) -> State:
    """What the layers and PostgreSQL say, each only of those of whom nothing newer is known."""
    newest = pa.concat_tables([layers.rows_of(stale, columns), layers.newest(known.layers, columns, stale)])
    gone = newest["id"].combine_chunks()
    return State(columns, known.base, gone, layers.listed(newest), layers.merged(newest))


def _scan(cursor: duckdb.DuckDBPyConnection, name: str, paths: Sequence[str]) -> str:
    """What stands after FROM to read these files."""
    if lake.is_local():
        root = str(Path(lake.url()))
        quoted = ["'" + f"{root}/{path}".replace("'", "''") + "'" for path in paths]
        return f"read_parquet([{', '.join(quoted)}])"
    from pyarrow import dataset

    cursor.register(name, dataset.dataset(list(paths), format="parquet", filesystem=lake.filesystem()))
    return name
