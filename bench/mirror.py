"""The segments' mirror: writing it anew (seconds, memory), and what a change costs until it is in its files."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.machine import line

EACH = 20  # traits that one customer has
# Each customer has EACH of the traits, others than the next one; every third was merged into the one after the next.
TRAITS = """
    UPDATE customers_customer c SET traits = made.traits FROM (
        SELECT n AS id, jsonb_object_agg('trait ' || (n * 7 + k * 53) %% %(traits)s,
            CASE k %% 4 WHEN 0 THEN to_jsonb(n %% 97) WHEN 1 THEN to_jsonb('word ' || n %% 31)
                 WHEN 2 THEN to_jsonb(n %% 2 = 0) ELSE to_jsonb('2026-01-' || 10 + n %% 18) END) AS traits
        FROM generate_series(%(first)s, %(last)s) n, generate_series(1, %(each)s) k GROUP BY n
    ) AS made WHERE made.id = c.id"""
MERGED = """UPDATE customers_customer SET merged_into = id + 2
    WHERE id BETWEEN %(first)s AND %(last)s - 2 AND id %% 3 = 0"""
CONSENTS = """
    INSERT INTO consents_consent (customer_id, channel, topic, status, method, basis, wording, source, strength,
        evidence, at)
    SELECT n, 'email', t, CASE WHEN n %% 7 = 0 THEN 'withdrawn' ELSE 'given' END, 'form', 'consent', '', 'Shop', 40, '',
        now() FROM generate_series(%(first)s, %(last)s) n, unnest(ARRAY['offers', '*']) t WHERE n %% 3 > 0"""


def fill(customers: int, traits: int, first: int = 10_000_000) -> None:
    """Customers with consents and traits, of whom a third were merged into others. As quick as the database is."""
    from django.db import connection

    from bench.customers import FILL

    part = 50_000
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no triggers: nobody is told of each of them
        for start in range(first, first + customers, part):
            said = {"first": start, "last": min(start + part, first + customers) - 1, "each": EACH, "traits": traits}
            cursor.execute(FILL.replace("{{}}", "{}"), {"first": said["first"], "last": said["last"]})
            for statement in (TRAITS, MERGED, CONSENTS) if traits else (MERGED, CONSENTS):
                cursor.execute(statement, said)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE customers_customer, consents_consent")


@contextmanager
def installation() -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="karibu-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ.update(KARIBU_HOME=folder, DJANGO_SETTINGS_MODULE="karibu.config.settings")
        from karibu.config import postgres

        server = postgres.start(Path(folder))
        os.environ["KARIBU_DATABASE_URL"] = postgres.embedded_url(Path(folder))
        try:
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            print(line(folder))
            yield
        finally:
            from django.db import connections

            connections.close_all()
            postgres.stop(server)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench mirror", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--traits", type=int, default=1000)
    parser.add_argument("--rebuild", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rebuild:
        return rebuild()
    with installation():
        begun = time.perf_counter()
        fill(options.customers, options.traits)
        print(f"{options.customers:,} customers, {options.traits} traits: made in {time.perf_counter() - begun:.0f} s")
        # A process of its own, whose memory is that of a worker that does nothing else.
        subprocess.run([sys.executable, "-m", "bench.mirror", "--rebuild"], check=True)
        asking()
        changing()
    return 0


def rebuild() -> int:
    import django

    django.setup()
    from karibu.segments import mirror
    from karibu.segments.mirror import files, keep

    before = memory()
    begun, cpu = time.perf_counter(), time.process_time()
    mirror.rebuild()
    took, python = time.perf_counter() - begun, time.process_time() - cpu
    known = keep.known()
    size = sum(files.lake.filesystem().get_file_info(path).size for path in known.paths)
    print(f"rebuild: {took:.1f} s (this process {python:.1f} s), {known.rows:,} listed, {len(known.base)} files,"
          f" {size / 2**20:.0f} MB")  # fmt: skip
    print(f"memory: {memory():.0f} MB at the most, {before:.0f} before")
    return 0


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def asking() -> None:
    from karibu.events import engine
    from karibu.segments import mirror

    column = mirror.column_of("trait 7") or "id"
    for what, columns, condition in (
        ("one column", {"country"}, "country = 'RW'"),
        ("a trait", {column}, f"{column} = '7'"),
        ("consents", {"consents"}, "list_contains(consents, 'email/offers/given')"),
    ):
        for _ in range(3):
            begun = time.perf_counter()
            state = mirror.current(columns)
            known = time.perf_counter()
            with engine.cursor() as cursor:
                state.attach(cursor)
                count = cursor.execute(f"SELECT count(*) FROM customers WHERE {condition}").fetchone()[0]
            done = time.perf_counter()
        took = f"state {(known - begun) * 1000:5.1f} ms, query {(done - known) * 1000:5.1f} ms"
        print(f"ask by {what:12} {count:>8,}: {took}")


def changing() -> None:
    from django.db import connection

    from karibu.segments import mirror
    from karibu.segments.mirror import keep

    for many in (100, 1000, 5000, 20_000, 60_000):
        with connection.cursor() as cursor:
            begun = time.perf_counter()
            cursor.execute("UPDATE customers_customer SET city = city || 'x' WHERE id IN (SELECT id FROM"
                           " customers_customer WHERE merged_into IS NULL ORDER BY id * 7919 %% 1000003 LIMIT %s)",
                           [many])  # fmt: skip
            wrote = time.perf_counter() - begun
        begun = time.perf_counter()
        mirror.current({"country", "city", "consents"})
        asked = time.perf_counter() - begun
        begun, cpu = time.perf_counter(), time.process_time()
        keep.catch_up()
        took, python = time.perf_counter() - begun, time.process_time() - cpu
        print(f"{many:>6,} changed (in {wrote:5.2f} s): next question {asked * 1000:6.0f} ms, into files {took:5.2f} s"
              f" (this process {python:5.2f} s), {len(keep.known().layers)} layers")  # fmt: skip
    print(f"memory: {memory():.0f} MB at the most")


if __name__ == "__main__":
    raise SystemExit(main())
