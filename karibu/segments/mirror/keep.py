"""Keeping the mirror: the worker's loop, which writes what changed, and everything anew where there is need to."""

import logging
from collections.abc import Collection, Sequence

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from django.utils import timezone

from karibu.events import lake
from karibu.segments import columns as named
from karibu.segments.mirror import build, files, rows, source
from karibu.segments.mirror.files import Files, Layer
from karibu.segments.models import Mirror, Stale

log = logging.getLogger("karibu.segments")


def rebuild() -> None:
    """Writes everything anew, in memory that does not grow with the number of customers. Waits for who is writing."""
    with lake.lock(files.LOCK):
        _rebuild()


def _rebuild() -> None:
    # Whoever changed up to now is read as changed; whoever changes while we read leaves a new row there.
    before = list(Stale.objects.values_list("id", flat=True))
    shape = named.shape()
    known = Files(base=tuple(build.base()))
    _name(known, before, shape)


def _name(known: Files, stale: Collection[int], shape: str) -> None:
    """From now on these files count, and what these rows of Stale said is in them."""
    with transaction.atomic():
        said = {"files": msgspec.to_builtins(known), "shape": shape, "written_at": timezone.now()}
        Mirror.objects.update_or_create(id=1, defaults=said)
        Stale.objects.filter(id__in=list(stale)).delete()


def catch_up() -> None:
    """Until little is left that is not in the files. Waits for who is writing."""
    rebuild()


def mend() -> bool:
    rebuild()
    return True


def rows_of(ids: Sequence[int], columns: Sequence[str]) -> pa.Table:
    """`columns` and `person` of these customers as they are in PostgreSQL now, a row for each of them."""
    some = source.Some(ids=ids)
    if not ids:
        return files.conform(pa.table({"id": pa.array([], pa.int64())}), [*columns, "person"])
    table, merged = rows.read(some, columns), source.MERGED.read(some)
    everybody = pa.chunked_array([pa.array(sorted(ids), pa.int64())])
    found = rows.aligned(everybody, table)
    into = rows.aligned(everybody, merged)["person"]
    itself = pc.if_else(pc.is_in(everybody, table["id"]), everybody, pa.scalar(None, pa.int64()))
    return files.conform(
        pa.table({"id": everybody, **found, "person": pc.coalesce(into, itself)}), [*columns, "person"]
    )


def newest(layers: Sequence[Layer], columns: Sequence[str], without: Collection[int] = ()) -> pa.Table:
    """`columns` and `person` of all who are in these layers, each from the last that has them; without some."""
    known = pa.array(without, pa.int64())
    found = [files.conform(pa.table({"id": pa.array([], pa.int64())}), [*columns, "person"])]
    for layer in reversed(layers):
        table = files.read_layer(layer, columns)
        table = table.filter(pc.invert(pc.is_in(table["id"], known)))
        known = pa.concat_arrays([known, *table["id"].chunks])
        found.append(table)
    return pa.concat_tables(found)
