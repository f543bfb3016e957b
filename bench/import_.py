"""A year of a grocer brought in (1.47 M lines): exact totals, memory, speed; then upserts at 10 k and at 1 M customers.

The file is ../shared/data/completejourney; without it that part is left out. Times are wall clock.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import psutil
import psycopg

from bench.installation import Installation, installation
from bench.machine import line
from karibu.config import postgres

DATA = Path(__file__).resolve().parents[2] / "shared/data/completejourney"
EXPECTED = (1_469_307, 155_848, 2_469, 92_331, Decimal("4596039.58"))
MEMORY = 300  # MB
SMALL = 10_000  # customers of the small shop
UPSERTED = 20_000  # rows in each compared file: half are known already, half are new
ROUNDS = 5


class Peak(threading.Thread):
    """The largest memory (MB) of one process and those it started together: PSS, which counts shared pages once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak = psutil.Process(pid), 0.0

    def run(self) -> None:
        while self.process.is_running():
            try:
                tree = [self.process, *self.process.children(recursive=True)]
                self.peak = max(self.peak, sum(memory(one) for one in tree) / 1e6)
            except psutil.Error:
                pass
            time.sleep(0.05)


def memory(process: psutil.Process) -> int:
    """Bytes; RSS where the system knows no PSS."""
    full = process.memory_full_info()
    return int(getattr(full, "pss", full.rss))


def bring(made: Installation, kind: str, path: Path, *options: str) -> tuple[float, float]:
    """(seconds, peak MB) of `karibu import`."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "karibu", "import", kind, str(path), "--yes", *options]
    running = psutil.Popen(command, env=made.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch = Peak(running.pid)
    watch.start()
    if running.wait():
        raise SystemExit(f"the import of {kind} failed")
    return time.perf_counter() - begun, watch.peak


def whole(made: Installation) -> bool:
    taken, peaks = {}, {}
    for kind, name in (("products", "products"), ("customers", "demographics"), ("orders", "transactions")):
        taken[kind], peaks[kind] = bring(made, kind, DATA / f"{name}.parquet")
    with psycopg.connect(postgres.embedded_url(made.home)) as database:
        found = database.execute(
            """SELECT (SELECT count(*) FROM shop_orderline), (SELECT count(*) FROM shop_order),
                      (SELECT count(*) FROM customers_customer WHERE orders > 0), (SELECT count(*) FROM shop_product),
                      (SELECT sum(total) FROM shop_order)"""
        ).fetchone()
    for kind, seconds in taken.items():
        print(f"{kind:<10} {seconds:7.1f} s   peak {peaks[kind]:4.0f} MB (limit {MEMORY})")
    is_exact = found == EXPECTED
    print(f"totals     {found} {'exact' if is_exact else f'SHOULD BE {EXPECTED}'}")
    print(f"rate       {EXPECTED[0] / taken['orders']:,.0f} lines/s")
    return is_exact and max(peaks.values()) < MEMORY


def people(path: Path, numbers: range | list[int], city: str) -> Path:
    with path.open("w") as out:
        out.write("customer_id,email,name,city\n")
        for n in numbers:
            out.write(f"u{n},u{n}@example.test,Person {n},{city}\n")
    return path


class Shop:
    """One installation with `base` customers, to which files of known and new people are brought."""

    def __init__(self, made: Installation, folder: Path, base: int) -> None:
        self.made, self.folder, self.base = made, folder / str(base), base
        self.folder.mkdir()
        self.chance = random.Random(base)
        self.seconds: list[float] = []
        self.took, self.peak = bring(made, "customers", people(self.folder / "base.csv", range(base), "Kigali"))
        self.settle()

    def settle(self) -> None:
        """As a shop is some time after its last import: vacuumed, its statistics known."""
        with psycopg.connect(postgres.embedded_url(self.made.home), autocommit=True) as database:
            database.execute("VACUUM (ANALYZE)")

    def round(self) -> None:
        """One file brought, timed by the import itself (the start of a process weighs the same everywhere), undone."""
        half = UPSERTED // 2
        known = self.chance.sample(range(self.base), half)
        new = range(self.base, self.base + half)
        mixed = [*known, *new]
        self.chance.shuffle(mixed)
        bring(self.made, "customers", people(self.folder / "round.csv", mixed, f"Huye {len(self.seconds)}"))
        with psycopg.connect(postgres.embedded_url(self.made.home)) as database:
            row = database.execute(
                """SELECT id, extract(epoch FROM ended_at - started_at)::float, (counts->>'taken')::int,
                          (SELECT count(*) FROM customers_customer)
                   FROM imports_import ORDER BY id DESC LIMIT 1"""
            ).fetchone()
        assert row is not None
        if row[2:] != (UPSERTED, self.base + half):
            raise SystemExit(f"{row[2]} of {UPSERTED} rows were taken, {row[3]} customers")
        self.seconds.append(row[1])
        self.made.karibu("import", "undo", str(row[0]))
        self.settle()

    @property
    def rate(self) -> float:
        """Rows a second, the median of the rounds."""
        return UPSERTED / statistics.median(self.seconds)


def upserts(folder: Path, large: int) -> bool:
    """PAINS 16 and 17: a million rows in little memory, and the same rate of upserts as in a small shop."""
    with ExitStack() as stack:
        small = Shop(stack.enter_context(installation()), folder, SMALL)
        big = Shop(stack.enter_context(installation()), folder, large)
        print(f"{large:,} rows: {big.took:.0f} s ({large / big.took:,.0f}/s), peak {big.peak:.0f} MB (limit {MEMORY})")
        for _ in range(ROUNDS):  # in turn, so that whatever else the machine does slows both
            small.round()
            big.round()
    for shop in (small, big):
        print(f"upserts    at {shop.base:>9,}: {shop.rate:,.0f}/s  ({', '.join(f'{s:.2f}' for s in shop.seconds)} s)")
    ratio = big.rate / small.rate
    print(f"ratio      {ratio:.2f} (≥ 0.80)")
    return ratio >= 0.8 and big.peak < MEMORY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=1_000_000, help="customers of the large shop; 0 leaves it out")
    parser.add_argument("--no-year", action="store_true", help="leaves the grocer's year out")
    given = parser.parse_args()
    print(line(Path(tempfile.gettempdir())))
    good = True
    if given.no_year or not DATA.exists():
        print(f"totals     NOT MEASURED: {'as asked' if given.no_year else f'{DATA} is missing'}")
    else:
        with installation() as made:
            good = whole(made)
    if given.large:
        with tempfile.TemporaryDirectory() as folder:
            good = upserts(Path(folder), given.large) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
