"""At rest: seconds from `karibu serve` to ready on an existing home, memory and CPU of the whole tree while idle."""

import argparse
import time

import psutil

from bench.installation import Installation, installation
from bench.machine import line


def memory(shop: Installation) -> tuple[float, float]:
    """(PSS, RSS) of the whole tree in MB. PSS counts a shared page once; RSS once per process that maps it."""
    pss = rss = 0
    for process in shop.tree():
        try:
            info = process.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        pss, rss = pss + info.pss, rss + info.rss
    return pss / 1e6, rss / 1e6


def cpu_seconds(shop: Installation) -> float:
    """Of all processes of the tree, with those that have ended: PostgreSQL starts one for each autovacuum."""
    total = 0.0
    for process in shop.tree():
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench rest", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long to watch the idle tree")
    options = parser.parse_args()
    with installation() as shop:
        print(line(shop.home))
        shop.stop()
        ready = sorted(_restart(shop) for _ in range(3))
        print(f"serve to ready on an existing home: {ready[1]:.2f} s (three starts: {ready}) target < 5 s")
        time.sleep(10)
        begun, before = time.perf_counter(), cpu_seconds(shop)
        time.sleep(options.seconds)
        share = (cpu_seconds(shop) - before) / (time.perf_counter() - begun) * 100
        print(f"idle CPU of the tree: {share:.2f} % of one core over {options.seconds:.0f} s   target < 2 %")
        pss, rss = memory(shop)
        print(f"memory of the tree at rest: {pss:.0f} MB PSS, {rss:.0f} MB RSS summed   target < 600 MB")
        for process in shop.tree():
            info = process.memory_full_info()
            print(f"  {info.pss / 1e6:6.0f} MB PSS  {' '.join(process.cmdline())[:90]}")
    return 0


def _restart(shop: Installation) -> float:
    shop.stop()
    return round(shop.start(), 2)


if __name__ == "__main__":
    raise SystemExit(main())
