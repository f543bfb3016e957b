"""Jobs and schedules: procrastinate's worker, run in a thread of ours beside the loops."""

import asyncio
import logging
import threading

from django.utils.module_loading import import_string
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params

from karibu.config.schedule import SCHEDULE

log = logging.getLogger("karibu.jobs")
AT_ONCE = 2  # jobs side by side in one worker process


def run(stopping: threading.Event) -> None:
    """Works off jobs until `stopping` is set. A lost database is waited for."""
    for cron, path in SCHEDULE:
        app.periodic(cron=cron)(import_string(path))
    while not stopping.is_set():
        try:
            asyncio.run(_work(stopping))
        except Exception as error:
            log.warning("jobs: stopped (%s); starting again in 2 s", type(error).__name__)
            stopping.wait(2)


async def _work(stopping: threading.Event) -> None:
    # Whoever is to stop while the database is away would otherwise wait half a minute for a connection to say so with.
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=AT_ONCE + 1, timeout=3)
    with app.replace_connector(connector):
        async with app.open_async():
            work = asyncio.create_task(
                app.run_worker_async(
                    concurrency=AT_ONCE,
                    fetch_job_polling_interval=5,  # a job queued before this worker listens is announced to nobody
                    abort_job_polling_interval=60,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=10,
                    delete_jobs="successful",
                )
            )
            while not stopping.is_set() and not work.done():
                await asyncio.wait([work], timeout=1)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
