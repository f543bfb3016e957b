"""Working changes into the base: only the files that are concerned, read and written row group by row group."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from karibu.events import lake
from karibu.segments import columns as named
from karibu.segments.mirror import build, files, layers
from karibu.segments.mirror.build import Writing
from karibu.segments.mirror.files import Base, Files


def worked_in(old: Files) -> Files:
    """The same customers without layers."""
    changes = layers.newest(old.layers, list(named.columns())).sort_by("id")
    return Files(base=tuple(_rebased(old.base, changes)))


def _rebased(base: tuple[Base, ...], changes: pa.Table) -> Iterator[Base]:
    last = base[-1].last if base else 0
    grows = bool(base) and base[-1].rows < build.FILE
    for file in base:
        until = _greatest(changes, last) if grows and file is base[-1] else file.last
        within = between(changes, file.first, until)
        yield rewritten(file, within, until) if len(within) else file
    if not grows and len(beyond := between(changes, last, _greatest(changes, last))):
        yield from _begun(beyond, last)


def rewritten(file: Base, changes: pa.Table, last: int) -> Base:
    """`file` with the changes of some of its customers, and with those up to the id `last` who come after them."""
    with Writing.begin(file.first, files.all_columns()) as new:
        done = file.first
        for group in _groups(file):
            upto = pc.max(group["id"]).as_py()
            new.file.write(_changed(group, between(changes, done, upto)))
            done = upto
        new.file.write(layers.listed(between(changes, done, last)))
        family = pq.read_table(file.family, filesystem=lake.filesystem())
        kept = family.filter(pc.invert(pc.is_in(family["id"], changes["id"])))
        new.family.write(pa.concat_tables([kept, layers.merged(changes)]).sort_by("id"))
        return new.close(last)


def between(changes: pa.Table, first: int, last: int) -> pa.Table:
    """Those with first < id ≤ last."""
    return changes.filter(pc.and_(pc.greater(changes["id"], first), pc.less_equal(changes["id"], last)))


def _begun(changes: pa.Table, first: int) -> Iterator[Base]:
    """New files for customers who come after all others."""
    for start in range(0, len(changes), build.FILE):
        part = changes.slice(start, build.FILE)
        last = pc.max(part["id"]).as_py()
        with Writing.begin(first, files.all_columns()) as new:
            new.file.write(layers.listed(part))
            new.family.write(layers.merged(part))
            yield new.close(last)
        first = last


def _groups(file: Base) -> Iterator[pa.Table]:
    opened = files.opened(file.path)
    columns = list(named.columns())
    for number in range(opened.num_row_groups):
        yield files.conform(opened.read_row_group(number), columns)


def _changed(group: pa.Table, changes: pa.Table) -> pa.Table:
    if not len(changes):
        return group
    kept = group.filter(pc.invert(pc.is_in(group["id"], changes["id"])))
    return pa.concat_tables([kept, files.conform(layers.listed(changes), group.column_names)]).sort_by("id")


def _greatest(changes: pa.Table, last: int) -> int:
    return max(last, pc.max(changes["id"]).as_py() or 0)
