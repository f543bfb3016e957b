"""Memory does not grow with the file: 200,000 rows are staged and sorted below 300 MB in a process of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import resource, sys
from pathlib import Path
import django
django.setup()
from karibu.imports import run, work  # all that an import's process holds
from karibu.imports.sniff import understand
from karibu.imports.staging import read, stage
source, target = Path(sys.argv[1]), Path(sys.argv[2])
found = understand(source)
total = stage(source, found, found.columns, target, lambda rows: None, "order")
orders = [row[2] for row in read(target, 0)]
assert total == len(orders) == 200_000 and orders == sorted(orders, key=lambda o: (len(o), o))
def own():  # ru_maxrss would count the memory of the process that started this one
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1e3
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
print(max(own(), children))
"""


@pytest.mark.slow
def test_a_long_file_needs_no_more_than_300_mb(tmp_path: Path) -> None:
    source = tmp_path / "long.csv"
    with source.open("w") as out:
        out.write("order,product,quantity,price,note\n")
        for n in range(200_000):
            out.write(f"{n * 7919 % 50_000},p{n % 900},1,{n % 100}.50,something of a usual length about this line\n")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(source), str(tmp_path / "rows.parquet")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 300
