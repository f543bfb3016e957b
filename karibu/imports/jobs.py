"""Imports in the worker: run once started, taken up again where a worker died."""

from contextlib import suppress
from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task


@app.task
def run_import(import_id: int) -> None:
    from karibu.imports.holding import Taken
    from karibu.imports.run import run

    try:
        run(import_id)
    except Taken:
        return  # somebody else has it, or it was stopped before it began


@app.task
def undo_import(import_id: int, by: str) -> None:
    from karibu.imports.actions import NotReady, undoing_failed
    from karibu.imports.models import Import
    from karibu.imports.undo import undo

    try:
        undo(Import.objects.get(pk=import_id), by=by)
    except NotReady:
        return  # undone already
    except Exception as error:
        undoing_failed(import_id, type(error).__name__)
        raise


@app.task(name="imports.forget_uploads")
def forget_uploads(timestamp: int) -> None:
    from karibu.imports import actions

    actions.forget_uploads()


def queue_run(import_id: int) -> None:
    """A worker runs it as soon as one is free; nothing where one is to do so already."""
    _queue(run_import, f"run import {import_id}", import_id=import_id)


def queue_undo(import_id: int, by: str) -> None:
    _queue(undo_import, f"undo import {import_id}", import_id=import_id, by=by)


def _queue(task: Any, only_once: str, **arguments: Any) -> None:
    """Through Django's connection: in a worker, procrastinate's own belongs to the thread that works jobs off."""
    manager = JobManager(DjangoConnector())
    with suppress(AlreadyEnqueued), transaction.atomic():
        configure_task(name=task.name, job_manager=manager, queueing_lock=only_once).defer(**arguments)


def revive() -> float:
    """A step of the worker: imports whose runner died go on. Returns the seconds until it is worth looking again."""
    from karibu.imports.queries import abandoned, left_half_undone

    for import_id in abandoned():
        queue_run(import_id)
    for import_id, by in left_half_undone():
        queue_undo(import_id, by)
    return 15
