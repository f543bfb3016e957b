"""`karibu journey`: the terminal's side. A journey is named by its number or its name."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from karibu.journeys.definition import DefinitionError
from karibu.journeys.models import Journey, Rehearsal
from karibu.journeys.rehearsal import actions, said, script
from karibu.journeys.rehearsal.run import AT_ONCE, run


def rehearse(what: str, days: int, everybody: bool, put_in: int | None) -> None:
    """Tells the draft over the past in this process, with its progress on stderr, and prints the result as JSON."""
    journey = _journey(what)
    try:
        rehearsal = actions.plan(journey, by="terminal", days=days, everybody=everybody, stand_in=put_in)
    except (DefinitionError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    if rehearsal.status != Rehearsal.Status.QUEUED:
        raise click.ClickException("This journey is being rehearsed already.")
    try:
        done = run(rehearsal, _progress, at_once=AT_ONCE)
    except KeyboardInterrupt:
        actions.stop(rehearsal, by="terminal")
        raise
    _progress(done)
    click.echo("", err=True)
    if done.status == Rehearsal.Status.FAILED:
        raise click.ClickException(f"The rehearsal failed: {done.reason}")
    click.echo(said.headline(done.result, days), err=True)
    click.echo(json.dumps(done.result, indent=2, ensure_ascii=False))


def test(file: str) -> None:
    """Tells the stories of the file, prints a line for each, and ends with 1 where something did not come true."""
    try:
        what, stories = script.read(Path(file).read_text(encoding="utf-8"))
        journey = _journey(what)
        failed = [_tell(story, journey) for story in stories]
    except (OSError, script.Misread, DefinitionError) as error:
        raise click.ClickException(str(error)) from None
    if any(failed):
        sys.exit(1)


def _tell(story: script.Story, journey: Journey) -> bool:
    failures = script.tell(story, journey.pk, journey.definition)
    click.echo(f"{'FAILED' if failures else 'ok':<7} {story.title}")
    for failure in failures:
        click.echo(f"        line {failure.line.number}: {failure.line.text}: {failure.found}")
    return bool(failures)


def _progress(rehearsal: Rehearsal) -> None:
    total: Any = rehearsal.total
    share = f"{100 * rehearsal.done // total} %" if total else "nothing to tell"
    click.echo(f"\r{rehearsal.done:,} of {total or 0:,} events told ({share})", nl=False, err=True)


def _journey(what: str) -> Journey:
    named = Journey.objects.filter(pk=int(what)) if what.isdecimal() else Journey.objects.filter(name=what)
    found = list(named.order_by("pk")[:2])
    if len(found) != 1:
        raise click.ClickException(f"There is {'more than one' if found else 'no'} journey “{what}”.")
    return found[0]
