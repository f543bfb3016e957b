"""Shop traffic for measurements: bodies of /v1/batch with events of about 700 bytes, made cheaply in any number.

A body is built once with placeholders; a send only replaces them: message ids are new each time, persons come from
a pool, times are now.
"""

import asyncio
import base64
import hashlib
import itertools
import json
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

MESSAGE, PERSON, NOW = b"@@MESSAGEID@@", b"@@PERSON@@", b"@@NOW@@@@@@@@@@@@@@@@@@@"
EVENTS, PERSONS = 100, 10


def body(seed: int, persons: int = PERSONS, *, identifies: bool = True) -> bytes:
    """A batch of EVENTS events by `persons` shoppers: pages, products, carts, some who identify, some who order."""
    chance = random.Random(seed)
    events = [_event(chance, n, n % persons, identifies) for n in range(EVENTS)]
    return json.dumps({"batch": events, "sentAt": NOW.decode()}).encode()


def _event(chance: random.Random, n: int, person: int, identifies: bool) -> dict[str, object]:
    step = n // 10
    event: dict[str, object] = {
        "messageId": f"{MESSAGE.decode()}-{n}",
        "anonymousId": f"{PERSON.decode()}-{person}",
        "timestamp": NOW.decode(),
        "context": {
            "page": {"url": f"https://shop.example/p/{chance.randrange(500)}", "referrer": "https://www.google.com/"},
            "userAgent": "Mozilla/5.0 (Linux; Android 14; SM-A146P) AppleWebKit/537.36 Chrome/126.0 Mobile",
            "locale": "en-RW",
            "timezone": "Africa/Kigali",
            "campaign": {"source": "newsletter", "medium": "email", "name": "november"},
            "library": {"name": "bench", "version": "1"},
        },
    }
    product = {
        "product_id": f"p{chance.randrange(500)}",
        "name": "Canvas shoes, low, unbleached",
        "category": "Shoes",
        "price": 54.9,
        "currency": "USD",
        "image_url": "https://shop.example/i/1.jpg",
    }
    if step == 0:
        event |= {"type": "page", "properties": {"title": "Shop", "path": "/"}}
    elif step == 5 and person % 3 == 0 and identifies:
        traits = {"email": f"{PERSON.decode()}-{person}@example.com", "email_consent": True}
        event |= {"type": "identify", "userId": f"u-{PERSON.decode()}-{person}", "traits": traits}
    elif step == 6:
        cart = {"cart_id": f"c-{PERSON.decode()}-{person}", "quantity": 1}
        event |= {"type": "track", "event": "Product Added", "properties": product | cart}
    elif step == 9 and person == 0:
        order = {"order_id": f"{MESSAGE.decode()}", "total": 54.9, "currency": "USD", "products": [product]}
        event |= {"type": "track", "event": "Order Completed", "properties": order}
    else:
        event |= {"type": "track", "event": "Product Viewed", "properties": product}
    return event


@dataclass
class Sender:
    """Posts bodies over a few kept-alive connections, at a steady rate or as fast as it is answered.

    `known`: they are of the browsers of so many customers of bench/generate.py, a body's ten drawn anew each time.
    """

    host: str
    port: int
    key: str
    bodies: list[bytes]
    people: int = 4000
    known: int = 0
    sent: int = 0
    refused: int = 0
    counter: "itertools.count[int]" = field(default_factory=itertools.count)

    async def run(self, seconds: float, rate: float | None = None, connections: int = 8) -> float:
        """Sends for `seconds` at `rate` batches a second (None: no limit). Returns batches answered 200 a second."""
        begun = time.perf_counter()
        self.sent = 0
        each = rate / connections if rate else None
        await asyncio.gather(*(self._connection(begun, seconds, each) for _ in range(connections)))
        return self.sent / (time.perf_counter() - begun)

    async def _connection(self, begun: float, seconds: float, rate: float | None) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        done = 0
        while (now := time.perf_counter() - begun) < seconds:
            if rate and done > rate * now:
                await asyncio.sleep(done / rate - now)
            writer.write(self._request())
            status = await self._answer(reader)
            self.sent, self.refused = self.sent + (status == 200), self.refused + (status != 200)
            done += 1
        writer.close()

    def _request(self) -> bytes:
        n = next(self.counter)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"
        text = self.bodies[n % len(self.bodies)].replace(MESSAGE, b"%s%013d" % (self.key[-6:].encode(), n))
        for place in range(PERSONS if self.known else 0):
            who = hashlib.md5(b"%d" % (1 + (n * PERSONS + place) * 7919 % self.known)).hexdigest()
            text = text.replace(b"%s-%d" % (PERSON, place), b"b-" + who.encode())
        text = text.replace(PERSON, b"p%09d" % (n * 7919 % self.people)).replace(NOW, now.encode())
        basic = base64.b64encode(f"{self.key}:".encode()).decode()
        head = f"POST /v1/batch HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {basic}\r\n"
        return f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text

    @staticmethod
    async def _answer(reader: asyncio.StreamReader) -> int:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")), 0)
        if length:
            await reader.readexactly(length)
        return int(head[9:12])
