"""For tests of two at once: whether one has come so far that it waits for the other."""

import time

from django.db import connection

LIMIT = 60.0  # seconds for what takes none


def until_somebody_waits(unless: list[object]) -> None:
    """Returns when a connection of this database waits for a lock, or when there is something in `unless`."""
    deadline = time.monotonic() + LIMIT
    while not unless and not _is_somebody_waiting() and time.monotonic() < deadline:
        time.sleep(0.01)


def _is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])
