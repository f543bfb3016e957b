"""From an inbox row to the events the pipeline works on."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import NamedTuple

import msgspec

from karibu.collect import times, wire
from karibu.collect.bundle import EPOCH
from karibu.collect.models import Source
from karibu.collect.packing import Stamp, opened
from karibu.collect.wire import Kept, Plain, text
from karibu.events.commerce import promote
from karibu.events.event import PAGE_VIEWED, SCREEN_VIEWED, Event, as_json, read_json

NAMES = {
    "page": PAGE_VIEWED,
    "screen": SCREEN_VIEWED,
    "identify": "Identified",
    "group": "Grouped",
    "alias": "Aliased",
}
CHANNELS = {"web": "web", "browser": "web", "mobile": "app", "app": "app", "server": "server", "email": "email"}

NOTHING = (b"null", b"{}")


class Row(NamedTuple):
    """What the events of one inbox row have in common, those of one request at least."""

    id: int
    lane: int
    source_id: int
    received_at: datetime
    skew: timedelta
    historical: bool
    import_id: int


class Sent(NamedTuple):
    """One event as it lies in the inbox: the `place`-th of its row."""

    row: Row
    place: int
    raw: msgspec.Raw


def sent_in(row: Row, body: bytes | memoryview) -> list[Sent]:
    stamps, raws = opened(body)
    rows: Iterable[Row] = repeat(row, len(raws))
    if stamps:
        rows = chain.from_iterable(repeat(_stamped(row, stamp), stamp.events) for stamp in stamps)
    return list(map(Sent._make, zip(rows, range(len(raws)), raws, strict=True)))


def _stamped(row: Row, stamp: Stamp) -> Row:
    received_at = EPOCH + timedelta(microseconds=stamp.received_us)
    skew = timedelta(microseconds=stamp.skew_us)
    return Row(row.id, row.lane, stamp.source_id, received_at, skew, row.historical, row.import_id)


def event_of(sent: Sent) -> Event:
    """Decodes afresh at each call, so that a second try never sees what a first one wrote on the event.

    Raises Refused; what the door let in is refused here only if it can no longer be read.
    """
    read, row = wire.reread(sent.raw), sent.row
    skew = row.skew or times.skew(read.sent_at, row.received_at)
    source, context = _source(row.source_id), bytes(read.context)
    event = Event(
        # By place: by name it takes four times as long.
        # Without an id of its own an event is named by its place in the inbox, which no second try changes.
        text(read.message_id) or f"inbox-{row.id}-{sent.place}",  # message_id
        read.type,
        NAMES.get(read.type) or text(read.event),  # name
        wire.happened(read, row.received_at, timedelta() if row.historical else skew, historical=row.historical),
        row.received_at,
        row.source_id,
        source.name,
        CHANNELS.get(read.channel, source.kind) if isinstance(read.channel, str) else source.kind,  # channel
        row.historical,
        row.import_id,
        text(read.anonymous_id),
        text(read.user_id),
        text(read.previous_id),
        text(read.group_id),
        read.traits or {},
        _properties(read),  # properties_json
        b"" if context in NOTHING else context,  # context_json
    )
    if read.traits is None and read.type in ("identify", "group"):
        inside = event.context.get("traits")  # where some SDKs put them
        event.traits = inside if isinstance(inside, dict) else {}
    promote(event)
    return event


def _properties(read: Kept | Plain) -> bytes:
    """A page's or screen's own name and category stand beside its properties on the wire."""
    properties = bytes(read.properties)
    if (read.name or read.category) and read.type in ("page", "screen"):
        named = {"name": text(read.name), "category": text(read.category)}
        said = {field: value for field, value in named.items() if value}
        return as_json({**said, **read_json(properties)})
    return b"" if properties in NOTHING else properties


_sources: dict[int, Source] = {}


def _source(source_id: int) -> Source:
    if source_id not in _sources:
        _sources.update(Source.objects.in_bulk())
    return _sources.get(source_id) or Source(id=source_id, name=f"source {source_id}", kind="web")
