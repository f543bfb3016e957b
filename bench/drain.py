"""The worker's way of an event alone: microseconds an event for each stage, from a filled inbox, in this process."""

import argparse
import gc
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.machine import line
from bench.traffic import EVENTS, MESSAGE, NOW, PERSON, body


def fill(batches: int, people: int, tag: int) -> None:
    """Puts batches of shop traffic into the inbox, as the tracking API does."""
    import asyncio
    from datetime import UTC, datetime

    from karibu.collect import envelope
    from karibu.collect.actions import create_source
    from karibu.collect.inbox import Inbox
    from karibu.collect.intake import Letter, sort_in
    from karibu.config import postgres

    source, made = create_source("bench"), [body(seed) for seed in range(20)]

    async def bring() -> None:
        inbox = Inbox(postgres.database_url())
        for n in range(batches):
            now = datetime.now(UTC)
            text = (
                made[n % 20].replace(MESSAGE, b"m%d-%010d" % (tag, n)).replace(PERSON, b"p%09d" % (n * 7919 % people))
            )
            text = text.replace(NOW, now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:23].encode() + b"Z")
            await inbox.keep(sort_in(envelope.batch(text).events, Letter(source.pk, now), ""))
        await inbox.close()

    asyncio.run(bring())


def timed(stages: list[Callable[..., None]], spent: Counter[str]) -> list[Callable[..., None]]:
    def around(stage: Callable[..., None]) -> Callable[..., None]:
        def run(batch: object) -> None:
            begun = time.perf_counter()
            stage(batch)
            spent[f"{stage.__module__.removeprefix('karibu.')}.{stage.__name__}"] += time.perf_counter() - begun  # type: ignore[assignment]

        return run

    return [around(stage) for stage in stages]


def watch(spent: Counter[str]) -> None:
    """Adds up the time of each statement, from sending it to its answer."""
    import psycopg

    execute = psycopg.Cursor.execute

    def timed_execute(self, query, *arguments, **options):  # type: ignore[no-untyped-def]
        begun = time.perf_counter()
        try:
            return execute(self, query, *arguments, **options)
        finally:
            spent[" ".join(str(query).split())[:110]] += time.perf_counter() - begun  # type: ignore[assignment]

    psycopg.Cursor.execute = timed_execute  # type: ignore[method-assign]


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench drain", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=4000, help="batches of ten people come from a pool of so many")
    parser.add_argument("--statements", action="store_true", help="print how long each statement takes")
    parser.add_argument("--profile", action="store_true", help="print where Python's time goes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="karibu-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ.update(KARIBU_HOME=folder, DJANGO_SETTINGS_MODULE="karibu.config.settings")
        from karibu.config import postgres

        server = postgres.start(Path(folder))
        try:
            import django

            django.setup()
            statements: Counter[str] = Counter()
            if options.statements:
                watch(statements)
            measure(options.events, options.people, profile=options.profile)
            for sql, seconds in statements.most_common(25):
                print(f"{seconds / (2 * options.events) * 1e6:6.1f} us an event: {sql}")
        finally:
            from django.db import connections

            connections.close_all()
            postgres.stop(server)
    return 0


def measure(events: int, people: int, *, profile: bool) -> None:
    import cProfile

    from django.conf import settings
    from django.core.management import call_command
    from django.utils.module_loading import import_string

    from karibu.collect.drain import drain
    from karibu.events import flush

    call_command("migrate", verbosity=0)
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # as in config/worker.py
    publish()
    print(line(settings.KARIBU_HOME))
    spent: Counter[str] = Counter()
    settings.KARIBU_PIPELINE = timed(import_string("karibu.config.pipeline.STAGES"), spent)
    for tag, when in enumerate(("first time: nobody is known", "second time: everybody is known")):
        spent.clear()
        fill(events // EVENTS, people, tag)
        profiler, begun, cpu, taken = cProfile.Profile(), time.perf_counter(), time.process_time(), 0
        if profile:
            profiler.enable()
        while done := drain():
            taken += done
        profiler.disable()
        took, used = time.perf_counter() - begun, time.process_time() - cpu
        rate, each, python = taken / took, took / taken * 1e6, used / taken * 1e6
        print(f"\n{when}: {rate:,.0f} events/s; {each:.1f} us an event, Python {python:.1f}")
        for stage, seconds in spent.most_common():
            print(f"  {seconds / taken * 1e6:6.1f} us  {stage}")
        print(f"  {(took - spent.total()) / taken * 1e6:6.1f} us  taking rows out, decoding, committing")
        if profile:
            import pstats

            pstats.Stats(profiler).sort_stats("tottime").print_stats(40)
    begun = time.perf_counter()
    flush.flush_everything()
    print(f"\nflush to the lake: {(time.perf_counter() - begun) / (2 * events) * 1e6:.1f} us an event")


def publish() -> None:
    from bench.crash import JOURNEY
    from karibu.journeys import actions

    actions.publish(actions.create("Left a cart", JOURNEY, by="bench"), by="bench")


if __name__ == "__main__":
    raise SystemExit(main())
