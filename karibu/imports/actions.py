"""Bringing a file in: understood, mapped, started, stopped, gone on with."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from karibu.imports.cells import day_comes_first
from karibu.imports.erasing import settle
from karibu.imports.fields import faults, suggest
from karibu.imports.files import folder, forget, forget_sample, is_staged, kept
from karibu.imports.models import Import
from karibu.imports.sniff import Unreadable, understand
from karibu.web.actions import record
from karibu.web.queries import shop

Status = Import.Status
ENDED = (Status.DONE, Status.STOPPED, Status.FAILED)
DAYS_KEPT = 7  # so long a file waits to be started or gone on with


class NotReady(ValueError):
    """The import cannot start (or stop, or go on); the message says what is missing."""


def draft(kind: str, path: Path, *, by: str, filename: str = "", copy: bool = False) -> Import:
    """An import of this file, understood and with a mapping suggested; nothing is brought in yet.

    `copy` keeps the file with the import (an upload). Raises Unreadable, and then leaves nothing behind.
    """
    found = understand(path)
    with transaction.atomic():
        imported = Import.objects.create(
            kind=kind,
            filename=filename or path.name,
            path=str(path.resolve()),
            format=found.as_json(),
            mapping=suggest(kind, found.columns),
            options={"currency": shop().currency, "zone": shop().timezone, "match": "any"},
            by=by,
        )
        if copy:
            imported.path = str(shutil.copyfile(path, folder(imported) / "source"))
        imported.options["day_first"] = _day_first(imported)
        imported.save()
        record(by, "uploaded file", f"import {imported.pk}", kind=kind)
    return imported


def choose(imported: Import, mapping: Mapping[str, str], options: Mapping[str, Any]) -> None:
    """Sets how the columns are read; only while nothing has been brought in."""
    if imported.status != Status.DRAFT:
        raise NotReady("The import has started; its mapping stays as it is.")
    imported.mapping = {ours: theirs for ours, theirs in mapping.items() if theirs}
    imported.options = {**imported.options, **options}
    imported.options["day_first"] = _day_first(imported)
    imported.save(update_fields=["mapping", "options"])


def start(imported: Import, *, by: str, queue: bool = True) -> None:
    """Makes a draft ready to run; with `queue` a worker takes it. Raises NotReady."""
    if missing := faults_of(imported):
        raise NotReady(" ".join(missing))
    _change(imported, (Status.DRAFT,), Status.QUEUED, by, "started import", queue=queue)
    forget_sample(imported)


def faults_of(imported: Import) -> list[str]:
    """What keeps this draft from being started, as sentences."""
    return faults(imported.kind, imported.mapping, imported.format["columns"], imported.options.get("match", "any"))


def stop(imported: Import, *, by: str) -> None:
    """The running step ends (or never happened), and nothing more is taken until it is resumed."""
    _change(imported, (Status.QUEUED, Status.RUNNING), Status.STOPPED, by, "stopped import", queue=False)
    settle(imported)


def resume(imported: Import, *, by: str, queue: bool = True) -> None:
    """Goes on at the row behind the last one that was done. Raises NotReady where the file is gone."""
    if not (is_staged(imported) or Path(imported.path).is_file()):
        raise NotReady(imported.reason or "The file is not there any more. Import it anew.")
    _change(imported, (Status.STOPPED, Status.FAILED), Status.QUEUED, by, "resumed import", queue=queue)


def begin_undo(imported: Import, *, by: str) -> None:
    """A worker takes out again what the import brought. Raises NotReady while it runs."""
    from karibu.imports import jobs

    with transaction.atomic():
        now, options = timezone.now(), {**imported.options, "undone_by": by}
        ended = Import.objects.filter(pk=imported.pk, status__in=ENDED)
        if not ended.update(status=Status.UNDOING, heartbeat_at=now, options=options):
            raise NotReady(f"Import {imported.pk} is {imported.status}.")
        jobs.queue_undo(imported.pk, by)
    imported.refresh_from_db()


def undoing_failed(import_id: int, why: str) -> None:
    """What the import brought is still there: it is done, or stopped, as it was before."""
    was = Case(When(position__gte=F("total"), then=Value(Status.DONE)), default=Value(Status.STOPPED))
    reason = f"Undoing failed, nothing was changed: {why}"
    Import.objects.filter(pk=import_id, status=Status.UNDOING).update(status=was, reason=reason)


def discard(imported: Import, *, by: str) -> None:
    """Forgets a draft and its file. Raises NotReady once it has started."""
    with transaction.atomic():
        draft = Import.objects.select_for_update().filter(pk=imported.pk, status=Status.DRAFT).first()
        if draft is None:
            raise NotReady("The import has started; it can be undone.")
        record(by, "discarded import", f"import {draft.pk}")
        files = folder(draft)
        draft.delete()
        transaction.on_commit(partial(shutil.rmtree, files, ignore_errors=True))


def forget_uploads() -> None:
    """Files name people: what nobody started, or went on with, for DAYS_KEPT days is let go of."""
    before = timezone.now() - timedelta(days=DAYS_KEPT)
    for draft in Import.objects.filter(status=Status.DRAFT, created_at__lt=before):
        with suppress(NotReady):  # started this very moment
            discard(draft, by="schedule")
    for left in Import.objects.filter(status__in=(Status.STOPPED, Status.FAILED), heartbeat_at__lt=before):
        _let_go_of_file(left)


def _let_go_of_file(imported: Import) -> None:
    """What was brought stays and can be undone; nobody can go on with it."""
    with transaction.atomic():
        resting = Import.objects.select_for_update().filter(pk=imported.pk, status=imported.status)
        if kept(imported) and resting.exists():
            resting.update(reason=f"Its file was deleted after {DAYS_KEPT} days. Import it anew to go on.")
            forget(imported)


def _change(imported: Import, before: tuple[str, ...], after: str, by: str, verb: str, *, queue: bool) -> None:
    from karibu.imports import jobs

    with transaction.atomic():
        ready = Import.objects.filter(pk=imported.pk, status__in=before)
        if not ready.update(status=after, owner="", heartbeat_at=timezone.now()):
            imported.refresh_from_db()
            raise NotReady(f"Import {imported.pk} is {imported.status}.")
        record(by, verb, f"import {imported.pk}")
        if queue:
            jobs.queue_run(imported.pk)
    imported.refresh_from_db()


def _day_first(imported: Import) -> bool:
    columns, sample = imported.format["columns"], imported.format["sample"]
    dated = [imported.mapping[name] for name in ("placed_at", "time", "created_at") if name in imported.mapping]
    return any(day_comes_first(row[columns.index(column)] for row in sample) for column in dated if column in columns)


__all__ = [
    "NotReady",
    "Unreadable",
    "begin_undo",
    "choose",
    "discard",
    "draft",
    "faults_of",
    "forget_uploads",
    "resume",
    "start",
    "stop",
    "undoing_failed",
]
