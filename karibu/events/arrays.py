"""Lists as parameters of bulk statements, and rows for COPY, in PostgreSQL's binary form: a fifth of the time of
psycopg's own dumper.

The format is that of array_send (src/backend/utils/adt/arrayfuncs.c): a head, then each element's length and bytes.
"""

from __future__ import annotations

import struct
import sys
from array import array
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.adapt import Dumper, PyFormat
from psycopg.postgres import types
from psycopg.pq import Format
from psycopg.types.array import ListBinaryDumper

if TYPE_CHECKING:
    import pyarrow as pa

_TEXT, _MOMENT = types["text"].oid, types["timestamptz"].oid
_WHOLE = {types["int2"].oid: "h", types["int4"].oid: "i", types["int8"].oid: "q"}  # as struct and array name them
_INT8 = 2**62  # any number that only an int8 holds
_ALIKE = (str, datetime)  # of which a list holds nothing else
_LENGTHS = [struct.pack("!i", length) for length in range(1024)]
_COPY_HEAD, _COPY_END = bytearray(b"PGCOPY\n\xff\r\n\0" + bytes(8)), b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000  # microseconds


def with_bulk_arrays(cursor: psycopg.Cursor[Any]) -> psycopg.Cursor[Any]:
    """The same cursor, whose lists go to the server in binary form. The pipeline's stages want one like this."""
    cursor.adapters.register_dumper(list, BulkListDumper)
    cursor.adapters.register_dumper(Uuids, UuidsDumper)
    cursor.adapters.register_dumper(Numbers, NumbersDumper)
    return cursor


def packed_rows(*columns: pa.Array) -> bytearray:
    """Rows of int8, none of them NULL, as COPY reads them with FORMAT binary.

    Byte by byte of a whole column at once, the highest first: no row becomes a Python object.
    """
    width, size = struct.calcsize("!iq"), struct.calcsize("!h")
    row = struct.pack("!h", len(columns)) + struct.pack("!iq", 8, 0) * len(columns)
    rows = bytearray(row * len(columns[0]))
    for place, column in enumerate(columns):
        values = column.buffers()[1].slice(column.offset * 8, len(column) * 8).to_pybytes()  # lowest byte first
        for n in range(8):
            rows[size + place * width + 4 + n :: len(row)] = values[7 - n :: 8]
    return _COPY_HEAD + rows + _COPY_END


class BulkListDumper(ListBinaryDumper):
    """Flat lists of texts, whole numbers and times are packed at once; all others as psycopg does it."""

    def _find_list_element(self, L: list[Any], format: PyFormat) -> Any:
        """What stands for all of the list, looked for three times a list: psycopg goes through all of it each time.

        Whole numbers are always sent as int8. Sent as the least type that holds them, as psycopg does it, they would
        have the server plan the same statement once for each size.
        """
        first = next((item for item in L if item is not None), None)
        if type(first) is int:
            return _INT8
        return first if type(first) in _ALIKE else super()._find_list_element(L, format)

    def _dump_list(self, L: list[Any], dim: int, dims: list[int], data: list[Any]) -> int:
        oid = self.sub_dumper.oid if self.sub_dumper else 0
        if dim < len(dims) - 1 or None in L:
            return super()._dump_list(L, dim, dims, data)
        if oid == _TEXT:
            _pack_texts(L, data)
        elif oid in _WHOLE:
            data.append(_packed(L, _WHOLE[oid]))
        elif oid == _MOMENT:
            data.append(_packed([_microseconds(moment - _EPOCH) for moment in L], "q"))
        else:
            return super()._dump_list(L, dim, dims, data)
        return 0


class Uuids(list[bytes]):
    """UUIDs of 16 bytes each; as an argument, an array of them."""


class UuidsDumper(Dumper):
    """A thousand of them would take longer as text to write, and to read, than to look up."""

    format = Format.BINARY
    oid = types["uuid"].array_oid

    def dump(self, obj: Uuids) -> bytes:
        dimensions, nulls, first = 1, 0, 1  # an array without elements may not be given
        head = struct.pack("!iiIii", dimensions, nulls, types["uuid"].oid, len(obj), first)
        return head + b"".join([_LENGTHS[16] + uuid for uuid in obj])


class Numbers(list[int]):
    """As an argument, an array of int8 however small its numbers are: a statement that is said again has one plan."""


class NumbersDumper(Dumper):
    """Psycopg's own looks for the type that fits them all, which takes longer than packing a few."""

    format = Format.BINARY
    oid = types["int8"].array_oid

    def dump(self, obj: Numbers) -> bytes:
        dimensions, nulls, first = (1 if obj else 0), 0, 1
        head = struct.pack("!iiI", dimensions, nulls, types["int8"].oid)
        return head + struct.pack("!ii", len(obj), first) + _packed(obj, "q") if obj else head


def _pack_texts(texts: list[str], data: list[Any]) -> None:
    encoded = [text.encode() for text in texts]
    pieces: list[bytes] = [b""] * (2 * len(texts))
    pieces[1::2] = encoded
    pieces[::2] = [_LENGTHS[len(e)] if len(e) < 1024 else struct.pack("!i", len(e)) for e in encoded]
    data += pieces


def _packed(numbers: list[int], kind: str) -> bytearray:
    """Byte by byte of all numbers at once, as in packed_rows."""
    values = array(kind, numbers)
    if sys.byteorder == "little":
        values.byteswap()
    size, written = values.itemsize, values.tobytes()
    elements = bytearray(_LENGTHS[size] + bytes(size)) * len(numbers)
    for n in range(size):
        elements[4 + n :: 4 + size] = written[n::size]
    return elements


def _microseconds(span: timedelta) -> int:
    return span.days * _DAY + span.seconds * 1_000_000 + span.microseconds
