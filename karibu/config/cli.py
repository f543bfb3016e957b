"""The `karibu` command. Django is imported only by the subcommands that need it, so that `serve` stays small."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from karibu.config import environment, home, postgres


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Karibu: the customer system that online shops run themselves."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "karibu.config.settings")
    if faults := environment.faults():
        raise click.ClickException("\n       ".join(faults))


def django() -> None:
    import django as django_

    django_.setup()


@contextmanager
def installation() -> Iterator[None]:
    """Django on the installation that the environment names. Raises ClickException where none was started yet."""
    if postgres.is_embedded() and not (home.path() / "prepared").exists():
        raise click.ClickException(
            f"There is no Karibu in {home.path()} yet. Start it with `karibu serve`, or name the folder of yours as "
            "KARIBU_HOME (script/demo has one of its own)."
        )
    with postgres.running():
        django()
        yield


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--web", "webs", default=1, show_default=True, help="How many web processes.")
@click.option("--workers", default=1, show_default=True, help="How many worker processes.")
@click.option("--senders", default=1, show_default=True, help="How many processes that send messages.")
@click.option("--demo", is_flag=True, help="With the sample shop and its simulated shoppers.")
def serve(host: str, port: int, webs: int, workers: int, senders: int, demo: bool) -> None:
    """Start everything: PostgreSQL, web, worker and sender, in one process tree."""
    from karibu.config.serve import Tree

    Tree(host=host, port=port, webs=webs, workers=workers, senders=senders, demo=demo).run()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--processes", default=1, show_default=True)
def web(host: str, port: int, processes: int) -> None:
    """Serve HTTP only (the database is elsewhere)."""
    from karibu.config.serve import web_command

    os.execv(sys.executable, web_command(host, port, processes))  # noqa: S606


@main.command()
@click.option("--sending/--no-sending", default=True, show_default=True, help="Whether it sends messages, too.")
@click.option("--segments/--no-segments", default=True, show_default=True, help="Whether it keeps segments, too.")
def worker(sending: bool, segments: bool) -> None:
    """Run the pipeline, the timers, the sending, the segments and the jobs only (the database is elsewhere)."""
    django()
    from karibu.config.worker import run

    run(sending=sending, segments=segments)


@main.command()
def sender() -> None:
    """Send messages only (the database is elsewhere)."""
    django()
    from karibu.config.worker import run_sender

    run_sender()


@main.command()
def segmenter() -> None:
    """Keep the members of segments up to date only (the database is elsewhere)."""
    django()
    from karibu.config.worker import run_segmenter

    run_segmenter()


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Django's own commands (migrate, shell, makemessages ...)."""
    from django.core.management import execute_from_command_line

    with postgres.running():
        execute_from_command_line(["karibu manage", *arguments])


@main.command(hidden=True)
@click.option("--demo", is_flag=True)
def prepare(demo: bool) -> None:
    """Bring the schema up to date; on a first start make the owner, a source and (with --demo) the sample shop."""
    django()
    from karibu.config.prepare import prepare as prepare_

    prepare_(demo=demo)


@main.command(hidden=True)
@click.argument("url")
def shoppers(url: str) -> None:
    """The sample shop's simulated shoppers, as clients of URL."""
    django()
    from karibu.demo.shoppers import run

    run(url)


@main.group()
def user() -> None:
    """People who may sign in."""


@user.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice(["owner", "marketer", "agent"]), default="owner", show_default=True)
def user_create(email: str, role: str) -> None:
    """Make (or find) EMAIL and print a sign-in link."""
    with installation():
        from karibu.web.actions import create_user, sign_in_link

        click.echo(sign_in_link(create_user(email, role=role)))


@main.group()
def source() -> None:
    """Where events come from: each source has a write key."""


@source.command("create")
@click.argument("name")
@click.option("--browser", is_flag=True, help="For web pages: consents wait until their address confirms them.")
def source_create(name: str, browser: bool) -> None:
    """Make the source NAME and print its write key. Consents that come with it count at once, unless --browser."""
    with installation():
        from karibu.collect.actions import create_source

        click.echo(create_source(name, believes_consents=not browser).write_key)


@main.group()
def token() -> None:
    """Keys to /api/v1."""


@token.command("create")
@click.argument("name")
def token_create(name: str) -> None:
    """Make an API token called NAME and print it; it is shown this once."""
    with installation():
        from karibu.web.actions import create_token

        click.echo(create_token(name))


@main.command()
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(who: str, yes: bool) -> None:
    """Erase the customer WHO (a number, an e-mail address or another identifier) from every store, for good."""
    with installation():
        from karibu.consents import cli

        cli.erase(who, yes=yes)


@main.command()
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
def anonymise(who: str, yes: bool) -> None:
    """Take the customer WHO out of every store for good, and leave what they did as numbers."""
    with installation():
        from karibu.consents import cli

        cli.anonymise(who, yes=yes)


@main.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def retention(dry_run: bool) -> None:
    """Let go of what was kept for long enough, class by class, and say how much; the schedule does it every night."""
    with installation():
        from karibu.consents import cli

        cli.retention(dry_run=dry_run)


@main.command("go-on")
@click.option("--yes", is_flag=True, help="Do not ask.")
def go_on(yes: bool) -> None:
    """After a backup was put back, nothing is sent: say what is due, and let sending go on."""
    with installation():
        from karibu.messages import cli

        cli.go_on(yes=yes)


@main.command()
def bounce() -> None:
    """Read a mail that came back, or a complaint, from stdin; for a mail server that pipes them."""
    with installation():
        from karibu.messages.channels.email import inbox

        inbox.take([sys.stdin.buffer.read()], via="pipe")


@main.group()
def export() -> None:
    """Take things out."""


@export.command("customer")
@click.argument("who")
@click.option("--to", "path", type=click.Path(path_type=Path), help="The file to make; else customer-NUMBER.zip here.")
def export_customer(who: str, path: Path | None) -> None:
    """Everything that is known about the customer WHO, for them: a ZIP to read and with data. Prints where it lies."""
    with installation():
        from karibu.consents import cli

        click.echo(cli.export(who, path))


@main.group()
def segment() -> None:
    """Groups of customers. WHAT is a segment's number, a file with a definition, or - for one from stdin."""


@segment.command("list")
def segment_list() -> None:
    """The segments: number, size, name and sentence."""
    with installation():
        from karibu.segments import cli

        cli.list_()


def _segment_verb(verb: str, about: str) -> None:
    @segment.command(verb, help=about)
    @click.argument("what")
    def ask(what: str) -> None:
        with installation():
            from karibu.segments import cli

            getattr(cli, verb)(what)


_segment_verb("count", "How many customers WHAT finds now.")


@segment.command("members")
@click.argument("what")
@click.option("--at", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help="Who was in segment WHAT then (UTC).")
def segment_members(what: str, at: datetime | None) -> None:
    """The numbers of the customers whom WHAT finds now, or --at a moment of the past."""
    with installation():
        from karibu.segments import cli

        cli.members(what, at)


_segment_verb("explain", "How the engine finds WHAT: its sentence, plan and SQL.")


@main.group()
def journey() -> None:
    """What happens to people. WHAT is a journey's number or name."""


@journey.command("rehearse")
@click.argument("what")
@click.option("--days", default=90, show_default=True, help="How far back.")
@click.option("--everybody", is_flag=True, help="Also where so much happened that some people would do.")
@click.option("--put-in", type=int, help="Whom by hand: the segment of this number, where nothing else says who came.")
def journey_rehearse(what: str, days: int, everybody: bool, put_in: int | None) -> None:
    """Tell WHAT over the past: who would have entered, by which ways, with which messages. Nothing is sent."""
    with installation():
        from karibu.journeys import cli

        cli.rehearse(what, days, everybody, put_in)


@journey.command("test")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
def journey_test(file: str) -> None:
    """Tell the stories of FILE (see docs/journeys.md) by the journey that it names. Nothing is sent or changed."""
    with installation():
        from karibu.journeys import cli

        cli.test(file)


@main.group()
def lake() -> None:
    """The files of the event log."""


@lake.command("migrate")
def lake_migrate() -> None:
    """Add the columns that this version of Karibu needs."""
    with installation():
        from karibu.events.migrate import migrate

        for step in migrate():
            click.echo(f"Step {step.number}: {step.about}.")
        click.echo("The event log is up to date.")


@main.group("import")
def import_() -> None:
    """Bring in a file of customers, products, orders or events: CSV, XLSX, JSON lines or Parquet."""


def _import_kind(kind: str) -> None:
    @import_.command(kind, help=f"Bring in FILE, a list of {kind}.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option(
        "--map", "mapping", multiple=True, metavar="OURS=THEIRS", help="Which column is what; again for each."
    )
    @click.option("--currency", default="", help="Of money without one; else the shop's.")
    @click.option("--match", default="", help="What customers are matched by: any, external_id, email, phone.")
    @click.option("--zone", default="", help="Time zone of times without one; else the shop's.")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    def bring(file: Path, mapping: tuple[str, ...], currency: str, match: str, zone: str, yes: bool) -> None:
        with installation():
            from karibu.imports import cli

            cli.bring(kind, file, mapping, yes=yes, currency=currency.upper(), match=match, zone=zone)


def _import_verb(verb: str, about: str) -> None:
    @import_.command(verb, help=about)
    @click.argument("number", type=int)
    def act(number: int) -> None:
        with installation():
            from karibu.imports import cli

            getattr(cli, verb)(number)


for _kind in ("customers", "products", "orders", "events"):
    _import_kind(_kind)
_import_verb("resume", "Go on with import NUMBER at the row where it ended.")
_import_verb("stop", "Stop import NUMBER behind the step it is at.")
_import_verb("undo", "Take out again everything that import NUMBER brought.")


@main.command()
def doctor() -> None:
    """Look at everything Karibu stands on and say what is wrong and what to do."""
    with installation():
        from karibu.config.doctor import examine

        sys.exit(examine())


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """The measurements of docs/benchmarks.md (run from a checkout; see script/bench)."""
    script = Path(__file__).resolve().parents[2] / "script/bench"
    if not script.exists():
        raise click.ClickException("karibu bench runs from a checkout of the project; this is an installed package.")
    os.execv(script, [str(script), *arguments])  # noqa: S606
