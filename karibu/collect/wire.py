"""One event as SDKs send it: decoded, checked, or refused with the field and the reason.

The Segment spec (https://segment.com/docs/connections/spec/common/) says what an event is; what clients really send
is wider (numbers as ids, NaN, half a surrogate pair), and what can be understood is taken. The bytes are kept as
they came, unless they are no JSON or hold what PostgreSQL's text cannot: then a repaired copy is kept.
"""

import json
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec

from karibu.collect.times import Stamp, happened_at
from karibu.web.reading import cleaned

EVENT_LIMIT = 32 * 1024  # bytes
NAME_LIMIT = 200  # characters
ID_LIMIT = 300  # characters
DEPTH_LIMIT = 50  # levels of objects and arrays
IDS = ("userId", "anonymousId", "previousId", "groupId", "messageId")
TYPES = ("track", "identify", "page", "screen", "group", "alias")
USUAL_TYPES = ("track", "page", "screen", "identify")  # of which nothing needs to be there but who it was

Id = str | int | float | None
Object = dict[str, Any] | None


class _Fields(msgspec.Struct, kw_only=True, rename="camel"):
    """The fields that are understood, as sent; the rest of an event is left where it is."""

    type: str = ""
    message_id: Id = None
    event: Id = None
    name: Id = None
    category: Id = None
    user_id: Id = None
    anonymous_id: Id = None
    previous_id: Id = None
    group_id: Id = None
    timestamp: Stamp = None
    original_timestamp: Stamp = None
    sent_at: Any = None
    channel: Any = None
    write_key: Any = None
    traits: Object = None
    properties: Any = None
    context: Any = None

    @property
    def stamp(self) -> Stamp:
        return self.original_timestamp if self.timestamp in (None, "") else self.timestamp


class Wire(_Fields, kw_only=True, rename="camel"):
    """An event at the door: read wholly, because a fault in any corner of it is told to its sender."""

    properties: Object = None
    context: Object = None


ShortId = Annotated[str, msgspec.Meta(max_length=ID_LIMIT)] | None


class Usual(msgspec.Struct, kw_only=True, rename="camel"):
    """An event as nearly all are: no check is left to do that decoding it does not do (see `usual`)."""

    type: Literal["track", "page", "screen", "identify"] | None = None
    event: Annotated[str, msgspec.Meta(max_length=NAME_LIMIT)] | None = None
    name: str | None = None
    category: str | None = None
    message_id: ShortId = None
    user_id: ShortId = None
    anonymous_id: ShortId = None
    previous_id: ShortId = None
    group_id: ShortId = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    properties: Object = None
    traits: Object = None
    context: Object = None
    # Of an event that came alone, which is its own envelope:
    write_key: Any = None
    sent_at: Any = None


class Kept(_Fields, kw_only=True, rename="camel"):
    """The same event later: what the log keeps as text is left as it was sent."""

    properties: msgspec.Raw = msgspec.Raw(b"null")
    context: msgspec.Raw = msgspec.Raw(b"null")


class Plain(msgspec.Struct, kw_only=True, rename="camel", gc=False):
    """The same of an event as nearly all are, whose fields need no second look; times are read while decoding."""

    type: Literal["track", "identify", "page", "screen", "group", "alias"]
    message_id: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    previous_id: str | None = None
    group_id: str | None = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    sent_at: Any = None
    channel: Any = None
    traits: Object = None
    properties: msgspec.Raw = msgspec.Raw(b"null")
    context: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def stamp(self) -> datetime | None:
        return self.timestamp or self.original_timestamp


class Refused(Exception):
    """An event that cannot be taken: which field is wrong ("" = the event as a whole), and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field, self.reason = field[:200], reason


_decode = msgspec.json.Decoder(Wire).decode
_decode_usual = msgspec.json.Decoder(Usual).decode
_decode_kept = msgspec.json.Decoder(Kept).decode
_decode_plain = msgspec.json.Decoder(Plain).decode
_PATH = re.compile(r" - at `\$\.?(.*?)(\[\.\.\.\])?`$")


def read(raw: bytes, kind: str = "") -> tuple[Wire, bytes]:
    """The event in `raw` and the bytes to keep of it. `kind` is the type that the address named, if it did.

    Raises Refused.
    """
    if len(raw) > EVENT_LIMIT:
        raise Refused("", f"the event is {len(raw):,} bytes long; at most {EVENT_LIMIT:,} are taken")
    wire, raw = _decoded(raw)
    if kind and wire.type != kind:
        wire.type = kind
        raw = typed(raw, kind)
    return wire, raw


def typed(raw: bytes, kind: str) -> bytes:
    """The event with its type, which the address named and it did not."""
    return raw.rstrip()[:-1] + (b"" if raw.strip(b"{} \t\r\n") == b"" else b",") + b'"type":"%b"}' % kind.encode()


def usual(raw: bytes, kind: str = "") -> Usual | None:
    """The event in `raw` if it passes for certain, None if `read` and `check` must look at it: they know why not.

    Only for live events: an imported one's time has to be looked at. Its type may be missing where there is a `kind`.
    """
    if len(raw) > EVENT_LIMIT or raw.count(b"{") + raw.count(b"[") > DEPTH_LIMIT:
        return None
    if b"\\" in raw and b"\\u0000" in raw:  # one byte is found much more quickly than six
        return None
    try:
        wire = _decode_usual(raw)
    except (ValueError, RecursionError):
        return None
    kind = kind or wire.type or ""
    if kind not in USUAL_TYPES or (wire.type or kind) != kind:
        return None
    who = wire.user_id or wire.anonymous_id
    is_named = kind != "track" or (wire.event and wire.event.strip())
    return wire if is_named and who and who.strip() else None


def reread(raw: msgspec.Raw) -> Kept | Plain:
    """An event that `read` and `check` let in before, from the bytes that were kept of it."""
    try:
        return _decode_plain(raw)
    except msgspec.ValidationError:
        return _decode_kept(raw)


def check(wire: Wire, received_at: datetime, skew: timedelta, *, historical: bool = False) -> datetime:
    """The time at which `wire` happened. Raises Refused when it is no event of the spec."""
    if wire.type not in TYPES:
        raise Refused("type", f"must be one of {', '.join(TYPES)}" if wire.type else "is missing")
    ids = (wire.user_id, wire.anonymous_id, wire.previous_id, wire.group_id, wire.message_id)
    for place, value in enumerate(ids):
        if value is not None and len(value if value.__class__ is str else text(value)) > ID_LIMIT:
            raise Refused(IDS[place], f"is longer than {ID_LIMIT} characters")
    if not (text(wire.user_id) or text(wire.anonymous_id)):
        raise Refused("userId", "userId or anonymousId must say who it was")
    _check_kind(wire)
    return happened(wire, received_at, skew, historical=historical)


def happened(wire: _Fields | Plain, received_at: datetime, skew: timedelta, *, historical: bool = False) -> datetime:
    """The time at which `wire` happened. Raises Refused when what it says is no time."""
    try:
        return happened_at(wire.stamp, received_at, skew, historical=historical)
    except ValueError as error:
        raise Refused("timestamp" if wire.timestamp not in (None, "") else "originalTimestamp", str(error)) from None


def _check_kind(wire: Wire) -> None:
    if wire.type == "track":
        name = text(wire.event)
        if not name or len(name) > NAME_LIMIT:
            raise Refused("event", f"is longer than {NAME_LIMIT} characters" if name else "the event's name is missing")
    elif wire.type == "alias" and not text(wire.previous_id):
        raise Refused("previousId", "is missing")
    elif wire.type == "group" and not text(wire.group_id):
        raise Refused("groupId", "is missing")


def text(value: Id) -> str:
    """An id or a name as text: "" for none, 12 and 12.0 alike as "12"."""
    if value.__class__ is str:
        return value.strip()
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _decoded(raw: bytes) -> tuple[Wire, bytes]:
    try:
        if b"\\u0000" in raw:
            raw = repaired(raw)
        try:
            wire = _decode(raw)
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError):
            raw = repaired(raw)
            wire = _decode(raw)
    except msgspec.ValidationError as error:
        raise _refusal(error) from None
    except RecursionError:
        raise Refused("", f"is nested more than {DEPTH_LIMIT} levels deep") from None
    except ValueError as error:
        raise Refused("", f"is not JSON: {str(error)[:120]}") from None
    if raw.count(b"{") + raw.count(b"[") > DEPTH_LIMIT:
        _check_depth(wire)
    return wire, raw


def _refusal(error: msgspec.ValidationError) -> Refused:
    said = str(error)
    found = _PATH.search(said)
    return Refused(found[1] if found else "", _PATH.sub("", said))


def _check_depth(wire: Wire) -> None:
    level: list[Any] = [wire.properties, wire.traits, wire.context]
    for _ in range(DEPTH_LIMIT):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise Refused("", f"is nested more than {DEPTH_LIMIT} levels deep")


def _children(value: Any) -> list[Any]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in inside if isinstance(child, dict | list)]


def repaired(raw: bytes) -> bytes:
    """The same event as strict JSON: NaN becomes null, NUL characters go, half a surrogate pair becomes U+FFFD.

    Raises ValueError (RecursionError for one nested too deeply) when it is not even nearly JSON.
    """
    return msgspec.json.encode(cleaned(json.loads(raw.decode("utf-8", "replace"), strict=False)))
