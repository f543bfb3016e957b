"""One step of an import: units take effect through the pipeline's stages, the bad ones are set aside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from karibu.events.arrays import with_bulk_arrays
from karibu.events.batch import BadEvent, Batch
from karibu.events.event import Event
from karibu.imports.cells import BadCell
from karibu.imports.models import Import, RejectedRow
from karibu.imports.naming import name_erased
from karibu.imports.products import take_products
from karibu.imports.staging import ERASED
from karibu.imports.turn import RowFault, Turning, Unit

NOBODY = "nobody can be named by the id, e-mail address or phone number given"
BAD_ONES = 8  # events that stages may name as bad before the units are halved


@dataclass
class Done:
    """What became of some units."""

    taken: int = 0
    refused: int = 0  # erased people, messages seen before
    aside: list[RejectedRow] = field(default_factory=list)
    broken: int = 0  # units that fell over something nobody thought of


class NothingWorks(RuntimeError):
    """Every unit of a step fell over the same thing: that is no row's fault, and nothing of the step is kept."""


def take(imported: Import, turning: Turning, units: Sequence[Unit]) -> Done:
    """Call it in the transaction that also moves the import's position."""
    done = Done()
    pairs = []
    for unit in units:
        if unit.lines[0].fault == ERASED:
            done.refused += 1
            continue
        try:
            pairs.append((unit, turning.event(unit)))
        except BadCell as bad:
            _set_aside(imported, done, unit, bad.field, bad.reason)
        except RowFault as bad:
            _set_aside(imported, done, unit, bad.field, bad.reason, bad.line.number)
    if imported.kind == Import.Kind.PRODUCTS:
        take_products(_cursor(), imported, [event for _, event in pairs])
        done.taken += len(pairs)
    elif pairs:
        several = len(pairs) > 1
        _through_stages(imported, turning, pairs, done)
        if several and done.broken == len(units):
            raise NothingWorks(f"Not one row could be taken: {done.aside[-1].reason}")
    _set_aside_nobody_erased(done)
    return done


def _set_aside_nobody_erased(done: Done) -> None:
    """What is wrong with a row does not bring back whom it names."""
    erased = name_erased([str(cell) for cell in row.row.values()] for row in done.aside)
    done.refused += sum(erased)
    done.aside = [row for row, is_erased in zip(done.aside, erased, strict=True) if not is_erased]
    RejectedRow.objects.bulk_create(done.aside)


def _through_stages(
    imported: Import, turning: Turning, pairs: list[tuple[Unit, Event]], done: Done, bad_ones: int = 0
) -> None:
    try:
        left = _run([event for _, event in pairs])
    except BadEvent as bad:
        place = next((n for n, (_, event) in enumerate(pairs) if event is bad.event), None)
        if place is None or bad_ones >= BAD_ONES:
            return _halve(imported, turning, pairs, done, bad)
        unit, _ = pairs.pop(place)
        _set_aside(imported, done, unit, "", bad.reason)
        if pairs:
            _through_stages(imported, turning, _again(turning, pairs), done, bad_ones + 1)
    except psycopg.OperationalError:
        raise  # the database's trouble is no row's fault: all of it is tried again
    except Exception as error:
        _halve(imported, turning, pairs, done, error)
    else:
        done.taken += left
        done.refused += len(pairs) - left


def _halve(imported: Import, turning: Turning, pairs: list[tuple[Unit, Event]], done: Done, error: Exception) -> None:
    if len(pairs) == 1:
        done.broken += not isinstance(error, BadEvent)
        return _set_aside(imported, done, pairs[0][0], "", f"{type(error).__name__}: {error}"[:500])
    middle = len(pairs) // 2
    for half in (pairs[:middle], pairs[middle:]):
        _through_stages(imported, turning, _again(turning, half), done)


def _again(turning: Turning, pairs: list[tuple[Unit, Event]]) -> list[tuple[Unit, Event]]:
    """Fresh events: stages have written into the ones they saw."""
    return [(unit, turning.event(unit)) for unit, _ in pairs]


def _run(events: list[Event]) -> int:
    with transaction.atomic():
        batch = Batch(events=list(events), now=timezone.now(), cursor=_cursor())
        for stage in import_string(settings.KARIBU_PIPELINE):
            stage(batch)
        for event in batch.events:
            if not event.customer_id:
                raise BadEvent(event, NOBODY)
    return len(batch.events)


def _cursor() -> psycopg.Cursor[Any]:
    connection.ensure_connection()
    return with_bulk_arrays(psycopg.Cursor(connection.connection))


def _set_aside(imported: Import, done: Done, unit: Unit, field_: str, reason: str, guilty: int = 0) -> None:
    """An order is taken whole or not at all: lines beside the guilty one say which it was."""
    for line in unit.lines:
        why = reason if line.number == (guilty or unit.lines[0].number) else f"line {guilty} of this order: {reason}"
        if not guilty and len(unit.lines) > 1:
            why = reason
        done.aside.append(
            RejectedRow(imported=imported, line=line.number, field=field_, reason=why, row={**line.cells, **line.rest})
        )
