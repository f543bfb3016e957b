"""Sorting a staged file out of core, in a process of its own whose memory goes back when it ends.

`python -m karibu.imports.sorting FROM COLUMN TO`: lines of one order come together, numbers in the order of numbers,
lines of one order in the file's order.
"""

import signal
import sys
from pathlib import Path

from karibu.config.process import die_with_parent

ROWS = 10_000  # in a group of the sorted file


def sort(source: Path, column: str, target: Path) -> None:
    import duckdb

    limits: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "64MB",
        "threads": 1,
        "temp_directory": str(target.with_suffix(".spill")),
    }
    with duckdb.connect(config=limits) as db:
        rows = db.read_parquet(str(source)).order(f"length({column}), {column}, line")
        rows.write_parquet(str(target), compression="zstd", row_group_size=ROWS)


if __name__ == "__main__":
    die_with_parent(signal.SIGKILL)
    sort(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
