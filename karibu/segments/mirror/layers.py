"""Customers who changed since the base was written: as they are in PostgreSQL, and as the layers have them.

Both give `person` beside the columns: who this customer is today, themselves or whom they were merged into; NULL for
who is nobody any more (erased, or made by an import that was undone).
"""

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from karibu.segments import columns as named
from karibu.segments.mirror import files, reading, source
from karibu.segments.mirror.files import Layer

_NOBODY = pa.table({"id": pa.array([], pa.int64())})


def rows_of(ids: Collection[int], columns: Sequence[str] | None = None) -> pa.Table:
    """All columns, or these, and `person` of these customers now: a row for each of them, by id."""
    if not ids:
        return files.conform(_NOBODY, [*(columns or named.columns()), "person"])
    some = source.Some(ids=ids)
    table, merged = reading.read(some, columns), source.MERGED.read(some)
    everybody = pa.chunked_array([pa.array(sorted(ids), pa.int64())])
    itself = pc.if_else(pc.is_in(everybody, table["id"]), everybody, pa.scalar(None, pa.int64()))
    person = pc.coalesce(reading.aligned(everybody, merged)["person"], itself)
    found = {"id": everybody, **reading.aligned(everybody, table), "person": person}
    return files.conform(pa.table(found), [*table.column_names, "person"])


def newest(layers: Sequence[Layer], columns: Sequence[str], without: Collection[int] = ()) -> pa.Table:
    """These columns and `person` of all who are in the layers, each from the last that has them; without some."""
    known = pa.array(without, pa.int64())
    found = [files.conform(_NOBODY, [*columns, "person"])]
    for layer in reversed(layers):
        table = files.read_layer(layer, columns)
        table = table.filter(pc.invert(pc.is_in(table["id"], known)))
        known = pa.concat_arrays([known, *table["id"].chunks])
        found.append(table)
    return pa.concat_tables(found)


def ids(layers: Sequence[Layer]) -> pa.Array:
    """All who are in the layers, in order."""
    found = newest(layers, ["id"])["id"].combine_chunks()
    return found.take(pc.sort_indices(found))


def together(layers: Sequence[Layer], blank: pa.Array | None = None) -> Layer:
    """One layer that says the same, or of those in `blank` only that they are nobody. Reads a row group at a time."""
    columns = [*named.columns(), "person"]
    known = pa.array([], pa.int64())
    with files.new_file("layer", files.conform(_NOBODY, columns).schema) as new:
        for layer in reversed(layers):
            theirs = []
            for group in files.groups(layer.path, columns):
                theirs += group["id"].chunks
                group = group.filter(pc.invert(pc.is_in(group["id"], known)))
                new.write(group if blank is None else _blanked(group, blank))
            known = pa.concat_arrays([known, *theirs])
        return Layer(new.close(), new.rows, files.greatest(columns))


def _blanked(table: pa.Table, blank: pa.Array) -> pa.Table:
    theirs = pc.is_in(table["id"], blank)
    return pa.concat_tables([table.filter(pc.invert(theirs)), nobody(table["id"].filter(theirs), table.column_names)])


def nobody(ids: pa.ChunkedArray | pa.Array, columns: Sequence[str]) -> pa.Table:
    """Rows of these customers that say nothing but that they are nobody."""
    return files.conform(pa.table({"id": ids}), columns)


def listed(changes: pa.Table) -> pa.Table:
    """Those of them who are somebody today, with their columns."""
    is_listed = pc.fill_null(pc.equal(changes["person"], changes["id"]), False)
    return changes.filter(is_listed).drop_columns("person")


def merged(changes: pa.Table) -> pa.Table:
    """Those who are part of another: (id, person)."""
    return changes.filter(pc.fill_null(pc.not_equal(changes["person"], changes["id"]), False)).select(["id", "person"])
