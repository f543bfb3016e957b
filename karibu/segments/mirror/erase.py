"""Taking a person out of the mirror's files, and the files that held them off the disk."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db import transaction

from karibu.events import lake
from karibu.segments import columns as named
from karibu.segments.mirror import compact, files, keep
from karibu.segments.mirror.files import Base, Files, Layer


def take_out(ids: Collection[int]) -> int:
    """Leaves nothing of these customers but their numbers; returns how many files were written anew for that.

    In a transaction; the files that held them are deleted when it commits. Who reads meanwhile reads the new ones.
    """
    with lake.lock(files.LOCK):
        old = keep.known()
        new = without(old, ids)
        if new != old:
            keep.name(new)
    transaction.on_commit(_sweep)
    return len(old.paths - new.paths)


def without(old: Files, ids: Collection[int]) -> Files:
    """The same files, those anew in which one of these is."""
    gone = pa.array(sorted(ids), pa.int64())
    base = [_without(file, gone) if _holds(file, gone) else file for file in old.base]
    layers = [_layer_without(file, gone) if _has(file.path, gone) else file for file in old.layers]
    return Files(tuple(base), tuple(layers))


def _holds(file: Base, gone: pa.Array) -> bool:
    return any(file.first < id_ <= file.last for id_ in gone.to_pylist()) and (
        _has(file.path, gone) or _has(file.family, gone)
    )


def _has(path: str, gone: pa.Array) -> bool:
    ids = pq.read_table(path, columns=["id"], filesystem=lake.filesystem())["id"]
    return bool(pc.any(pc.is_in(ids, gone)).as_py())


def _without(file: Base, gone: pa.Array) -> Base:
    nobody = files.conform(pa.table({"id": gone}), [*named.columns(), "person"])
    return compact.rewritten(file, compact.between(nobody, file.first, file.last), file.last)


def _layer_without(file: Layer, gone: pa.Array) -> Layer:
    """Their ids stay, with nothing beside them: the base may not speak for them again."""
    table = files.read_layer(file, list(named.columns()))
    kept = table.filter(pc.invert(pc.is_in(table["id"], gone)))
    nobody = files.conform(pa.table({"id": table["id"].filter(pc.is_in(table["id"], gone))}), table.column_names)
    return files.layer(pa.concat_tables([kept, nobody]))


def _sweep() -> None:
    """No file that held them stays, not even one that a writer who died left behind."""
    with lake.lock(files.LOCK):
        files.sweep(keep.known().paths, grace=0)
