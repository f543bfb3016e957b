"""How fast lists are at 5 M customers: customers and members, every order and filter, first and later pages."""

import argparse
import itertools
import random
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import psycopg

from bench.installation import Installation, installation
from bench.machine import line
from bench.pages import sign_in
from karibu.config import postgres

TARGET = 500  # ms, p95
COLUMNS = ["name", "orders", "spent", "id"]
ORDERS = [sign + name for name in COLUMNS for sign in ("", "-")]
SEEN = ["last_seen", "-last_seen"]
FILTERS = [
    "", "buyers=1", "anonymous=no", "anonymous=yes", "country=RW", "country=BR", "spent_min=100", "spent_max=20",
    "spent_min=900&spent_max=901", "spent_min=1000000", "q=amina", "q=zuri+silva", "q=nobody+is+called+this",
    "buyers=1&country=KE", "anonymous=yes&country=TZ", "anonymous=no&country=ZA&spent_min=50", "import=12",
    # Words that 150,000, 190,000 and three million have: the first name stands together by name, the others anywhere.
    "q=zuri", "q=mutoni", "q=example.com", "q=amina&country=RW", "q=amina&anonymous=no", "q=mutoni&buyers=1",
]  # fmt: skip
DAYS = ["seen_from=2026-11-20", "seen_to=2026-01-31", "seen_from=2026-03-01&seen_to=2026-03-02"]
# Segments and what share of all customers is in each.
SEGMENTS = {"everybody": 1.0, "one in ten": 0.1, "one in a hundred": 0.01, "one in 5,000": 0.0002, "nobody": 0.0}
MEMBERS = """INSERT INTO segments_member (segment_id, customer_id, since)
    SELECT %(segment)s, id, now() - id %% 90 * interval '1 day' FROM customers_customer
    WHERE mod(id * 7919, 10007) < %(share)s * 10007 ORDER BY 1, 2"""


def make_segments(shop: Installation) -> dict[str, int]:
    """Segments with so many members, written straight into the tables, where there are none yet; their ids."""
    with psycopg.connect(postgres.embedded_url(shop.home), autocommit=True) as database:
        for name, share in SEGMENTS.items():
            known = database.execute("SELECT id FROM segments_segment WHERE name = %s", [name]).fetchone()
            if known:
                continue
            row = database.execute(SEGMENT, [name]).fetchone()
            assert row
            database.execute(MEMBERS, {"segment": row[0], "share": share})
            size = "(SELECT count(*) FROM segments_member m WHERE m.segment_id = s.id)"
            database.execute(f"UPDATE segments_segment s SET size = {size} WHERE id = %s", [row[0]])
        database.execute("ANALYZE segments_member")
        found = database.execute("SELECT name, id FROM segments_segment WHERE name = ANY(%s)", [list(SEGMENTS)])
        return dict(found.fetchall())


# One that names itself keeps the members that it has.
SEGMENT = """INSERT INTO segments_segment (id, name, definition, recipe, created_at, created_by, updated_at, trouble,
        built_digest, built_at)
    SELECT id, %s, jsonb_build_object('segment', id), '', now(), 'bench', now(), '', '', now()
    FROM nextval(pg_get_serial_sequence('segments_segment', 'id')) AS id RETURNING id"""


def addresses(segments: dict[str, int]) -> Iterator[tuple[str, str]]:
    """What is listed, and the address of its first page."""
    for order, chosen in itertools.product([*ORDERS, *SEEN], [*FILTERS, *DAYS]):
        yield "customers", f"/customers/?sort={order}&{chosen}"
    for (name, number), order, chosen in itertools.product(segments.items(), [*ORDERS, *SEEN], FILTERS):
        yield f"members, {name}", f"/segments/{number}/?sort={order}&{chosen}"
    yield from ((f"members, {name}", f"/segments/{number}/") for name, number in segments.items())
    yield "customers", "/customers/"


def walked(opener: urllib.request.OpenerDirector, shop: Installation, address: str, pages: int) -> Iterator[float]:
    """Milliseconds of the first page, the second, …; of no more than there are."""
    url = shop.url + address
    for _ in range(pages):
        begun = time.perf_counter()
        with opener.open(url, timeout=120) as answer:
            text = answer.read().decode()
        yield (time.perf_counter() - begun) * 1000
        found = re.search(r'rel="next" href="([^"]+)"', text)
        if not found:
            return
        url = shop.url + unescape(found[1])


def measure(shop: Installation, segments: dict[str, int], pages: int, only: str, seconds: float) -> None:
    print(line(shop.home))
    opener = sign_in(shop)
    seen: dict[str, list[float]] = {}
    slow: list[tuple[float, str]] = []
    chosen = [found for found in addresses(segments) if only in " ".join(found)]
    random.Random(4).shuffle(chosen)
    end, asked = time.monotonic() + seconds, 0
    for what, address in chosen:
        if time.monotonic() > end:
            break
        asked += 1
        times = list(walked(opener, shop, address, pages))
        seen.setdefault(what, []).extend(times)
        if max(times) >= TARGET:
            slow.append((max(times), f"{address}  pages: {', '.join(f'{each:.0f}' for each in times)} ms"))
    print(f"{asked} of {len(chosen)} lists, in an order drawn by chance")
    for what, times in sorted(seen.items()):
        times.sort()
        p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
        verdict = "ok" if p95 < TARGET else "MISSED"
        over = sum(each >= TARGET for each in times)
        print(f"{what:28} p50 {p50:5.0f} ms  p95 {p95:5.0f} ms  worst {times[-1]:6.0f} ms  {verdict}", end="  ")
        print(f"{over} of {len(times)} pages over {TARGET} ms")
    for _, said in sorted(slow, reverse=True)[:60]:
        print("  slow:", said)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench lists", description=__doc__)
    parser.add_argument("--customers", type=int, default=5_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--pages", type=int, default=3, help="how many pages of each list are asked for")
    parser.add_argument("--home", type=Path, help="an installation that was generated before")
    parser.add_argument("--seconds", type=float, default=3600.0, help="no more lists are begun after so long")
    parser.add_argument("--only", default="", help="lists that have this in their address")
    options = parser.parse_args()
    if options.home:
        shop = Installation(home=options.home)
        try:
            shop.start()
            measure(shop, make_segments(shop), options.pages, options.only, options.seconds)
        finally:
            shop.stop()
        return 0
    with installation() as shop:
        shop.stop()
        command = [sys.executable, "-m", "bench.generate", "--events", str(options.events)]
        subprocess.run([*command, "--customers", str(options.customers)], check=True, env=shop.env())
        shop.start()
        measure(shop, make_segments(shop), options.pages, options.only, options.seconds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
