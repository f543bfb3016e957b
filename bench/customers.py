"""Identifying a batch (microseconds an event), and the customer list at many customers (milliseconds a page)."""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.machine import alone, line

BATCH, PEOPLE = 4000, 1000
BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
LISTS = [
    "", "?sort=-spent", "?sort=name", "?sort=-orders", "?buyers=1", "?country=RW", "?anonymous=no", "?anonymous=yes",
    "?q=amina", "?q=uwase+7", "?q=u10000777@example.com", "?q=0788000777", "?q=nobody-at-all",
]  # fmt: skip

# Every third is a visitor without a name; names and countries repeat as they do in life.
FILL = """
    INSERT INTO customers_customer (id, name, email, phone, country, city, language, timezone, traits, first_source,
        created_at, is_anonymous, orders, spent, search)
    SELECT n, CASE WHEN known THEN first || ' ' || last ELSE '' END, CASE WHEN known THEN email ELSE '' END, '',
        CASE WHEN known THEN country ELSE '' END, '', '', '', '{{}}', 'Shop', now() - n * interval '1 minute',
        NOT known, CASE WHEN known THEN n %% 5 ELSE 0 END,
        CASE WHEN known THEN (n * 7919::bigint) %% 100000 / 100.0 * (n %% 5) ELSE 0 END,
        CASE WHEN known THEN array_to_tsvector(ARRAY[first, last, email, 'u' || n, 'example.com', 'example', 'com']) END
    FROM (SELECT n, n %% 3 > 0 AS known, 'u' || n || '@example.com' AS email,
        (ARRAY['amina', 'joao', 'thandi', 'neema', 'claire', 'li', 'omar'])[n %% 7 + 1] AS first,
        (ARRAY['uwase', 'silva', 'nkosi', 'mushi', 'dubois', 'chen', 'ali', 'smith', 'kim', 'diaz', 'rossi'])
            [n %% 11 + 1] AS last,
        (ARRAY['RW', 'BR', 'ZA', 'TZ', 'FR', 'KE', 'UG', 'US', 'DE'])[n %% 9 + 1] AS country
        FROM generate_series(%(first)s, %(last)s) n) AS made"""
SEEN = """INSERT INTO customers_activity (customer_id, first_seen, last_seen)
    SELECT n, now() - n * interval '1 minute', now() - (n * 7919::bigint %% 500000) * interval '1 minute'
    FROM generate_series(%(first)s, %(last)s) n"""
KNOWN = """INSERT INTO customers_identity (kind, value, customer_id, source, evidence, first_seen)
    SELECT k, CASE k WHEN 'external' THEN 'u' || n ELSE 'u' || n || '@example.com' END, n, 'Shop', 'identify', now()
    FROM generate_series(%(first)s, %(last)s) n, unnest(ARRAY['external', 'email']) k WHERE n %% 3 > 0"""


def events(batch: int, first: int) -> list[Any]:
    """A batch as shops send it: `PEOPLE` people, four events each, half signed in, one in twenty identifying."""
    from karibu.events.event import Event

    chance, made = random.Random(batch), []
    for n in range(BATCH):
        person = first + n % PEOPLE
        identifies = chance.random() < 0.05
        time_ = BEGUN + timedelta(minutes=batch, milliseconds=n)
        made.append(
            Event(
                message_id=f"{batch}-{n}", type="identify" if identifies else "track",
                name="Identified" if identifies else "Product Viewed", time=time_, received_at=time_,
                source_id=1, source="Shop", anonymous_id=f"browser {person}",
                user_id=f"user {person}" if identifies or person % 2 else "",
                traits={"email": f"{person}@shop.example", "name": f"P {person}", "plan": "gold"} if identifies else {},
            )
        )  # fmt: skip
    return made


def identifying() -> None:
    from django.db import transaction

    from karibu.customers.identify import identify
    from karibu.customers.raw import cursor
    from karibu.events.batch import Batch

    def take(batch: int, first: int) -> tuple[float, float]:
        made = events(batch, first)
        with transaction.atomic():
            raw = cursor()
            begun, worked = time.perf_counter(), time.process_time()
            identify(Batch(events=made, now=datetime.now(UTC), cursor=raw))
            return (time.perf_counter() - begun) / BATCH * 1e6, (time.process_time() - worked) / BATCH * 1e6

    for name, first_of in (("new people", lambda n: n * PEOPLE), ("people who are known", lambda n: 0)):
        spent = [take(100 * (name != "new people") + n, first_of(n)) for n in range(8)][2:]
        whole, python = (statistics.median(column) for column in zip(*spent, strict=True))
        print(f"identify, {name:22} {whole:6.1f} µs an event, of which Python {python:5.1f}")


def listing(rows: int, explain: bool) -> None:
    from django.db import connection
    from django.test import Client

    from karibu.web.models import User

    with connection.cursor() as cursor:
        for statement in (FILL.replace("{{}}", "{}"), SEEN, KNOWN):
            cursor.execute(statement, {"first": 10_000_000, "last": 10_000_000 + rows})
        cursor.execute("VACUUM ANALYZE customers_customer, customers_activity, customers_identity")
    client = Client()
    client.force_login(User.objects.create_user("bench@example.test"))
    for query in LISTS:
        times = sorted(_timed(lambda q=query: client.get(f"/customers/{q}")) for _ in range(7))
        print(f"list {query or '(as it opens)':24} median {times[3]:7.1f} ms, worst {times[-1]:7.1f} ms")
        if explain:
            _explain(client, f"/customers/{query}")
    times = sorted(_timed(lambda n=n: client.get(f"/customers/{10_000_001 + n * 3}/")) for n in range(9))
    print(f"customer page                 median {times[4]:7.1f} ms, worst {times[-1]:7.1f} ms")


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def _explain(client: Any, path: str) -> None:
    """The plan of each slow statement of one page."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    for query in captured.captured_queries:
        if "customers_" in query["sql"] and float(query["time"]) > 0.02:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, COSTS OFF) " + query["sql"])
                print(query["time"], query["sql"][:300], *(f"    {row[0]}" for row in cursor.fetchall()), sep="\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench customers", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--explain", action="store_true", help="print the plan of every statement above 20 ms")
    options = parser.parse_args()
    with alone() as home:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        print(line(home))
        identifying()
        listing(options.customers, options.explain)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
