"""Working changes into the base: only the files that are concerned, read and written row group by row group.

Of the layers only their ids are read: what changed of these customers is asked of PostgreSQL once more.
"""

from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from karibu.events import lake
from karibu.segments.mirror import build, files, layers
from karibu.segments.mirror.build import Writing
from karibu.segments.mirror.files import Base, Files

Read = Callable[[list[int]], pa.Table]  # of some ids what layers.rows_of() gives


def worked_in(old: Files) -> Files:
    """The same customers without layers."""
    changed = layers.ids(old.layers)
    return Files(base=tuple(_rebased(old.base, changed)))


def _rebased(base: tuple[Base, ...], changed: pa.Array) -> Iterator[Base]:
    last = base[-1].last if base else 0
    end = max(last, changed[-1].as_py())
    grows = bool(base) and base[-1].rows < build.file_rows()
    for file in base:
        until = end if grows and file is base[-1] else file.last
        within = between(changed, file.first, until)
        yield rewritten(file, within, until) if len(within) else file
    beyond = between(changed, last, end)
    room = build.file_rows()
    for start in range(0, 0 if grows else len(beyond), room):
        yield _begun(beyond.slice(start, room))


def rewritten(file: Base, changed: pa.Array, last: int, read: Read | None = None) -> Base:
    """`file` with these customers as `read` gives them (as they are now), also those up to the id `last` after it."""
    with Writing.begin(file.first, files.all_columns()) as new:
        family = pq.read_table(file.family, filesystem=lake.filesystem())
        new.merged(family.filter(pc.invert(pc.is_in(family["id"], changed))))
        done = file.first
        for group in files.groups(file.path, new.file.columns.names):
            upto = pc.max(group["id"]).as_py()
            changes = (read or layers.rows_of)(between(changed, done, upto).to_pylist())
            new.listed(group.filter(pc.invert(pc.is_in(group["id"], changes["id"]))), layers.listed(changes))
            new.merged(layers.merged(changes))
            done = upto
        _add(new, between(changed, done, last), read or layers.rows_of)
        return new.close(last)


def between(ids: pa.Array, first: int, last: int) -> pa.Array:
    """Those with first < id ≤ last."""
    return ids.filter(pc.and_(pc.greater(ids, first), pc.less_equal(ids, last)))


def _begun(ids: pa.Array) -> Base:
    """A new file for customers who come after all others."""
    with Writing.begin(ids[0].as_py() - 1, files.all_columns()) as new:
        _add(new, ids, layers.rows_of)
        return new.close(ids[-1].as_py())


def _add(new: Writing, ids: pa.Array, read: Read) -> None:
    for start in range(0, len(ids), build.group_rows()):
        changes = read(ids.slice(start, build.group_rows()).to_pylist())
        new.listed(layers.listed(changes))
        new.merged(layers.merged(changes))
