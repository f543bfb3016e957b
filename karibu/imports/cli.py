"""`karibu import`: a file from the command line, with its progress, in this process."""

import signal
import sys
import time
from pathlib import Path

import click
from django.db import connection

from karibu.imports import actions
from karibu.imports.fields import FIELDS, MATCHES, faults
from karibu.imports.holding import Taken
from karibu.imports.models import Import
from karibu.imports.queries import brought
from karibu.imports.run import run
from karibu.imports.sniff import Unreadable

BY = "karibu import"


def bring(kind: str, path: Path, mapping: tuple[str, ...], *, yes: bool, currency: str, match: str, zone: str) -> None:
    """Understands FILE, shows how it will be read, asks (unless `yes`), runs."""
    try:
        imported = actions.draft(kind, path, by=BY)
    except Unreadable as error:
        raise click.ClickException(str(error)) from error
    given = _pairs(mapping)
    chosen = {**{o: t for o, t in imported.mapping.items() if t not in given.values()}, **given}
    options = {name: value for name, value in {"currency": currency, "match": match, "zone": zone}.items() if value}
    actions.choose(imported, chosen, options)
    _show(imported)
    if missing := faults(kind, imported.mapping, imported.format["columns"], imported.options["match"]):
        imported.delete()
        raise click.ClickException(" ".join([*missing, "Say it with --map ours=theirs."]))
    if not yes and not click.confirm("Import it like this?", err=True):
        imported.delete()
        return
    actions.start(imported, by=BY, queue=False)
    _run(imported)


def resume(import_id: int) -> None:
    imported = _get(import_id)
    if imported.status != Import.Status.RUNNING:  # else: taken over if its runner is dead
        _told(actions.resume, imported, queue=False)
    _run(imported)


def stop(import_id: int) -> None:
    _told(actions.stop, _get(import_id))


def undo(import_id: int) -> None:
    from karibu.imports.undo import undo as undo_

    imported = _get(import_id)
    try:
        gone = undo_(imported, by=BY)
    except actions.NotReady as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Import {import_id} is undone: " + ", ".join(f"{n:,} {what}" for what, n in gone.items()) + ".")


def _run(imported: Import) -> None:
    shown = Bar()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        imported = run(imported.pk, shown.show)
    except Taken as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        connection.close()
        actions.stop(imported, by=BY)
        raise click.ClickException(
            f"Stopped at row {imported.position:,}. Go on with: karibu import resume {imported.pk}"
        ) from None
    shown.end()
    if imported.status == Import.Status.FAILED:
        raise click.ClickException(imported.reason)
    if imported.status == Import.Status.STOPPED:
        raise click.ClickException(f"Stopped at row {imported.position:,}.")
    total = ", ".join(f"{number:,} {what}" for what, number in brought(imported).items())
    click.echo(f"Import {imported.pk} is done: {imported.total:,} rows; {total}.")


class Bar:
    """One line that is written again a few times a second; nothing where nobody watches."""

    def __init__(self) -> None:
        self.last, self.is_watched = 0.0, sys.stderr.isatty()

    def show(self, imported: Import) -> None:
        if not self.is_watched or time.monotonic() - self.last < 0.2:
            return
        self.last = time.monotonic()
        total = imported.total
        text = "reading the file" if total is None else f"{imported.position:,} of {total:,} rows"
        click.echo(f"\r{text:<60}", nl=False, err=True)

    def end(self) -> None:
        if self.is_watched:
            click.echo(err=True)


def _show(imported: Import) -> None:
    found = imported.format
    how = ", ".join(x for x in (found["type"].upper(), found["encoding"], _separator(found["separator"])) if x)
    row = "without a header row" if found["header_row"] is None else f"header in row {found['header_row'] + 1}"
    click.echo(f"{imported.filename}: {how}, {row}, {len(found['columns'])} columns", err=True)
    labels = {field.name: str(field.label) for field in FIELDS[imported.kind]}
    for ours, theirs in imported.mapping.items():
        click.echo(f"  {labels.get(ours, ours):<26} ({ours}) from “{theirs}”", err=True)


def _separator(text: str) -> str:
    return {"": "", "\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}.get(text, text)


def _pairs(mapping: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(pair.partition("=")[::2] for pair in mapping)
    if wrong := [ours for ours, theirs in pairs.items() if not theirs]:
        raise click.ClickException(f"--map wants ours=theirs, not “{wrong[0]}”.")
    return pairs


def _get(import_id: int) -> Import:
    found = Import.objects.filter(pk=import_id).first()
    if found is None:
        raise click.ClickException(f"There is no import {import_id}.")
    return found


def _told(verb, imported: Import, **options: bool) -> None:  # type: ignore[no-untyped-def]
    try:
        verb(imported, by=BY, **options)
    except actions.NotReady as error:
        raise click.ClickException(str(error)) from error


__all__ = ["MATCHES", "bring", "resume", "stop", "undo"]
