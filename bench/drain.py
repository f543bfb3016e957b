"""The worker's way of an event alone: microseconds an event for each stage, from a filled inbox, in this process."""

import argparse
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Callable

from bench.machine import alone, line
from bench.traffic import EVENTS, MESSAGE, NOW, PERSON, body


def fill(batches: int, people: int, tag: int) -> None:
    """Puts batches of shop traffic into the inbox, as the tracking API does."""
    import asyncio
    from datetime import UTC, datetime

    from karibu.collect import envelope
    from karibu.collect.actions import create_source
    from karibu.collect.bundle import Letter
    from karibu.collect.inbox import Inbox
    from karibu.collect.intake import sort_in
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


Spent = dict[str, list[tuple[float, float]]]  # of each stage, for each batch: seconds it took, of which Python's


def timed(stages: list[Callable[..., None]], spent: Spent) -> list[Callable[..., None]]:
    def around(stage: Callable[..., None]) -> Callable[..., None]:
        def run(batch: object) -> None:
            begun, cpu = time.perf_counter(), time.process_time()
            stage(batch)
            name = f"{stage.__module__.removeprefix('karibu.')}.{stage.__name__}"
            spent[name].append((time.perf_counter() - begun, time.process_time() - cpu))

        return run

    return [around(stage) for stage in stages]


def watch(spent: dict[str, list[float]]) -> None:
    """Adds up the time of each statement, from sending it to its answer."""
    import psycopg

    execute = psycopg.Cursor.execute

    def timed_execute(self, query, *arguments, **options):  # type: ignore[no-untyped-def]
        begun = time.perf_counter()
        try:
            return execute(self, query, *arguments, **options)
        finally:
            spent[" ".join(str(query).split())[:110]].append(time.perf_counter() - begun)

    psycopg.Cursor.execute = timed_execute  # type: ignore[method-assign]


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench drain", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=4000, help="batches of ten people come from a pool of so many")
    parser.add_argument("--take", type=int, default=4000, help="events of a micro-batch, as TAKE in collect/drain.py")
    parser.add_argument("--statements", action="store_true", help="print how long each statement takes")
    parser.add_argument("--profile", action="store_true", help="print where Python's time goes")
    options = parser.parse_args()
    with alone():
        statements: dict[str, list[float]] = defaultdict(list)
        if options.statements:
            watch(statements)
        measure(options.events, options.people, options.take, profile=options.profile)
        print("\neach statement, where nobody else is at work (a quarter took less), times how often it was sent:")
        each = {sql: sorted(took)[len(took) // 4] * len(took) for sql, took in statements.items()}
        for sql in sorted(each, key=lambda sql: -each[sql])[:25]:
            print(f"{each[sql] / (2 * options.events) * 1e6:6.1f} us an event: {sql}")
    return 0


def measure(events: int, people: int, take: int, *, profile: bool) -> None:
    import cProfile

    from django.conf import settings
    from django.core.management import call_command
    from django.utils.module_loading import import_string

    from karibu.collect import drain
    from karibu.events import flush

    call_command("migrate", verbosity=0)
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # as in config/worker.py
    publish()
    print(line(settings.KARIBU_HOME))
    drain.TAKE = take
    spent: Spent = defaultdict(list)
    settings.KARIBU_PIPELINE = timed(import_string("karibu.config.pipeline.STAGES"), spent)
    for tag, when in enumerate(("first time: nobody is known", "second time: everybody is known")):
        spent.clear()
        fill(events // EVENTS, people, tag)
        profiler, drains = cProfile.Profile(), []
        if profile:
            profiler.enable()
        begun, cpu = time.perf_counter(), time.process_time()
        while drain.drain() == take:
            drains.append((time.perf_counter() - begun, time.process_time() - cpu))
            begun, cpu = time.perf_counter(), time.process_time()
        profiler.disable()
        each, python = quiet(drains, take)
        print(f"\n{when}: {1e6 / each:,.0f} events/s; {each:.1f} us an event, Python {python:.1f}")
        stages = {stage: quiet(took, take) for stage, took in spent.items()}
        stages["taking rows out, decoding, committing"] = tuple(
            whole - sum(parts) for whole, *parts in zip((each, python), *stages.values(), strict=True)
        )
        for stage, (took, of_python) in sorted(stages.items(), key=lambda item: -item[1][0]):
            print(f"  {took:6.1f} us, Python {of_python:5.1f}  {stage}")
        if profile:
            import pstats

            pstats.Stats(profiler).sort_stats("tottime").print_stats(40)
    begun = time.perf_counter()
    flush.flush_everything()
    print(f"\nflush to the lake: {(time.perf_counter() - begun) / (2 * events) * 1e6:.1f} us an event")


def quiet(spans: list[tuple[float, float]], take: int) -> tuple[float, float]:
    """Microseconds an event of the quickest quarter of the batches: what it takes where nobody else is at work."""
    took, of_python = (statistics.quantiles(column, n=4)[0] / take * 1e6 for column in zip(*spans, strict=True))
    return took, of_python


def publish() -> None:
    from bench.crash import JOURNEY
    from karibu.journeys import actions

    actions.publish(actions.create("Left a cart", JOURNEY, by="bench"), by="bench")


if __name__ == "__main__":
    raise SystemExit(main())
