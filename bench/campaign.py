"""A campaign to a million people: seconds from the click to the first mail, to the last person found; memory.

A whole installation (`karibu serve`) sends into smtp-sink, or with `--mailbox` into its own mailbox. The audience is
everybody who is known; the click is the API's launch call. What is not over after `--seconds` is told as it stands.
"""

import argparse
import json
import sys
import time
import urllib.request
from contextlib import ExitStack
from typing import Any

import psutil
import psycopg

from bench.installation import Installation, installation
from bench.machine import line
from karibu.config import postgres
from karibu.messages.tests.servers import sink

_PEOPLE = """
    INSERT INTO customers_customer (name, email, phone, country, city, language, timezone, traits, first_source,
        created_at, is_anonymous, orders, spent)
    SELECT 'P ' || n, 'p' || n || '@example.com', '', 'RW', '', '', 'Africa/Kigali', '{}', 'bench', now(), false, 0, 0
    FROM generate_series(1, %s) n"""
_AGREED = """
    INSERT INTO consents_consent (customer_id, channel, topic, status, method, basis, wording, source, strength,
        evidence, at)
    SELECT id, 'email', 'offers', 'given', 'form', 'consent', '', 'shop', 40, '', now() FROM customers_customer"""
_PROGRESS = """
    SELECT is_complete, audience, status, (SELECT count(*) FROM messages_message WHERE sender = 'campaign:' || c.id),
        (SELECT min(sent_at) FROM messages_message WHERE sent_at IS NOT NULL)
    FROM campaigns_campaign c WHERE id = %s"""


def fill(shop: Installation, people: int) -> None:
    """The people and their consents, straight into the tables.

    Triggers are off meanwhile: what the segments' mirror costs is measured by `script/bench mirror`.
    """
    with psycopg.connect(postgres.embedded_url(shop.home)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_PEOPLE, [people])
        connection.execute(_AGREED)
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")


def call(shop: Installation, token: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{shop.url}/api/v1{path}", json.dumps(body or {}).encode(), method="POST",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def memory(shop: Installation) -> float:
    """Of the sender, in MB."""
    total = 0
    for process in shop.named("sender"):
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total / 1e6


def watch(shop: Installation, number: int, clicked: float, seconds: float) -> None:
    found: dict[str, float] = {}
    at_rest = most = memory(shop)
    early: float | None = None
    with psycopg.connect(postgres.embedded_url(shop.home), autocommit=True) as connection:
        while time.time() - clicked < seconds:
            row = connection.execute(_PROGRESS, [number]).fetchone()
            assert row
            complete, audience, status, intended, first = row
            most = max(most, memory(shop))
            if first and "first" not in found:
                found["first"] = first.timestamp() - clicked
                print(f"first mail: {found['first']:.2f} s after the click (audience then: {audience:,})", flush=True)
                early = most
            if complete and "found" not in found:
                found["found"] = time.time() - clicked
                print(f"everybody found: {audience:,} people after {found['found']:.1f} s", flush=True)
            if status == "sent" and "last" not in found:
                found["last"] = time.time() - clicked
                print(f"last message let in: after {found['last']:.1f} s", flush=True)
            if {"first", "last"} <= set(found):
                break
            time.sleep(0.1 if "first" not in found else 1)
        passed = time.time() - clicked
        sent = connection.execute("SELECT count(*) FROM messages_message WHERE sent_at IS NOT NULL").fetchone()
        assert sent
        print(f"after {passed:.0f} s: {intended:,} let in ({intended / passed:,.0f}/s), {sent[0]:,} sent", flush=True)
        told = (at_rest, early or 0, most)
        print("memory of the sender: {:.0f} MB at rest, {:.0f} at the first mail, {:.0f} at most".format(*told))


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench campaign", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=100)
    parser.add_argument("--mailbox", action="store_true")
    asked = parser.parse_args()
    with ExitStack() as stack:
        server = None if asked.mailbox else stack.enter_context(sink())
        shop = stack.enter_context(installation(environment={"KARIBU_SMTP_URL": server.url} if server else {}))
        print(line(shop.home), flush=True)
        token = shop.karibu("token", "create", "bench")
        fill(shop, asked.people)
        made = call(shop, token, "/campaigns", {"name": "Bench", "templates": ["cart-reminder"]})
        clicked = time.time()
        call(shop, token, f"/campaigns/{made['id']}/launch")
        watch(shop, made["id"], clicked, asked.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
