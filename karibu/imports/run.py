"""Running an import: claimed, staged, then step by step, each step one transaction with its position.

Killed at any moment, it goes on at the row behind the last step. One runner at a time (holding.py).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.utils import OperationalError
from django.utils import timezone

from karibu.consents.erasure import hold_off
from karibu.imports.erasing import forget_erased, settle
from karibu.imports.fields import wanted
from karibu.imports.files import folder, forget, forget_source, is_staged, staged
from karibu.imports.holding import Taken, claimed
from karibu.imports.models import Import
from karibu.imports.records import TooLong
from karibu.imports.sniff import TROUBLES, Understood, Unreadable
from karibu.imports.staging import read, stage
from karibu.imports.turn import Turning, Unit
from karibu.imports.work import Done, NothingWorks, take

STEP = {"orders": 800, "customers": 2000, "products": 2000, "events": 2000}  # units in one transaction
TRIES = 8
Status = Import.Status
Progress = Callable[[Import], None]


def run(import_id: int, progress: Progress = lambda imported: None) -> Import:
    """Runs a queued or abandoned import to its end, or until it is stopped. Raises Taken."""
    with claimed(import_id) as imported:
        try:
            _stage(imported, progress)
            _take_all(imported, progress)
        except Taken:
            imported.refresh_from_db()
            if imported.status == Status.RUNNING:
                raise
            settle(imported)
            return imported
        except (Unreadable, TooLong, NothingWorks) as error:
            return _end(imported, Status.FAILED, str(error))
        except (*TROUBLES, MemoryError) as error:
            return _end(imported, Status.FAILED, f"The file could not be read to its end: {_said(error)}")
        return _end(imported, Status.DONE)


def _said(error: Exception) -> str:
    return f"a part of it is not {error.encoding}" if isinstance(error, UnicodeDecodeError) else str(error)


def turning_of(imported: Import) -> Turning:
    found = Understood.from_json(imported.format)
    return Turning(
        import_id=imported.pk,
        kind=imported.kind,
        mapping=imported.mapping,
        columns=wanted(imported.kind, imported.mapping, found.columns),
        started_at=imported.started_at or timezone.now(),
        zone=imported.options.get("zone", "UTC"),
        day_first=imported.options.get("day_first", False),
        currency=imported.options.get("currency", ""),
        match=imported.options.get("match", "any"),
    )


def _stage(imported: Import, progress: Progress) -> None:
    if not is_staged(imported):
        _read_once(imported, progress)
    if staged(imported).exists():
        with transaction.atomic():
            hold_off()  # an erasure that closed its doors later waits, and finds the staged file
            forget_erased(imported)
    forget_source(imported)


def _read_once(imported: Import, progress: Progress) -> None:
    def beat(rows: int) -> None:
        if not _mine(imported).update(heartbeat_at=timezone.now()):
            raise Taken
        progress(imported)

    found = Understood.from_json(imported.format)
    columns = wanted(imported.kind, imported.mapping, found.columns)
    sort_by = imported.mapping["order_id"] if imported.kind == Import.Kind.ORDERS else ""
    target = folder(imported) / staged(imported).name
    imported.total = stage(Path(imported.path), found, columns, target, beat, sort_by)
    if not _mine(imported).update(total=imported.total, heartbeat_at=timezone.now()):
        raise Taken


def _take_all(imported: Import, progress: Progress) -> None:
    if imported.position == imported.total:
        return
    turning = turning_of(imported)
    for units in _steps(turning, staged(imported), imported):
        for attempt in range(TRIES):
            try:
                _step(imported, turning, units)
                break
            except OperationalError as error:
                if not _passes(error) or attempt == TRIES - 1:
                    raise
        progress(imported)


def _steps(turning: Turning, path: Path, imported: Import) -> Iterator[list[Unit]]:
    step: list[Unit] = []
    for unit in turning.units(read(path, imported.position)):
        step.append(unit)
        if len(step) >= STEP[imported.kind]:
            yield step
            step = []
    if step:
        yield step


def _step(imported: Import, turning: Turning, units: list[Unit]) -> None:
    with transaction.atomic():
        hold_off()  # else an erasure could end while this step still writes what it read before
        row = Import.objects.select_for_update().get(pk=imported.pk)
        if row.status != Status.RUNNING or row.owner != imported.owner:
            raise Taken
        row.counts = _counted(row.counts, take(row, turning, units))
        row.position += sum(unit.rows for unit in units)
        row.heartbeat_at = timezone.now()
        row.save(update_fields=["counts", "position", "heartbeat_at"])
    imported.position, imported.counts = row.position, row.counts


def _counted(counts: dict[str, Any], done: Done) -> dict[str, Any]:
    return {
        "taken": counts.get("taken", 0) + done.taken,
        "refused": counts.get("refused", 0) + done.refused,
        "rejected": counts.get("rejected", 0) + len(done.aside),
    }


def _passes(error: Exception) -> bool:
    """Deadlocks and the like: the same step will do at the next try."""
    cause = error.__cause__ or error
    return isinstance(cause, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)


def _end(imported: Import, status: str, reason: str = "") -> Import:
    _mine(imported).update(status=status, reason=reason, ended_at=timezone.now(), owner="")
    imported.refresh_from_db()
    if imported.status == Status.DONE:
        forget(imported)
        with connection.cursor() as cursor:
            for table in ("customers_customer", "shop_order", "shop_orderline", "shop_product"):
                cursor.execute(f"ANALYZE {table}")
    else:
        settle(imported)
    return imported


def _mine(imported: Import):  # type: ignore[no-untyped-def]
    return Import.objects.filter(pk=imported.pk, owner=imported.owner, status=Status.RUNNING)
