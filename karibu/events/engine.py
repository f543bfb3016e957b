"""DuckDB in this process: one small in-memory instance, a cursor for each use, no extensions, nothing downloaded.

It is imported and started with the first query, so that a process at rest does not carry it.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from karibu.config import home

if TYPE_CHECKING:
    import duckdb

MEMORY = "384MB"  # of all queries of a process together; sorts beyond it go to disk
THREADS = 2
PARSED = 8  # statements that are remembered: some 20 times as long as their text
_starting = threading.Lock()


@contextmanager
def cursor() -> "Iterator[duckdb.DuckDBPyConnection]":
    """A connection of one's own to this process's instance, closed afterwards. Times are shown in UTC."""
    with _starting:
        instance = _instance()
    own = instance.cursor()
    try:
        yield own
    finally:
        own.close()


@cache
def _instance() -> "duckdb.DuckDBPyConnection":
    return start(MEMORY, keeps_order=True)


@lru_cache(PARSED)
def parsed(sql: str) -> "duckdb.Statement":
    """One statement, as any cursor may execute it: reading a long one takes a third of the time of answering it."""
    with cursor() as own:
        [statement] = own.extract_statements(sql)
        return statement


def start(memory: str, threads: int = THREADS, *, keeps_order: bool = False) -> "duckdb.DuckDBPyConnection":
    """An instance with this limit; what does not fit spills to `$KARIBU_HOME/tmp`.

    `keeps_order`: rows come as they stand in the files, where nothing that is asked of them mixes them; and as ORDER BY
    has them even where the answer is copied, as execute().to_arrow_table() does. It takes some memory.
    """
    import duckdb

    # Said of execute().to_arrow_table(): of a small answer a copy costs less than planning the question twice.
    warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
    spill = home.path() / "tmp"
    spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    instance = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": memory,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_external_file_cache": False,  # the operating system has one already
            "preserve_insertion_order": keeps_order,
        },
    )
    instance.execute("SET GLOBAL TimeZone = 'UTC'; SET GLOBAL parquet_metadata_cache = true")
    return instance
