"""Waiting until whoever began before has ended: an erasure can only find what is committed."""

import time
from datetime import datetime

from django.db import connection, transaction

from karibu.collect import drain
from karibu.collect.lanes import LANES

OUTSIDE = LANES  # stands for what is no lane's
PATIENCE = 60.0  # seconds for transactions that have nothing to do with us, such as a backup's
LOOK = 0.05  # seconds between two looks

_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
        AND xact_start < %s"""


def let_batches_end() -> None:
    """Returns when every batch that has begun by now is over: it holds the lock on its lane."""
    with transaction.atomic(), connection.cursor() as cursor:
        for lane in (*range(LANES), OUTSIDE):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [drain.LOCK, lane])


def let_everybody_end(patience: float = PATIENCE) -> bool:
    """Returns when every transaction of this database that has begun by now is over; False if some are still not.

    Those that last longer than `patience` are not waited for: what writes here is done within seconds.
    """
    deadline = time.monotonic() + patience
    begun = _now()
    while _others(begun):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK)
    return True


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def _others(begun: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, [begun])
        return int(cursor.fetchone()[0])
