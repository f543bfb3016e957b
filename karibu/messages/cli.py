"""`karibu go-on`: the terminal's side of a standstill."""

import click
from django.utils import timezone

from karibu.messages import awake


def go_on(*, yes: bool) -> None:
    since = awake.stopped_since()
    if since is None:
        click.echo("Nothing stands still.")
        return
    waiting = awake.due(timezone.now())
    number = f"{waiting} or more" if waiting == awake.MOST_COUNTED else str(waiting)
    click.echo(f"Nothing is sent since {since:%Y-%m-%d %H:%M} UTC: an older state of the database was found.", err=True)
    click.echo(f"Messages that would leave at once: {number}. Campaigns and journeys would go on.", err=True)
    if not yes:
        click.confirm("What was due may have left before the backup was put back. Let it go on?", abort=True)
    awake.go_on(timezone.now(), by="karibu go-on")
    click.echo("Sending goes on.")
