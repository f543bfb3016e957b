"""Live segments beside ingest: CPU an event without them and with 200, and seconds until somebody is a member."""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import uvloop

from bench.installation import Installation, installation
from bench.machine import line
from bench.pipeline import by_process, in_log
from bench.rest import cpu_seconds
from bench.traffic import EVENTS, Sender, body
from karibu.config import postgres

Definition = dict[str, Any]
ORDERED = {"event": "Order Completed"}
ADDED = {"event": "Product Added"}
VIEWED = {"event": "Product Viewed"}
AGREED = {"consent": {"channel": "email", "topic": "offers", "status": "given"}}
NOVEMBER = {"property": "utm_campaign", "op": "is", "value": "november"}


def within(days: int) -> dict[str, Any]:
    return {"within": {"days": days}}


def product(n: int) -> dict[str, Any]:
    return {"where": [{"property": "product_id", "op": "is", "value": f"p{n}"}]}


def trait(name: str, op: str, value: Any = None) -> Definition:
    return {"trait": name, "op": op} | ({} if value is None else {"value": value})


# Twenty shapes; n makes each of them another one.
SHAPES: list[Callable[[int], Definition]] = [
    lambda n: {**VIEWED, **product(n), **within(30)},
    lambda n: {**VIEWED, "op": "gte", "value": 3 + n % 9, **within(7)},
    lambda n: {**ORDERED, **within(10 + n)},
    lambda n: {"all": [ORDERED, {**ORDERED, **within(20 + n), "not": True}]},
    lambda n: {**ORDERED, "measure": "sum:value", "op": "gte", "value": 50 * (1 + n)},
    lambda n: {"sequence": [ADDED, {**ORDERED, "not": True}], **within(1 + n % 7)},
    lambda n: {"all": [trait("country", "is", "RW"), {**VIEWED, **within(5 + n)}]},
    lambda n: {"all": [AGREED, {**ADDED, **within(n + 1)}]},
    lambda n: trait("orders", "gte", 1 + n),
    lambda n: trait("spent", "gt", 40 * n),
    lambda n: trait("last_order_at", "in_last_days", 3 + n),
    lambda n: {"message": {"did": "clicked"}, **within(10 + n)},
    lambda n: {**VIEWED, "measure": "distinct:product_id", "op": "gte", "value": 2 + n, **within(14)},
    lambda n: {"event": "Page Viewed", "measure": "first", **within(20 + n)},
    lambda n: {**VIEWED, "where": [NOVEMBER], "op": "gt", "value": n},
    lambda n: {"any": [{"rfm": "champions"}, {**ORDERED, "op": "gte", "value": 2 + n}]},
    lambda n: {"all": [trait("email", "missing"), {**VIEWED, "op": "gte", "value": 10 + n}]},
    lambda n: {"any": [{**VIEWED, **product(100 + n)}, {**ADDED, **product(200 + n)}]},
    lambda n: {"all": [{**ADDED, "op": "lt", "value": 3 + n, **within(7)}, {**VIEWED, **within(1)}]},
    lambda n: trait("open_cart_value", "gt", 10 * n),
]  # fmt: skip
FILL = "import sys, django; django.setup(); from bench.generate import generate; generate(*map(int, sys.argv[1:]))"


def make_segments(shop: Installation, count: int) -> float:
    """Writes them as the pages do, and returns the seconds until each has its members."""
    now, begun = datetime.now(UTC), time.perf_counter()
    with psycopg.connect(postgres.embedded_url(shop.home), autocommit=True) as database:
        for n in range(count):
            definition = json.dumps(SHAPES[n % len(SHAPES)](n // len(SHAPES)))
            database.execute(
                "INSERT INTO segments_segment (name, definition, recipe, created_at, created_by, updated_at, trouble,"
                " built_digest) VALUES (%s, %s, '', %s, 'bench', %s, '', '')",
                [f"Segment {n}", definition, now, now],
            )
        database.execute("SELECT pg_notify('karibu', 'segments')")
        while database.execute("SELECT 1 FROM segments_segment WHERE built_at IS NULL LIMIT 1").fetchone():
            time.sleep(0.2)
        for row in database.execute("SELECT name, trouble FROM segments_segment WHERE trouble <> ''").fetchall():
            print(row)
    return time.perf_counter() - begun


def freshness(shop: Installation, key: str) -> float:
    """Seconds from posting a new person's event until they are a member of a segment."""
    person = uuid.uuid4().hex
    event = {
        "type": "track", "event": "Product Viewed", "userId": f"live-{person}", "messageId": person, "writeKey": key,
        "properties": {"product_id": "p0", "name": "Mat", "price": 9},
    }  # fmt: skip
    sql = """SELECT 1 FROM customers_identity i JOIN segments_member m ON m.customer_id = i.customer_id
        WHERE i.kind = 'external' AND i.value = %s"""
    begun = time.perf_counter()
    request = urllib.request.Request(f"{shop.url}/v1/track", data=json.dumps(event).encode())
    urllib.request.urlopen(request, timeout=10).read()
    with psycopg.connect(postgres.embedded_url(shop.home), autocommit=True) as database:
        while not database.execute(sql, [f"live-{person}"]).fetchone() and time.perf_counter() - begun < 60:
            time.sleep(0.02)
    return time.perf_counter() - begun


def sustain(shop: Installation, key: str, rate: int, seconds: float, *, watch: bool) -> float:
    """Sends at that rate; prints and returns microseconds of CPU an event, of all processes, until all is worked on."""
    sender = Sender("127.0.0.1", shop.port, key, [body(seed) for seed in range(50)])
    sender.counter = iter(range(int(time.time() * 1000) % 10**12, 10**13))  # type: ignore[assignment]
    before, cpu, begun = in_log(shop), cpu_seconds(shop), time.perf_counter()
    load = threading.Thread(target=lambda: uvloop.run(sender.run(seconds, rate=rate / EVENTS)))
    load.start()
    fresh = []
    while load.is_alive():
        time.sleep(seconds / 12)
        if watch and load.is_alive():
            fresh.append(freshness(shop, key))
    sent = sender.sent * EVENTS
    while in_log(shop) - before < sent and time.perf_counter() - begun < seconds + 300:
        time.sleep(0.1)
    total = time.perf_counter() - begun
    time.sleep(8)  # what follows: a flush, a last turn
    each = (cpu_seconds(shop) - cpu) / sent * 1e6
    print(f"  {sent / total:,.0f} events/s, refused {sender.refused}: {each:.1f} us of CPU an event")
    if fresh:
        fresh.sort()
        middle, worst = fresh[len(fresh) // 2], fresh[-1]
        print(f"  a member after: {middle:.2f} s in the middle, {worst:.2f} s at worst of {len(fresh)}")
    return each


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench live", description=__doc__)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--rate", type=int, default=10_000, help="events a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--customers", type=int, default=0, help="fill the installation with so many first")
    parser.add_argument("--events", type=int, default=0, help="of so many events")
    options = parser.parse_args()
    with installation() as shop:
        print(line(shop.home), f"| {options.segments} live segments")
        key = shop.karibu("source", "create", "bench")
        if options.customers:
            environment = {**shop.env(), "DJANGO_SETTINGS_MODULE": "karibu.config.settings"}
            environment["KARIBU_DATABASE_URL"] = postgres.embedded_url(shop.home)
            wanted = [str(options.customers), str(options.events)]
            subprocess.run([sys.executable, "-c", FILL, *wanted], env=environment, check=True)
            time.sleep(30)  # the mirror is written, statistics are taken
        print("warming up: people become known")
        sustain(shop, key, options.rate, options.seconds / 3, watch=False)
        print("ingest alone:")
        alone = sustain(shop, key, options.rate, options.seconds, watch=False)
        print(f"{options.segments} segments have their members after {make_segments(shop, options.segments):.0f} s")
        print("with live segments:")
        before = by_process(shop)
        live = sustain(shop, key, options.rate, options.seconds, watch=True)
        print(f"ratio {live / alone:.2f}   target <= 1.5; freshness target < 5 s")
        if os.environ.get("KARIBU_BENCH_PROCESSES"):
            print(before, by_process(shop), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
