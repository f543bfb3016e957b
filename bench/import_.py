"""A year of a grocer brought in (1.47 M lines): exact totals, memory, speed; and products at 10 k and at 1 M customers.

The file is ../shared/data/completejourney; without it that part is left out. Times are wall clock.
"""

import argparse
import sys
import tempfile
import threading
import time
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
UPSERTED = 20_000  # customers in each of the two compared files


class Peak(threading.Thread):
    """The largest memory (RSS, MB) of one process while it lives."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak = psutil.Process(pid), 0.0

    def run(self) -> None:
        while True:
            try:
                self.peak = max(self.peak, self.process.memory_info().rss / 1e6)
            except psutil.NoSuchProcess:
                return
            time.sleep(0.05)


def bring(made: Installation, kind: str, path: Path, *options: str) -> tuple[float, float]:
    """(seconds, peak MB) of `karibu import`."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "karibu", "import", kind, str(path), "--yes", *options]
    running = psutil.Popen(command, env=made.env())
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


def people(path: Path, first: int, number: int) -> Path:
    with path.open("w") as out:
        out.write("customer_id,email,name,city\n")
        for n in range(first, first + number):
            out.write(f"u{n},u{n}@example.test,Person {n},Kigali\n")
    return path


def upserts(made: Installation, folder: Path, large: int) -> bool:
    """PAINS 17: half of each file is known already, half is new."""
    half = UPSERTED // 2
    bring(made, "customers", people(folder / "start.csv", 0, 10_000))
    small, _ = bring(made, "customers", people(folder / "small.csv", 10_000 - half, UPSERTED))
    bring(made, "customers", people(folder / "fill.csv", 10_000 + half, large - 10_000 - half))
    big, _ = bring(made, "customers", people(folder / "big.csv", large - half, UPSERTED))
    ratio = small / big
    print(f"upserts    {UPSERTED / small:,.0f}/s at 10,000, {UPSERTED / big:,.0f}/s at {large:,}: {ratio:.2f} (≥ 0.80)")
    return ratio >= 0.8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--large", type=int, default=1_000_000, help="customers in the second comparison; 0 leaves it out"
    )
    given = parser.parse_args()
    print(line(Path(tempfile.gettempdir())))
    good = True
    with tempfile.TemporaryDirectory() as folder:
        if DATA.exists():
            with installation() as made:
                good = whole(made)
        else:
            print(f"totals     NOT MEASURED: {DATA} is missing")
        if given.large:
            with installation() as made:
                good = upserts(made, Path(folder), given.large) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
