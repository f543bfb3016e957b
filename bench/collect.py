"""Collection against a bare Granian app that only reads and decodes the same bodies: batches and single events."""

import argparse
import asyncio
import base64
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
import uvloop

from bench.installation import Installation, free_port, installation
from bench.machine import line
from bench.traffic import EVENTS, MESSAGE, NOW, PERSON, body
from karibu.config import postgres

TRACK = (
    b'{"type":"track","event":"Product Viewed","messageId":"@@MESSAGEID@@","anonymousId":"@@PERSON@@",'
    b'"timestamp":"2026-01-31T12:00:00.000Z","properties":{"product_id":"p17","name":"Canvas shoes, low",'
    b'"category":"Shoes","price":54.9,"currency":"USD"},"context":{"page":{"url":"https://shop.example/p/17"},'
    b'"userAgent":"Mozilla/5.0 (Linux; Android 14; SM-A146P) AppleWebKit/537.36 Chrome/126.0 Mobile",'
    b'"locale":"en-RW","library":{"name":"bench","version":"1"}}}'
)


async def bare(scope, receive, send):  # type: ignore[no-untyped-def]
    """What any collector must do at least: read the body, decode it, answer."""
    whole = b""
    while True:
        part = await receive()
        whole += part.get("body", b"")
        if not part.get("more_body"):
            break
    _decode(whole)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"16")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"success":true}'})


def _decoder():  # type: ignore[no-untyped-def]
    import msgspec

    from karibu.collect.wire import Wire

    class Batch(msgspec.Struct):
        batch: list[Wire] = []

    return msgspec.json.Decoder(Batch).decode


_decode = _decoder()


def bodies(template: bytes, count: int) -> list[bytes]:
    """Made before the clock starts: the sender shall cost as little as can be."""
    made = []
    for n in range(count):
        text = template.replace(MESSAGE, b"m%013d" % n).replace(PERSON, b"p%09d" % (n % 4000))
        made.append(text.replace(NOW, b"2026-01-31T12:00:00.000Z"))
    return made


def request(path: str, key: str, text: bytes) -> bytes:
    basic = base64.b64encode(f"{key}:".encode()).decode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {basic}\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


@dataclass
class Tally:
    good: int = 0
    bad: int = 0


class Sender(asyncio.Protocol):
    """One connection: the next request as soon as the last is answered. It reads no more of an answer than it must."""

    def __init__(self, requests: list[bytes], first: int, step: int, tally: Tally) -> None:
        self.requests, self.at, self.step, self.tally = requests, first, step, tally
        self.open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._next()

    def _next(self) -> None:
        self.transport.write(self.requests[self.at % len(self.requests)])  # type: ignore[attr-defined]
        self.at += self.step

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1"):
            return  # the body of an answer whose head came before it
        good = data.startswith(b"HTTP/1.1 200")
        self.tally.good, self.tally.bad = self.tally.good + good, self.tally.bad + (not good)
        if self.open:
            self._next()
        else:
            self.transport.close()


async def load(port: int, requests: list[bytes], seconds: float, connections: int) -> tuple[float, int]:
    """(requests answered 200 a second, requests answered otherwise)."""
    loop, tally, begun = asyncio.get_running_loop(), Tally(), time.perf_counter()
    senders = [Sender(requests, n, connections, tally) for n in range(connections)]
    for sender in senders:
        await loop.create_connection(lambda s=sender: s, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.sleep(seconds)
    good, took = tally.good, time.perf_counter() - begun
    for sender in senders:
        sender.open = False
    await asyncio.sleep(0.3)
    return good / took, tally.bad


class Requests(NamedTuple):
    """What is sent, to which key, over how many connections."""

    bodies: list[bytes]
    key: str
    connections: int


def measure(port: int, path: str, sent: Requests, seconds: float) -> float:
    """Requests answered 200 a second."""
    requests = [request(path, sent.key, text) for text in sent.bodies]
    rate, bad = uvloop.run(load(port, requests, seconds, sent.connections))
    if bad:
        print(f"  {bad} requests were not answered 200")
    return rate


def compare(
    port: int, peer: int, path: str, requests: Requests, options: argparse.Namespace
) -> tuple[float, float, str]:
    """Requests/s of ours and of the bare app (medians), and the ratio in words: in turn, so that both suffer alike."""
    ours, theirs = (partial(measure, to, there, requests) for to, there in ((port, path), (peer, "/")))
    ours(1), theirs(1)  # warm
    rounds = [(ours(options.seconds), theirs(options.seconds)) for _ in range(options.rounds)]
    ratios = sorted(one / other for one, other in rounds)
    rates = [statistics.median(column) for column in zip(*rounds, strict=True)]
    said = f"{statistics.median(ratios):.2f} ({len(ratios)} rounds: {ratios[0]:.2f} to {ratios[-1]:.2f})"
    return rates[0], rates[1], said


def start_bare() -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    options = ["--interface", "asginl", "--loop", "uvloop", "--no-ws", "--log-level", "warning", "--http", "1"]
    command = [sys.executable, "-m", "granian", *options, "--port", str(port), "--workers", "1", "bench.collect:bare"]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1])
    time.sleep(3)
    return process, port


def stop_worker(shop: Installation) -> None:
    """The door alone is measured: what the worker can do is `script/bench pipeline`. (It is frozen, not killed.)"""
    for process in shop.named("worker"):
        process.suspend()


def kept(shop: Installation) -> int:
    with psycopg.connect(postgres.embedded_url(shop.home)) as connection:
        row = connection.execute("SELECT coalesce(sum(events), 0) FROM collect_inboxrow").fetchone()
    return int(row[0]) if row else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench collect", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of each round")
    parser.add_argument("--rounds", type=int, default=7, help="ours and the bare app in turn")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--with-worker", action="store_true", help="let the worker take its share of the cores")
    options = parser.parse_args()
    with installation() as shop:
        print(line(shop.home))
        key = shop.karibu("source", "create", "bench")
        if not options.with_worker:
            stop_worker(shop)
        peer, peer_port = start_bare()
        try:
            batches = [text for seed in range(10) for text in bodies(body(seed), 30)]
            print(f"batch of {EVENTS} events, {len(batches[0]) // EVENTS} bytes each")
            sent = Requests(batches, key, options.connections)
            ours, theirs, ratio = compare(shop.port, peer_port, "/v1/batch", sent, options)
            print(f"  /v1/batch: {ours * EVENTS:,.0f} events/s acknowledged (target 40,000)")
            print(f"  bare: {theirs * EVENTS:,.0f} events/s; ratio {ratio} (target 0.20)")
            singles = bodies(TRACK, 4000)
            print(f"single event of {len(singles[0])} bytes")
            sent = Requests(singles, key, options.connections * 8)
            ours, theirs, ratio = compare(shop.port, peer_port, "/v1/track", sent, options)
            print(f"  /v1/track: {ours:,.0f}/s; bare: {theirs:,.0f}/s; ratio {ratio} (target 0.35)")
            print(f"events in the inbox: {kept(shop):,}")
        finally:
            peer.terminate()
            for process in shop.named("worker"):
                process.resume()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
