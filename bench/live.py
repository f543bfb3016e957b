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
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

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
ARRIVED = """SELECT i.value FROM customers_identity i JOIN segments_member m ON m.customer_id = i.customer_id
    WHERE i.kind = 'external' AND i.value = ANY(%s)
        AND m.segment_id = (SELECT id FROM segments_segment WHERE name = 'Segment 0')"""
KNOWN = """SELECT i.value FROM customers_identity i JOIN shop_order o ON o.customer_id = i.customer_id
    WHERE i.kind = 'external' AND i.value LIKE 'u-%' AND i.value NOT LIKE 'u-p%' AND i.customer_id NOT IN (
        SELECT customer_id FROM segments_member
        WHERE segment_id = (SELECT id FROM segments_segment WHERE name = 'Segment 0'))
    GROUP BY i.value ORDER BY max(i.customer_id * 7919 % 10007) LIMIT 400"""
DJANGO = "import sys, django; django.setup(); "
MERGE = DJANGO + "from karibu.events.jobs import compact; compact.defer(timestamp=0)"
FILL = DJANGO + "from bench.generate import generate; generate(*map(int, sys.argv[1:]))"


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


class Probes(threading.Thread):
    """Posts a person's event every EVERY seconds, and notes how long it took until they were a member.

    Every other one is somebody with a history, where the installation was filled before.
    """

    EVERY, LOOK, PATIENCE = 1.0, 0.05, 60

    def __init__(self, shop: Installation, key: str, known: Sequence[str]) -> None:
        super().__init__()
        self.shop, self.key, self.known = shop, key, list(known)
        self.ended = threading.Event()
        self.took: list[float] = []
        self._waiting: dict[str, float] = {}

    def run(self) -> None:
        following = time.perf_counter()
        with psycopg.connect(postgres.embedded_url(self.shop.home), autocommit=True) as database:
            while self._waiting or not self.ended.is_set():
                if time.perf_counter() >= following and not self.ended.is_set():
                    self._post()
                    following += self.EVERY
                self._look(database)
                time.sleep(self.LOOK)

    def _post(self) -> None:
        is_known = self.known and len(self.took) % 2
        person = self.known.pop() if is_known else f"live-{uuid.uuid4().hex}"
        event = {
            "type": "track", "event": "Product Viewed", "userId": person, "messageId": uuid.uuid4().hex,
            "writeKey": self.key, "properties": {"product_id": "p0", "name": "Mat", "price": 9},
        }  # fmt: skip
        self._waiting[person] = time.perf_counter()
        request = urllib.request.Request(f"{self.shop.url}/v1/track", data=json.dumps(event).encode())
        urllib.request.urlopen(request, timeout=10).read()

    def _look(self, database: psycopg.Connection[Any]) -> None:
        found = database.execute(ARRIVED, [list(self._waiting)]).fetchall() if self._waiting else []
        late = [who for who, since in self._waiting.items() if time.perf_counter() - since > self.PATIENCE]
        for who in [*(row[0] for row in found), *late]:
            self.took.append(time.perf_counter() - self._waiting.pop(who))

    def report(self) -> None:
        took = sorted(self.took)
        middle, most = took[len(took) // 2], took[int(len(took) * 0.95)]
        print(f"  a member after {middle:.2f} s (median), {most:.2f} s (p95), {took[-1]:.2f} s at worst of {len(took)}")


def with_history(shop: Installation) -> list[str]:
    """Some who are known by the shop's id in the data that bench/generate.py makes, and have not yet seen p0."""
    with psycopg.connect(postgres.embedded_url(shop.home)) as database:
        return [row[0] for row in database.execute(KNOWN).fetchall()]


SETTLED = "SELECT NOT EXISTS (SELECT FROM events_tailblock) AND NOT EXISTS (SELECT FROM segments_touched)"
MERGED = """SELECT NOT EXISTS (
    SELECT FROM procrastinate_jobs WHERE task_name = 'events.compact' AND status IN ('todo', 'doing'))"""


def settle(shop: Installation) -> None:
    """Returns when all that came is in files, and small files are merged: each part pays for its own events."""
    with psycopg.connect(postgres.embedded_url(shop.home), autocommit=True) as database:
        wait_for(database, SETTLED)
        call(shop, MERGE)
        wait_for(database, MERGED)
    time.sleep(2)


def wait_for(database: psycopg.Connection[Any], question: LiteralString) -> None:
    while database.execute(question).fetchone() != (True,):
        time.sleep(0.2)


def call(shop: Installation, program: str, *arguments: object) -> None:
    """Runs a program beside the installation."""
    environment = {**shop.env(), "DJANGO_SETTINGS_MODULE": "karibu.config.settings"}
    environment["KARIBU_DATABASE_URL"] = postgres.embedded_url(shop.home)
    subprocess.run([sys.executable, "-c", program, *map(str, arguments)], env=environment, check=True)


def moves(shop: Installation) -> tuple[int, int]:
    """Entries and exits of all segments so far."""
    with psycopg.connect(postgres.embedded_url(shop.home)) as database:
        (row,) = database.execute('SELECT sum(entered)::bigint, sum("left")::bigint FROM segments_size').fetchall()
        return row


def sustain(
    shop: Installation, key: str, options: argparse.Namespace, seconds: float, probes: Probes | None = None
) -> float:
    """Sends at the rate; prints and returns microseconds of CPU an event, of all processes, until all is worked on."""
    rate, bodies = options.rate, [body(seed, identifies=not options.known) for seed in range(50)]
    sender = Sender("127.0.0.1", shop.port, key, bodies, known=options.known)
    sender.counter = iter(range(int(time.time() * 1000) % 10**12, 10**13))  # type: ignore[assignment]
    before, cpu, begun = in_log(shop), cpu_seconds(shop), time.perf_counter()
    load = threading.Thread(target=lambda: uvloop.run(sender.run(seconds, rate=rate / EVENTS)))
    load.start()
    if probes:
        probes.start()
    load.join()
    sent = sender.sent * EVENTS
    if probes:
        probes.ended.set()
    while in_log(shop) - before < sent and time.perf_counter() - begun < seconds + 300:
        time.sleep(0.1)
    total = time.perf_counter() - begun
    if probes:
        probes.join()
    settle(shop)
    each = (cpu_seconds(shop) - cpu) / sent * 1e6
    print(f"  {sent / total:,.0f} events/s, refused {sender.refused}: {each:.1f} us of CPU an event", flush=True)
    if probes:
        probes.report()
    return each


def fill(shop: Installation, customers: int, events: int) -> None:
    call(shop, FILL, customers, events)
    time.sleep(30)  # the mirror is written, statistics are taken


def measure(shop: Installation, options: argparse.Namespace) -> None:
    """The parts that were asked for, one after the other."""
    print(line(shop.home), f"| {options.segments} live segments")
    key = shop.karibu("source", "create", f"bench {datetime.now(UTC):%H:%M:%S}")
    print("warming up: people become known", flush=True)
    sustain(shop, key, options, options.seconds / 3)
    alone = 0.0
    if options.part in ("all", "alone"):
        print("ingest alone:")
        before = by_process(shop)
        alone = sustain(shop, key, options, options.seconds)
        if os.environ.get("KARIBU_BENCH_PROCESSES"):
            print(by_process(shop) - before)
    if options.part in ("all", "segments"):
        took = make_segments(shop, options.segments)
        settle(shop)
        print(f"{options.segments} segments have their members after {took:.0f} s", flush=True)
    if options.part in ("all", "live"):
        print("with live segments:")
        before, moved = by_process(shop), moves(shop)
        live = sustain(shop, key, options, options.seconds, Probes(shop, key, with_history(shop)))
        came, went = moves(shop)
        print(f"  {came - moved[0]:,} entries, {went - moved[1]:,} exits")
        print(f"ratio {live / alone:.2f}   target <= 1.5" if alone else "", "freshness target < 5 s")
        if os.environ.get("KARIBU_BENCH_PROCESSES"):
            print(by_process(shop) - before)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench live", description=__doc__)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--rate", type=int, default=10_000, help="events a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--customers", type=int, default=0, help="fill the installation with so many first")
    parser.add_argument("--events", type=int, default=0, help="of so many events")
    parser.add_argument(
        "--known", type=int, default=0, help="the events are of so many customers that it was filled with"
    )
    parser.add_argument("--home", type=Path, help="an installation that was filled before; it keeps what is sent to it")
    parser.add_argument("--part", choices=["all", "alone", "segments", "live"], default="all")
    options = parser.parse_args()
    if options.home:
        shop = Installation(home=options.home)
        try:
            shop.start()
            measure(shop, options)
        finally:
            shop.stop()
        return 0
    with installation() as shop:
        if options.customers:
            fill(shop, options.customers, options.events)
        measure(shop, options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
