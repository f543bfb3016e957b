"""The worker's way of an event alone: microseconds an event for each stage, from a filled inbox, in this process."""

import argparse
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Callable

from bench.machine import alone, line
from bench.traffic import EVENTS, MESSAGE, NOW, PERSON, body


def fill(batches: int, people: int, tag: int, together: int) -> None:
    """Puts batches of shop traffic into the inbox, as the tracking API does; or, where `together` is not 0, each of
    their events in a request of its own, so many requests at a time: they share rows, and one at a time do not.
    """
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
            events = envelope.batch(text).events
            for first in range(0, len(events), together or len(events)):
                some = events[first : first + (together or len(events))]
                sent = [[event] for event in some] if together else [some]
                await asyncio.gather(*(inbox.keep(sort_in(one, Letter(source.pk, now), "")) for one in sent))
        await inbox.close()

    asyncio.run(bring())


# Of each stage, for each batch: microseconds an event that it took, of which Python's.
Spent = dict[str, list[tuple[float, float]]]


def timed(stages: list[Callable[..., None]], spent: Spent) -> list[Callable[..., None]]:
    def around(stage: Callable[..., None]) -> Callable[..., None]:
        def run(batch: object) -> None:
            begun, cpu = time.perf_counter(), time.process_time()
            stage(batch)
            name = f"{stage.__module__.removeprefix('karibu.')}.{stage.__name__}"
            spent[name].append(an_event(begun, cpu, len(batch.events)))  # type: ignore[attr-defined]

        return run

    return [around(stage) for stage in stages]


def an_event(begun: float, cpu: float, events: int) -> tuple[float, float]:
    return (time.perf_counter() - begun) / events * 1e6, (time.process_time() - cpu) / events * 1e6


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
    parser.add_argument("--take", type=int, default=3000, help="events of a micro-batch, as TAKE in collect/drain.py")
    parser.add_argument("--together", type=int, default=0, help="single events, so many requests at a time")
    parser.add_argument("--statements", action="store_true", help="print how long each statement takes")
    parser.add_argument("--profile", action="store_true", help="print where Python's time goes")
    options = parser.parse_args()
    with alone():
        statements: dict[str, list[float]] = defaultdict(list)
        if options.statements:
            watch(statements)
        measure(options.events, options.people, options.take, options.together, profile=options.profile)
        print("\neach statement, where nobody else is at work (a quarter took less), times how often it was sent:")
        each = {sql: sorted(took)[len(took) // 4] * len(took) for sql, took in statements.items()}
        for sql in sorted(each, key=lambda sql: -each[sql])[:25]:
            print(f"{each[sql] / (2 * options.events) * 1e6:6.1f} us an event: {sql}")
    return 0


def measure(events: int, people: int, take: int, together: int, *, profile: bool) -> None:
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
        fill(events // EVENTS, people, tag, together)
        profiler, drains = cProfile.Profile(), []
        if profile:
            profiler.enable()
        begun, cpu = time.perf_counter(), time.process_time()
        while (taken := drain.drain()) > 0.8 * take:  # rows are taken whole
            drains.append(an_event(begun, cpu, taken))
            begun, cpu = time.perf_counter(), time.process_time()
        profiler.disable()
        each, python = quiet(drains)
        print(f"\n{when}: {1e6 / each:,.0f} events/s; {each:.1f} us an event, Python {python:.1f}")
        stages = {stage: quiet(took) for stage, took in spent.items()}
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


def quiet(spans: list[tuple[float, float]]) -> tuple[float, float]:
    """Microseconds an event of the quickest quarter of the batches: what it takes where nobody else is at work."""
    took, of_python = (statistics.quantiles(column, n=4)[0] for column in zip(*spans, strict=True))
    return took, of_python


def publish() -> None:
    from bench.crash import JOURNEY
    from karibu.journeys import actions

    actions.publish(actions.create("Left a cart", JOURNEY, by="bench"), by="bench")


if __name__ == "__main__":
    raise SystemExit(main())
