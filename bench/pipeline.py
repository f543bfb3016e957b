"""From POST to queryable in the log, identity, shop and journeys done: sustained rate, backlog, freshness."""

import argparse
import contextlib
import json
import statistics
import threading
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterable

import psutil
import psycopg
import uvloop

from bench.crash import JOURNEY, _call
from bench.installation import Installation, installation
from bench.machine import line
from bench.rest import cpu_seconds
from bench.traffic import EVENTS, Sender, body
from karibu.config import postgres


def backlog(shop: Installation) -> int:
    """Events acknowledged and not yet worked on."""
    with psycopg.connect(postgres.embedded_url(shop.home)) as connection:
        row = connection.execute("SELECT coalesce(sum(events), 0) FROM collect_inboxrow").fetchone()
    return int(row[0]) if row else 0


def in_log(shop: Installation) -> int:
    with psycopg.connect(postgres.embedded_url(shop.home)) as connection:
        row = connection.execute("SELECT coalesce(sum(count), 0) FROM events_eventcount").fetchone()
    return int(row[0]) if row else 0


def freshness(shop: Installation, token: str, key: str) -> tuple[float, float]:
    """Seconds from posting an event to (the customer's timeline in the API, its enrollment in the journey)."""
    person = uuid.uuid4().hex
    event = {
        "type": "track", "event": "Product Added", "userId": f"live-{person}", "messageId": person, "writeKey": key,
        "properties": {"cart_id": f"c-{person}", "product_id": "p1", "name": "Mat", "price": 9, "quantity": 1},
    }  # fmt: skip
    begun = time.perf_counter()
    request = urllib.request.Request(f"{shop.url}/v1/track", data=json.dumps(event).encode())
    urllib.request.urlopen(request, timeout=10).read()
    enrolled = shown = 0.0
    with psycopg.connect(postgres.embedded_url(shop.home), autocommit=True) as connection:
        while not (enrolled and shown) and time.perf_counter() - begun < 30:
            sql = "SELECT 1 FROM journeys_enrollment WHERE key = %s"
            if not enrolled and connection.execute(sql, [f"c-{person}"]).fetchone():
                enrolled = time.perf_counter() - begun
            if enrolled and _on_timeline(shop, token, f"live-{person}"):
                shown = time.perf_counter() - begun
            time.sleep(0.02)  # asking for pages costs CPU that the pipeline wants: it is asked once it can be there
    return shown or 99.0, enrolled or 99.0


def _on_timeline(shop: Installation, token: str, external: str) -> bool:
    found = _call_get(shop, token, f"/customers?query={external}")
    if not found["items"]:
        return False
    return bool(_call_get(shop, token, f"/customers/{found['items'][0]['id']}/timeline")["items"])


def _call_get(shop: Installation, token: str, path: str) -> dict[str, list[dict[str, object]]]:
    request = urllib.request.Request(f"{shop.url}/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer))


def by_process(shop: Installation) -> Counter[str]:
    """CPU seconds of each process since it started, under its number and what it is."""
    found: Counter[str] = Counter()
    for process in shop.tree():
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            found[f"{process.pid} {' '.join(process.cmdline())[:80]}"] = times.user + times.system
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench pipeline", description=__doc__)
    parser.add_argument("--rate", type=int, default=15_000, help="events a second to send")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, help="seconds between two events that are followed; else 12 in all")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with installation(options=["--workers", str(options.workers)]) as shop:
        print(line(shop.home), f"| {options.workers} workers")
        token, key = shop.karibu("token", "create", "bench"), shop.karibu("source", "create", "bench")
        recipe = {**JOURNEY, "steps": [{"wait": {"hours": 1}}, *JOURNEY["steps"][1:]]}
        journey = _call(shop, token, "POST", "/journeys", {"name": "Left a cart", "definition": recipe})
        _call(shop, token, "POST", f"/journeys/{journey['id']}/publish", {})
        print_freshness("at rest", [freshness(shop, token, key) for _ in range(8)][3:])
        sustain(shop, token, key, options.rate, options.seconds, options.every or options.seconds / 12)
    return 0


def sustain(shop: Installation, token: str, key: str, rate: int, seconds: float, every: float) -> None:
    sender = Sender("127.0.0.1", shop.port, key, [body(seed) for seed in range(50)])
    before, cpu, each, begun = in_log(shop), cpu_seconds(shop), by_process(shop), time.perf_counter()
    ended: list[tuple[float, int]] = []

    def send() -> None:
        uvloop.run(sender.run(seconds, rate=rate / EVENTS))
        ended.append((time.perf_counter() - begun, in_log(shop) - before))

    load = threading.Thread(target=send)
    load.start()
    samples, fresh = [], []
    while load.is_alive():
        asked = time.perf_counter()
        samples.append(backlog(shop))
        fresh.append(freshness(shop, token, key))
        time.sleep(max(0.0, every - (time.perf_counter() - asked)))
    [(acknowledged, done)] = ended
    sent = sender.sent * EVENTS
    while in_log(shop) - before < sent and time.perf_counter() - begun < seconds + 300:
        time.sleep(0.1)
    total, used = time.perf_counter() - begun, cpu_seconds(shop) - cpu
    print(f"acknowledged {sent / acknowledged:,.0f} events/s for {acknowledged:.0f} s; calls refused: {sender.refused}")
    print(f"worked on {done / acknowledged:,.0f} events/s while sending, {sent / total:,.0f} events/s in all")
    print(f"CPU of the whole tree: {used / max(sent, 1) * 1e6:.0f} us an event")
    for process, share in (by_process(shop) - each).most_common(6):
        print(f"  {share / max(sent, 1) * 1e6:6.0f} us an event: {process}")
    print(f"backlog over time (events): {samples}")
    print(f"in the journey after (s), over time: {[round(enrolled, 2) for _shown, enrolled in fresh]}")
    print_freshness("under load", fresh)


def print_freshness(when: str, seen: list[tuple[float, float]]) -> None:
    for how, of in (("slowest", max), ("p95", _p95), ("median", statistics.median)):
        shown, enrolled = of(s for s, _ in seen), of(e for _, e in seen)
        print(f"{when}, {how} of {len(seen)}: on the timeline {shown:.2f} s, in the journey {enrolled:.2f} s after")


def _p95(seen: Iterable[float]) -> float:
    ordered = sorted(seen)
    return ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]


if __name__ == "__main__":
    raise SystemExit(main())
