"""`karibu segment`: the terminal's side. A segment is named by its number, a definition by a file or "-" (stdin)."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import pyarrow as pa

from karibu.segments import membership, queries, run
from karibu.segments.definition import Definition, parse
from karibu.segments.faults import DefinitionError
from karibu.segments.hints import hints
from karibu.segments.models import Segment
from karibu.segments.words import sentence


def list_() -> None:
    """Number, size and name of each, with its sentence below."""
    for found in queries.segments().order_by("name", "pk"):
        size = "…" if found.size is None else f"{found.size:,}"
        click.echo(f"{found.pk:>5}  {size:>11}  {found.name}")
        click.echo(f"{'':>20}{sentence(found.definition)}")


def count(what: str) -> None:
    """How many a definition finds now: one number."""
    whole = _resolved(_definition(what))
    click.echo(run.count(whole))
    _hint(whole)


def members(what: str, at: datetime | None = None) -> None:
    """The numbers of the customers whom it finds now, one a line, ascending; `at`: who were in the segment then."""
    table = _then(what, at) if at else run.members(_resolved(_definition(what)))
    for number in table["id"].to_pylist():
        click.echo(number)


def _then(what: str, at: datetime) -> pa.Table:
    """Raises click.ClickException for a definition that is no segment: nobody kept whom it would have found."""
    found = _found(what)
    if found is None:
        raise click.ClickException("Only a segment by its number is known of the past.")
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    if moment < found.created_at:
        since = f"{found.created_at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"This segment was made at {since}: nobody kept before who was in it.", err=True)
    return membership.as_of(found.pk, moment)


def explain(what: str) -> None:
    """Its sentence, the engine's plan and the SQL."""
    definition = _definition(what)
    whole = _resolved(definition)
    told = run.explain(whole)
    click.echo(sentence(definition.raw))
    for reason in whole.unknown:
        click.echo(f"Holds for nobody: {reason}.", err=True)
    _hint(whole)
    click.echo(f"\n{told.size:,} customers, found by {told.engine} in {told.took * 1000:.0f} ms")
    click.echo(f"\n{told.plan}\n\n{told.sql}")


def _hint(whole: Definition) -> None:
    for hint in hints(whole):
        click.echo(hint, err=True)


def _resolved(definition: Definition) -> Definition:
    """With the definitions of the segments that it names. Raises click.ClickException for a cycle."""
    try:
        return run.resolve(definition)
    except DefinitionError as error:
        raise click.ClickException(str(error)) from None


def _definition(what: str) -> Definition:
    """Raises click.ClickException with one sentence, which names the path where the definition is wrong."""
    try:
        return parse(_written(what))
    except DefinitionError as error:
        raise click.ClickException(str(error)) from None


def _found(what: str) -> Segment | None:
    """The segment of this number; None for what is no number."""
    if not (what.isascii() and what.isdigit() and len(what) < 19):
        return None
    found = Segment.objects.filter(pk=int(what)).first()
    if found is None:
        raise click.ClickException(f"There is no segment {what}; `karibu segment list` shows which there are.")
    return found


def _written(what: str) -> object:
    if found := _found(what):
        return found.definition
    try:
        text = sys.stdin.read() if what == "-" else Path(what).read_text()
        return json.loads(text)
    except OSError as error:
        raise click.ClickException(f"{what} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise click.ClickException("That is no JSON.") from None
