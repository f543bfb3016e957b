"""A later version of Karibu with more columns, on a log from before."""

import click
import pyarrow as pa
import pytest
from click.testing import CliRunner
from deltalake import DeltaTable

from karibu.config.cli import main
from karibu.config.prepare import check_lake
from karibu.events import compact, flush, log, migrate, schema
from karibu.events.models import Lake
from karibu.events.tests.making import append, event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def step_two(monkeypatch):
    """Switches to a schema with one column more."""
    mood = schema.Column("mood", pa.string(), lambda events: ["happy"] * len(events))

    def upgrade() -> None:
        step = schema.Step(schema.latest_step() + 1, "how it felt", (mood,))
        monkeypatch.setattr(schema, "STEPS", [*schema.STEPS, step])

    return upgrade


def moods() -> dict:
    return {row["mood"]: row["n"] for row in log.query("SELECT mood, count(*) AS n FROM events GROUP BY 1").to_pylist()}


def test_the_server_refuses_to_start_and_names_the_command(lake, step_two) -> None:
    append(event())
    flush.flush_everything()
    check_lake()
    step_two()
    with pytest.raises(click.ClickException, match="karibu lake migrate"):
        check_lake()
    result = CliRunner().invoke(main, ["lake", "migrate"])
    assert (result.exit_code, result.output) == (0, "Step 2: how it felt.\nThe event log is up to date.\n")
    check_lake()


def test_old_and_new_events_are_read_together(lake, step_two) -> None:
    append(event())
    flush.flush_everything()
    append(event())
    step_two()
    append(event())
    migrate.migrate()
    assert moods() == {None: 2, "happy": 1}
    flush.flush_everything()
    assert moods() == {None: 2, "happy": 1}
    compact.compact()
    assert moods() == {None: 2, "happy": 1}
    assert DeltaTable(lake).to_pyarrow_table()["mood"].null_count == 2
    assert len(log.history([1])) == 3


def test_a_step_twice_does_nothing_the_second_time(lake, step_two) -> None:
    append(event())
    flush.flush_everything()
    step_two()
    assert [step.number for step in migrate.migrate()] == [2]
    version = DeltaTable(lake).version()
    assert migrate.migrate() == []
    Lake.objects.update(step=1)  # it died before PostgreSQL knew
    migrate.migrate()
    assert DeltaTable(lake).version() == version


def test_a_new_lake_has_every_step(lake, step_two) -> None:
    assert migrate.pending() == []
    step_two()
    append(event())
    flush.flush_everything()
    assert migrate.pending() == [] and moods() == {"happy": 1}
