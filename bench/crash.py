"""Kills web, worker and PostgreSQL at random under load, then looks for every acknowledged event and every due message.

Each shopper identifies, consents and fills a cart; half of them order. Whoever did not order is due one message.
A call that was not answered 200 is sent again with the same messageIds, as the SDKs do. At the end the log is read
from outside (plain deltalake on the lake's files): every acknowledged event must stand there exactly once, nothing
twice, and the mailbox must hold exactly one message for every due cart.

With `--smtp` the messages leave over SMTP to Postfix's smtp-sink instead. There too nobody may get two; a message whose
sender died between the server's yes and its own commit may be missing only if it says that it is in doubt.
"""

import argparse
import base64
import json
import os
import random
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from bench.installation import Installation, installation
from bench.machine import line
from karibu.config import postgres
from karibu.messages.tests.servers import Sink, sink

WAIT_SECONDS = 2
JOURNEY = {
    "entry": {"event": "Product Added", "key": "cart_id"},
    "exit": [{"event": "Order Completed", "same_key": True}],
    "reentry": "per_key",
    "steps": [{"wait": {"seconds": WAIT_SECONDS}}, {"send": {"template": "cart-reminder", "channel": "email"}}],
}
BAIT = ("web", "worker", "sender", "postgres")
WAITS = "('intended', 'held', 'sending')"
FLUSH = "from karibu.events import flush; flush.flush_everything()"
IN_DOUBT = "(status = 'sending' AND handed_over_at IS NOT NULL OR reason = 'unknown_outcome')"


@dataclass
class Load:
    """Shoppers that post until told to stop; what was acknowledged is remembered."""

    url: str
    key: str
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: set[str] = field(default_factory=set)
    due: set[str] = field(default_factory=set)  # addresses whose cart was left
    ordered: set[str] = field(default_factory=set)
    retries: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def shop(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self.stop.is_set():
            person = uuid.UUID(int=chance.getrandbits(128)).hex
            orders = chance.random() < 0.5
            first, second = self._visit(person), self._order(person) if orders else []
            # The order comes in the same call, so that it is there before the wait is over, whatever is killed.
            if self._post(first + second):
                with self.lock:
                    (self.ordered if orders else self.due).add(f"{person}@example.com")
            time.sleep(0.01)

    def _post(self, events: list[dict[str, object]]) -> bool:
        """Sends until it is acknowledged; after the stop one may give up, if nothing was acknowledged."""
        body = json.dumps({"batch": events, "sentAt": datetime.now(UTC).isoformat()}).encode()
        basic = base64.b64encode(f"{self.key}:".encode()).decode()
        while True:
            request = urllib.request.Request(f"{self.url}/v1/batch", data=body)
            request.add_header("Authorization", f"Basic {basic}")
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    if answer.status == 200:
                        with self.lock:
                            self.acknowledged |= {str(e["messageId"]) for e in events}
                        return True
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code not in (408, 429):
                    raise
            except OSError:
                pass
            with self.lock:
                self.retries += 1
            time.sleep(0.1)

    def _visit(self, person: str) -> list[dict[str, object]]:
        traits = {"email": f"{person}@example.com", "name": f"Shopper {person[:6]}", "email_consent": True}
        cart = {"cart_id": f"c-{person}", "product_id": "p1", "name": "Mat", "price": 12.5, "quantity": 1}
        return [
            _event(person, type="page", properties={"url": "https://shop.example/"}),
            _event(person, type="identify", traits=traits),
            _event(person, type="track", event="Product Added", properties={**cart, "currency": "USD"}),
        ]

    def _order(self, person: str) -> list[dict[str, object]]:
        order = {"order_id": f"o-{person}", "cart_id": f"c-{person}", "total": 12.5, "currency": "USD"}
        return [_event(person, type="track", event="Order Completed", properties=order)]


def _event(person: str, **fields: object) -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    return {"messageId": uuid.uuid4().hex, "anonymousId": person, "userId": f"u-{person}", "timestamp": now, **fields}


def prepare(shop: Installation) -> str:
    """Publishes the journey; returns the write key."""
    token = shop.karibu("token", "create", "crash")
    journey = _call(shop, token, "POST", "/journeys", {"name": "Left a cart", "definition": JOURNEY})
    _call(shop, token, "POST", f"/journeys/{journey['id']}/publish", {})
    return shop.karibu("source", "create", "crash")


def _call(shop: Installation, token: str, method: str, path: str, body: object) -> dict[str, object]:
    request = urllib.request.Request(f"{shop.url}/api/v1{path}", data=json.dumps(body).encode(), method=method)
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()[:500]}") from None


def kill_at_random(shop: Installation, times: int, chance: random.Random, bait: Sequence[str]) -> Counter[str]:
    killed: Counter[str] = Counter()
    while sum(killed.values()) < times:
        time.sleep(chance.uniform(0.1, 1.1))
        what = bait[sum(killed.values()) % len(bait)]
        victims = shop.named(what)
        if not victims:
            continue  # still on its way back from the last time
        for victim in victims:
            victim.kill()
        killed[what] += 1
    return killed


def wait_until_quiet(shop: Installation, load: Load, timeout: float = 180) -> None:
    """Until inbox, timers and due messages are empty; then the tail is flushed, as it would be within 30 s."""
    questions = {
        "inbox": "SELECT count(*) FROM collect_inboxrow",
        "enrollments": "SELECT count(*) FROM journeys_enrollment WHERE status = 'active'",
        "messages": f"SELECT count(*) FROM messages_message WHERE status IN {WAITS} AND NOT {IN_DOUBT}",
    }
    deadline, left = time.monotonic() + timeout, {}
    while time.monotonic() < deadline:
        try:
            with psycopg.connect(postgres.embedded_url(shop.home)) as connection:
                left = {name: connection.execute(sql).fetchone()[0] for name, sql in questions.items()}  # type: ignore[index]
        except psycopg.OperationalError:
            left = {"database": 1}
        if not any(left.values()):
            shop.karibu("manage", "shell", "-c", FLUSH)
            return
        time.sleep(0.5)
    raise RuntimeError(f"not quiet after {timeout} s: {left}; {shop.said()[-3000:]}")


def examine(shop: Installation, load: Load, server: Sink | None) -> list[str]:
    """What is wrong, in sentences; nothing when all is well."""
    from deltalake import DeltaTable

    ids = Counter(
        DeltaTable(str(shop.home / "lake")).to_pyarrow_table(columns=["message_id"])["message_id"].to_pylist()
    )
    with psycopg.connect(postgres.embedded_url(shop.home)) as connection:
        kept = Counter(row[0] for row in connection.execute("SELECT recipient FROM messages_mail").fetchall())
        mails = server.taken() if server else kept
        doubt = {row[0] for row in connection.execute(f"SELECT address FROM messages_message WHERE {IN_DOUBT}")}
        rejected = connection.execute("SELECT count(*), min(reason) FROM collect_rejectedevent").fetchone()
    wrong = []
    if lost := load.acknowledged - set(ids):
        wrong.append(f"{len(lost)} acknowledged events are not in the log")
    if twice := [i for i, n in ids.items() if n > 1 and i in load.acknowledged]:
        wrong.append(f"{len(twice)} events stand twice in the log")
    if rejected and rejected[0]:
        wrong.append(f"{rejected[0]} events were set aside: {rejected[1]}")
    if server:
        print(f"{len(doubt)} messages in doubt, of which {len(doubt & set(mails))} had arrived")
    if missing := load.due - set(mails) - doubt:
        wrong.append(f"{len(missing)} due messages are missing")
    if double := [a for a, n in mails.items() if n > 1]:
        wrong.append(f"{len(double)} people got their message twice")
    if unasked := load.ordered & set(mails):
        wrong.append(f"{len(unasked)} people who ordered were written to all the same")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench crash", description=__doc__)
    parser.add_argument("--times", type=int, default=25)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--shoppers", type=int, default=4)
    parser.add_argument("--smtp", action="store_true", help="send to smtp-sink instead of the mailbox")
    parser.add_argument("--kill", choices=BAIT, action="append", help="what to kill (repeatable); default: each")
    options = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(sink()) if options.smtp else None
        environment = {"KARIBU_SMTP_URL": server.url} if server else {}
        shop = stack.enter_context(installation(environment=environment))
        print(line(shop.home), f"| seed {options.seed}", flush=True)
        load = Load(url=shop.url, key=prepare(shop))
        shoppers = [threading.Thread(target=load.shop, args=(options.seed * 100 + n,)) for n in range(options.shoppers)]
        for shopper in shoppers:
            shopper.start()
        begun = time.monotonic()
        killed = kill_at_random(shop, options.times, random.Random(options.seed), options.kill or BAIT)
        load.stop.set()
        for shopper in shoppers:
            shopper.join(120)
        wait_until_quiet(shop, load)
        wrong = examine(shop, load, server)
        print(f"killed {dict(killed)} in {time.monotonic() - begun:.0f} s; {load.retries} calls had to be sent again")
        print(f"{len(load.acknowledged)} events acknowledged, {len(load.due)} messages due")
        if wrong and os.environ.get("KARIBU_BENCH_KEEP"):
            input(f"kept for a look: {shop.home}")
        print("WRONG: " + "; ".join(wrong) if wrong else "every event exactly once, every message exactly once")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
