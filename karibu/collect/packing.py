"""The body of an inbox row: events as a JSON array, packed when there is enough of it.

LZ4 takes a fifth of a microsecond an event and leaves an eighth of the bytes. All that comes after is by the byte:
the way to PostgreSQL, its log, its pages and the way back.

A row holds the events of one request or of several. Where there are several, the body begins with a stamp for each:
how many of the events are its, from which source they came, and by which clock. The first byte tells the forms apart:
"[" an array, 1 a packed one, 2 stamps and then either of these.
"""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import pyarrow as pa

_LZ4 = pa.Codec("lz4_raw")
_PACKED, _STAMPED = 1, 2  # JSON begins with "["
_NUMBER = struct.Struct("!I")
_STAMP = struct.Struct("!Iqqq")
SMALL = 600  # bytes that are not worth it

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Stamp(NamedTuple):
    """What one request said of the next `events` events of its row."""

    events: int
    source_id: int
    received_us: int  # microseconds since 1970
    skew_us: int


def packed(events: Sequence[bytes], stamps: Sequence[Stamp] = ()) -> bytes:
    plain = b"[" + b",".join(events) + b"]"
    if len(plain) >= SMALL:
        squeezed: bytes = _LZ4.compress(plain, asbytes=True)
        plain = b"%c%b%b" % (_PACKED, _NUMBER.pack(len(plain)), squeezed)
    if not stamps:
        return plain
    return b"%c%b%b%b" % (_STAMPED, _NUMBER.pack(len(stamps)), b"".join(_STAMP.pack(*one) for one in stamps), plain)


def opened(body: bytes | memoryview) -> tuple[list[Stamp], list[msgspec.Raw]]:
    """The stamps (none: all that stands beside the body in its row holds for all its events) and the events."""
    body = bytes(body)
    stamps: list[Stamp] = []
    if body[0] == _STAMPED:
        [number] = _NUMBER.unpack_from(body, 1)
        end = 1 + _NUMBER.size + number * _STAMP.size
        stamps = list(map(Stamp._make, _STAMP.iter_unpack(body[1 + _NUMBER.size : end])))
        body = body[end:]
    return stamps, _split(_unpacked(body))


def _unpacked(body: bytes) -> bytes:
    if body[0] != _PACKED:
        return body
    [length] = _NUMBER.unpack_from(body, 1)
    plain: bytes = _LZ4.decompress(body[1 + _NUMBER.size :], decompressed_size=length, asbytes=True)
    return plain


def thinned(body: bytes | memoryview, goes: Callable[[bytes], bool]) -> tuple[bytes, int]:
    """The body without the events that go, and how many are left: each with the stamp it had."""
    stamps, events = opened(body)
    stays = [not goes(bytes(event)) for event in events]
    if all(stays):
        return bytes(body), len(events)
    kept = [bytes(event) for event, is_kept in zip(events, stays, strict=True) if is_kept]
    fewer, at = [], 0
    for stamp in stamps:
        fewer.append(stamp._replace(events=sum(stays[at : at + stamp.events])))
        at += stamp.events
    return packed(kept, [stamp for stamp in fewer if stamp.events]), len(kept)
