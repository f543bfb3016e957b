"""Taking a person out of the mirror's files, and the files that held them off the disk."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db import transaction

from karibu.events import lake
from karibu.segments import columns as named
from karibu.segments.mirror import compact, files, keep, layers
from karibu.segments.mirror.files import Base, Files


def take_out(ids: Collection[int]) -> int:
    """Leaves nothing of these customers but their numbers; returns how many files were written anew for that.

    In a transaction; the files that held them are deleted when it commits. Who reads meanwhile reads the new ones.
    Where the files cannot be read none of them stays: the worker writes them all anew.
    """
    with lake.lock(files.LOCK):
        old = keep.known()
        try:
            new = without(old, ids)
        except lake.TROUBLES:
            new = Files()
            keep.forget()
        else:
            if new != old:
                keep.name(new)
    transaction.on_commit(_sweep)
    return len(old.paths - new.paths)


def without(old: Files, ids: Collection[int]) -> Files:
    """The same files, those anew in which one of these is."""
    gone = pa.array(sorted(ids), pa.int64())
    base = [_without(file, gone) if _has(file.path, gone) or _has(file.family, gone) else file for file in old.base]
    is_changed = any(_has(file.path, gone) for file in old.layers)
    return Files(tuple(base), (layers.together(old.layers, blank=gone),) if is_changed else old.layers)


def _has(path: str, gone: pa.Array) -> bool:
    ids = pq.read_table(path, columns=["id"], filesystem=lake.filesystem())["id"]
    return bool(pc.any(pc.is_in(ids, gone)).as_py())


def _without(file: Base, gone: pa.Array) -> Base:
    columns = [*named.columns(), "person"]
    within = compact.between(gone, file.first, file.last)
    return compact.rewritten(file, within, file.last, read=lambda ids: layers.nobody(ids, columns))


def _sweep() -> None:
    """No file that held them stays, not even one that a writer who died left behind."""
    with lake.lock(files.LOCK):
        files.sweep(keep.known().paths, grace=0)
