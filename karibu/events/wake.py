"""How one part of Karibu tells another that there is work: PostgreSQL's NOTIFY, sent at commit.

A wake-up is only ever a hint that shortens a wait: each loop also looks by itself every so often.
"""

import threading

from django.db import connection

CHANNEL = "karibu"
stopping = threading.Event()  # set when this worker process shall end: long steps look at it between two pieces of work
PIPELINES = 2  # threads of each worker that take events out of the inbox
WORKER = "karibu worker"  # application_name of the one connection on which each worker process listens


def wake(loop: str) -> None:
    """Wakes the loop of that name (see config/worker.py) in every worker, once this transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, loop])
