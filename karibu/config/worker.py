"""The worker: a few named loops, each a thread with its own database connection, woken by NOTIFY.

A loop's step does one bounded piece of work and returns how many seconds it may sleep before it looks
again (0: there is more to do now). Anything else runs as a procrastinate job.
"""

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psycopg
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from karibu.config import jobs, postgres
from karibu.events.wake import CHANNEL, PIPELINES, WORKER, stopping

log = logging.getLogger("karibu.worker")
Step = Callable[[], float]
PATIENCE = 15.0  # seconds for the steps under way when the worker is to stop; `serve` kills after 20


@dataclass
class Loop:
    """`step` by its dotted path is looked up when the worker starts, so that this list is cheap to import.

    One that `sends`, or decides what is sent, stands still after a backup was put back (messages/awake.py).
    """

    name: str
    step: str
    sends: bool = False
    woken: threading.Event = field(default_factory=threading.Event)


LOOPS: list[Loop] = [
    *[Loop("pipeline", "karibu.collect.drain.step") for _ in range(PIPELINES)],  # one computes while another waits
    Loop("journeys", "karibu.journeys.engine.step", sends=True),
    Loop("entries", "karibu.journeys.clock.step", sends=True),
    Loop("calls", "karibu.journeys.calls.step", sends=True),
    Loop("campaigns", "karibu.campaigns.engine.step", sends=True),
    Loop("send", "karibu.messages.send.step", sends=True),
    Loop("sent", "karibu.messages.sent.step"),
    Loop("visits", "karibu.messages.visits.step"),
    Loop("webhooks", "karibu.messages.channels.webhook.deliver.step", sends=True),
    Loop("posts", "karibu.messages.channels.social.deliver.step", sends=True),
    Loop("replies", "karibu.messages.channels.replies.step", sends=True),
    Loop("flush", "karibu.events.flush.step"),
    Loop("segments", "karibu.segments.rebuilding.step"),
    Loop("live segments", "karibu.segments.live.step"),
    Loop("mirror", "karibu.segments.mirror.keep.step"),
    Loop("imports", "karibu.imports.jobs.revive"),
]


SENDING, SEGMENTS = ("send",), ("segments", "live segments", "mirror")  # the loops of these processes:
SENDER, SEGMENTER = "karibu sender", "karibu segmenter"  # as WORKER


def run(*, sending: bool = True, segments: bool = True) -> None:
    """Runs every loop, but not `sending` or `segments` where other processes do that, and the jobs, until SIGTERM or
    SIGINT."""
    elsewhere = (() if sending else SENDING) + (() if segments else SEGMENTS)
    loops = [loop for loop in LOOPS if loop.name not in elsewhere]
    _run(loops, WORKER, threading.Thread(target=jobs.run, args=(stopping,), name="jobs"))


def run_sender() -> None:
    """Sends until SIGTERM or SIGINT: filling mails in keeps a core busy, and takes it from nothing else here."""
    from karibu.messages import channels

    for kind in channels.KINDS:  # what they import would else be waited for by the first message
        channels.get(kind)
    _run([loop for loop in LOOPS if loop.name in SENDING], SENDER)


def run_segmenter() -> None:
    """Keeps the segments: beside the pipelines, which keep a core busy, a turn would mostly wait for its turn."""
    _run([loop for loop in LOOPS if loop.name in SEGMENTS], SEGMENTER)


def _run(loops: Sequence[Loop], name: str, *others: threading.Thread) -> None:
    """Each loop in a thread; returns when each has finished its step."""
    # A micro-batch makes thousands of objects that live until it is done and form no cycles: looking them through
    # again and again for garbage took a tenth of the pipeline's time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    # Two pipelines share this process: one that has its answer from the database shall not wait 5 ms for the other.
    sys.setswitchinterval(0.0005)
    # Looked up one after the other: threads that import modules of the same circle at the same time find a deadlock.
    steps = [(loop, step_of(loop)) for loop in loops]
    threads = [threading.Thread(target=_run_loop, args=pair, name=pair[0].name) for pair in steps]
    threads += [*others, threading.Thread(target=_listen, args=(loops, name), name="listen", daemon=True)]
    # An exception ends the sleep: a handler that set the events itself might find their locks held by the very thread
    # that it interrupted, and wait for ever.
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, signal.default_int_handler)
    try:
        for thread in threads:
            thread.start()
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        _stop(loops, threads)


def _stop(loops: Sequence[Loop], threads: Sequence[threading.Thread]) -> None:
    """Waits until every loop has ended its step, but not for one that hangs: whatever is cut off is done again."""
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, signal.SIG_IGN)
    stopping.set()
    _wake(loops, "")
    end = time.monotonic() + PATIENCE
    for thread in threads:
        if not thread.daemon and thread.ident:
            thread.join(max(0, end - time.monotonic()))
    hanging = [thread.name for thread in threads if not thread.daemon and thread.is_alive()]
    if hanging:
        log.warning("stopped in the middle of a step: %s", ", ".join(hanging))
        logging.shutdown()
        os._exit(1)


def step_of(loop: Loop) -> Step:
    from django.utils.module_loading import import_string

    from karibu.messages import awake

    step: Step = import_string(loop.step)
    return awake.only_awake(step) if loop.sends else step


def _run_loop(loop: Loop, step: Step) -> None:
    failures = 0
    while not stopping.is_set():
        loop.woken.clear()
        try:
            pause = step()
            failures = 0
        except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
            failures += 1
            pause = min(0.2 * 2**failures, 10)
            log.warning(
                "%s: the database does not answer (%s); trying again in %.1f s", loop.name, _short(error), pause
            )
        except Exception:
            failures += 1
            pause = min(0.5 * 2**failures, 60)
            log.exception("%s: failed; trying again in %.1f s", loop.name, pause)
        if pause > 0:
            close_old_connections()
            loop.woken.wait(pause)
    connection.close()


def _listen(loops: Sequence[Loop], name: str) -> None:
    """One connection hears for all loops; after a loss every loop looks for itself once."""
    while not stopping.is_set():
        try:
            with psycopg.connect(postgres.database_url(), autocommit=True, application_name=name) as ear:
                ear.execute(f"LISTEN {CHANNEL}")
                _wake(loops, "")
                for notice in ear.notifies():
                    _wake(loops, notice.payload)
        except psycopg.OperationalError:
            time.sleep(0.5)


def _wake(loops: Sequence[Loop], name: str) -> None:
    for loop in loops:
        if name in ("", loop.name):
            loop.woken.set()


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
