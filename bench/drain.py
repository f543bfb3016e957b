"""The worker's way of an event alone: microseconds of CPU an event for each stage, Python's and PostgreSQL's."""

import argparse
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

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


class Clocks(NamedTuple):
    """Microseconds: of the wall, and of CPU that this process and its connection's PostgreSQL process used."""

    wall: float
    python: float
    postgres: float


Spent = dict[str, list[Clocks]]  # of each stage, for each batch, an event


def clocks() -> Clocks:
    from django.db import connection

    server = connection.connection.info.backend_pid if connection.connection else 0
    used = int(Path(f"/proc/{server}/schedstat").read_text().split()[0]) / 1e3 if server else 0.0
    return Clocks(time.perf_counter() * 1e6, time.process_time() * 1e6, used)


def timed(stages: list[Callable[..., None]], spent: Spent) -> list[Callable[..., None]]:
    def around(stage: Callable[..., None]) -> Callable[..., None]:
        def run(batch: object) -> None:
            begun = clocks()
            stage(batch)
            name = f"{stage.__module__.removeprefix('karibu.')}.{stage.__name__}"
            spent[name].append(an_event(begun, len(batch.events)))  # type: ignore[attr-defined]

        return run

    return [around(stage) for stage in stages]


def an_event(begun: Clocks, events: int) -> Clocks:
    return Clocks._make((now - then) / events for now, then in zip(clocks(), begun, strict=True))


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
        begun = clocks()
        while (taken := drain.drain()) > 0.8 * take:  # rows are taken whole
            drains.append(an_event(begun, taken))
            begun = clocks()
        profiler.disable()
        report(when, drains, spent)
        if profile:
            import pstats

            pstats.Stats(profiler).sort_stats("tottime").print_stats(40)
    begun = clocks()
    flush.flush_everything()
    took = an_event(begun, 2 * events)
    print(f"\nflush to the lake: Python {took.python:.1f}, PostgreSQL {took.postgres:.1f} us an event")


def report(when: str, drains: list[Clocks], spent: Spent) -> None:
    each = quiet(drains)
    print(f"\n{when}: {1e6 / each.wall:,.0f} events/s; CPU {each.python + each.postgres:.1f} us an event")
    stages = {"(all)": each} | {stage: quiet(took) for stage, took in spent.items()}
    parts = zip(*[took for stage, took in stages.items() if stage != "(all)"], strict=True)
    rest = Clocks._make(whole - sum(column) for whole, column in zip(each, parts, strict=True))
    stages["taking rows out, decoding, committing"] = rest
    for stage, took in sorted(stages.items(), key=lambda item: -item[1].python - item[1].postgres):
        print(f"  Python {took.python:5.1f}, PostgreSQL {took.postgres:5.1f}  {stage}")


def quiet(spans: list[Clocks]) -> Clocks:
    """Of the quickest quarter of the batches: what it takes where nobody else is at work."""
    return Clocks._make(statistics.quantiles(column, n=4)[0] for column in zip(*spans, strict=True))


def publish() -> None:
    from bench.crash import JOURNEY
    from karibu.journeys import actions

    actions.publish(actions.create("Left a cart", JOURNEY, by="bench"), by="bench")


if __name__ == "__main__":
    raise SystemExit(main())
