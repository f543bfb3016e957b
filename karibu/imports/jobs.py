"""Imports in the worker: run once started, taken up again where a worker died."""

from procrastinate.contrib.django import app


@app.task
def run_import(import_id: int) -> None:
    from karibu.imports.run import Taken, run

    try:
        run(import_id)
    except Taken:
        return  # somebody else has it, or it was stopped before it began


@app.task(queueing_lock="revive imports")
def revive_imports(timestamp: int) -> None:
    """Imports whose runner's heart has stopped go on in this one."""
    from karibu.imports.queries import abandoned

    for import_id in abandoned():
        run_import.defer(import_id=import_id)


@app.task
def undo_import(import_id: int, by: str) -> None:
    from karibu.imports.models import Import
    from karibu.imports.undo import undo

    imported = Import.objects.get(pk=import_id)
    try:
        undo(imported, by=by)
    except Exception as error:
        reason = f"Undoing failed, nothing was changed: {type(error).__name__}"
        Import.objects.filter(pk=import_id, status="undoing").update(status="stopped", reason=reason)
        raise
