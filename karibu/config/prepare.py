"""What `karibu serve` does before it opens its doors: the schema, and on a first start the first things."""

import click
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from karibu.config import home


def prepare(*, demo: bool = False) -> None:
    migrate()
    check_lake()
    plant_templates()
    first_owner(demo=demo)
    if demo:
        from karibu.demo.actions import open_sample_shop

        open_sample_shop()


def migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)


def plant_templates() -> None:
    from karibu.messages import starters

    starters.plant()


def check_lake() -> None:
    """The event log's columns are not changed under way: raises ClickException with the command that does it."""
    from karibu.events.migrate import pending

    if steps := pending():
        waiting = ", ".join(f"{step.number} ({step.about})" for step in steps)
        raise click.ClickException(f"The event log lacks schema step {waiting}. Run `karibu lake migrate`, then start.")


def first_owner(*, demo: bool) -> None:
    """While nobody has ever signed in, each start leaves a fresh link to do so in `$KARIBU_HOME/first-sign-in`."""
    from karibu.web.actions import create_user, sign_in_path
    from karibu.web.models import User

    file = home.path() / "first-sign-in"
    if User.objects.exclude(last_login=None).exists() and not demo:
        file.unlink(missing_ok=True)
        return
    owner = User.objects.filter(role="owner").first() or create_user("owner@localhost", role="owner")
    file.touch(mode=0o600)
    file.write_text(sign_in_path(owner))
