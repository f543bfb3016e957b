"""Who runs an import: one process at a time.

The runner holds an advisory lock of the database, which goes with its connection: once it is killed, the import is free
at once. A machine that lost its power may leave the connection behind for hours, so a heart that stopped frees it too.
Neither is what keeps a row from being taken twice: each step looks for its owner under the lock of the import's row.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from django.db import Error, connection, transaction
from django.utils import timezone

from karibu.imports.models import Import

LOCKS = 0x4B49  # the first half of our advisory locks' numbers; the other is the import's
STALE = timedelta(seconds=60)
Status = Import.Status


class Taken(RuntimeError):
    """Somebody else runs this import, or it has been stopped."""


@contextmanager
def claimed(import_id: int) -> Iterator[Import]:
    """The import as its one runner has it. Raises Taken."""
    with transaction.atomic():
        imported = Import.objects.select_for_update().get(pk=import_id)
        if imported.status not in (Status.QUEUED, Status.RUNNING):
            raise Taken(f"Import {import_id} is {imported.status}.")
        if imported.status == Status.RUNNING and is_alive(imported):
            raise Taken(f"Import {import_id} is being run by another process.")
        imported.status, imported.owner, imported.reason = Status.RUNNING, secrets.token_hex(8), ""
        imported.started_at = imported.started_at or timezone.now()
        imported.heartbeat_at = timezone.now()
        imported.save()
        _ask("SELECT pg_try_advisory_lock(%s, %s)", import_id)  # held by a lost connection: the heart alone tells
    try:
        yield imported
    finally:
        with suppress(Error):  # with the connection the lock is gone anyway
            _ask("SELECT pg_advisory_unlock(%s, %s)", import_id)


def is_alive(imported: Import) -> bool:
    """Whether the runner of a running import is still at it."""
    if imported.heartbeat_at is None or imported.heartbeat_at < timezone.now() - STALE:
        return False
    return _ask(
        """SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
           WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
             AND l.classid = %s AND l.objid = %s)""",
        imported.pk,
    )


def _ask(statement: str, import_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [LOCKS, import_id % 2**31])
        return bool(cursor.fetchone()[0])
