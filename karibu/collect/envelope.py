"""The body of a request: unpacked, and split into the events it carries. Decided by the bytes, not by Content-Type."""

import re
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from karibu.collect.times import Stamp
from karibu.collect.wire import Usual, usual

BODY_LIMIT = 500 * 1024  # bytes, unpacked


class TooLarge(Exception):
    """The body is longer than BODY_LIMIT."""


class Unreadable(Exception):
    """The body as a whole is not what the spec says: which field is wrong, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


class Envelope(NamedTuple):
    events: Sequence[bytes]
    write_key: str = ""
    sent_at: Stamp = None
    known: Usual | None = None  # the only event, when it had to be read to find the rest


class _Batch(msgspec.Struct, rename="camel"):
    batch: list[msgspec.Raw]
    write_key: Any = None
    sent_at: Any = None


class _One(msgspec.Struct, rename="camel"):
    write_key: Any = None
    sent_at: Any = None


_batch = msgspec.json.Decoder(_Batch).decode
_one = msgspec.json.Decoder(_One).decode


def unpacked(body: bytes) -> bytes:
    """`body`, or what is inside when it is gzip: never more than the limit is unpacked. Raises TooLarge, Unreadable."""
    if body[:2] == b"\x1f\x8b":
        try:
            body = zlib.decompressobj(wbits=31).decompress(body, BODY_LIMIT + 1)
        except zlib.error:
            raise Unreadable("", "the body begins like gzip and is none") from None
    if len(body) > BODY_LIMIT:
        raise TooLarge
    return body


def batch(body: bytes) -> Envelope:
    """Raises Unreadable. An event that is no JSON is split off all the same: it will be refused alone."""
    try:
        read = _batch(body)
        events: list[bytes] = [bytes(raw) for raw in read.batch]
    except msgspec.ValidationError as error:
        reason = "must be an array of events" if "batch" in str(error) else "the body must be a JSON object"
        raise Unreadable("batch", reason) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        outside, events = split(body)
        read = _outside(outside)
    return Envelope(events, _key(read.write_key), _stamp(read.sent_at))


def single(body: bytes, kind: str) -> Envelope:
    """One event of this kind is its own envelope. Whether it is an event at all is found out later."""
    if known := usual(body, kind):
        return Envelope([body], _key(known.write_key), _stamp(known.sent_at), known)
    try:
        read = _one(body)
    except (ValueError, RecursionError):  # DecodeError and UnicodeDecodeError are ValueErrors
        return Envelope([body])
    return Envelope([body], _key(read.write_key), _stamp(read.sent_at))


def _outside(body: bytes) -> _Batch:
    try:
        return _batch(body)
    except (ValueError, RecursionError):
        raise Unreadable("", "the body is not JSON") from None


def _key(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _stamp(value: Any) -> Stamp:
    return value if isinstance(value, str | int | float) else None


_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{},]', re.DOTALL)
_BATCH = re.compile(rb"\s*:\s*\[")


def split(body: bytes) -> tuple[bytes, list[bytes]]:
    """The body without its events, and the bytes of each event, found by brackets alone.

    The slow way, for bodies that hold something a strict reader refuses (NaN, a bomb of brackets): it needs only
    that brackets and quotes are balanced. Raises Unreadable where no batch is found.
    """
    depth, begin, start, events = 0, 0, 0, []
    for token in _TOKEN.finditer(body):
        mark = token[0][:1]
        if depth == 1 and not begin and token[0] == b'"batch"' and (opening := _BATCH.match(body, token.end())):
            begin = start = opening.end()
        if mark in b"[{":
            depth += 1
        elif mark in b"]}":
            depth -= 1
        if begin and token.start() >= begin and ((depth == 2 and mark == b",") or (depth == 1 and mark == b"]")):
            events.append(body[start : token.start()].strip())
            start = token.end()
            if mark == b"]":
                return body[:begin] + body[token.start() :], [event for event in events if event]
    raise Unreadable("", "the body is not JSON")
