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
