"""Bringing an existing lake up to today's schema.STEPS. `karibu lake migrate` does it; the server only checks."""

from deltalake import Field
from django.db import transaction

from karibu.events import flush, lake, schema
from karibu.events.models import Lake


def pending() -> list[schema.Step]:
    """Steps that the lake's table has not had; none where there is no table yet (it is made with all of them)."""
    reached = Lake.objects.values_list("step", flat=True).first() or 0
    return [step for step in schema.STEPS if 0 < reached < step.number]


def migrate() -> list[schema.Step]:
    """Applies what is pending, a step at a time, and returns it. After a crash it goes on where it was."""
    done = []
    with lake.lock(lake.REWRITE), lake.lock(lake.WRITE):
        flush.finish_interrupted()
        for step in pending():
            _apply(step)
            done.append(step)
    return done


def _apply(step: schema.Step) -> None:
    table = lake.opened()
    have = {field.name for field in table.schema().fields}
    wanted = schema.schema(step.number)
    missing = [Field.from_arrow(field) for field in wanted if field.name not in have]
    if missing:
        table.alter.add_columns(missing)
        table.update_incremental()
    with transaction.atomic():
        lake.confirm(table.version())
        Lake.objects.update(step=step.number)
