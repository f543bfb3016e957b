"""From an inbox row to the events the pipeline works on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from karibu.collect import times, wire
from karibu.collect.models import Source
from karibu.collect.wire import Kept, text
from karibu.events.commerce import promote
from karibu.events.event import PAGE_VIEWED, SCREEN_VIEWED, Event

NAMES = {
    "page": PAGE_VIEWED,
    "screen": SCREEN_VIEWED,
    "identify": "Identified",
    "group": "Grouped",
    "alias": "Aliased",
}
CHANNELS = {"web": "web", "browser": "web", "mobile": "app", "app": "app", "server": "server", "email": "email"}

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_object = msgspec.json.Decoder(dict[str, Any] | None).decode


@dataclass(frozen=True)
class Row:
    """What the events of one inbox row have in common."""

    id: int
    lane: int
    source_id: int
    received_at: datetime
    skew: timedelta
    historical: bool
    import_id: int


@dataclass(frozen=True)
class Sent:
    """One event as it lies in the inbox: the `place`-th of its row."""

    row: Row
    place: int
    raw: bytes


def sent_in(row: Row, body: bytes) -> list[Sent]:
    return [Sent(row, place, bytes(raw)) for place, raw in enumerate(_split(body))]


def event_of(sent: Sent) -> Event:
    """Decodes afresh at each call, so that a second try never sees what a first one wrote on the event.

    Raises Refused; what the door let in is refused here only if it can no longer be read.
    """
    read, row = wire.reread(sent.raw), sent.row
    skew = row.skew or times.skew(read.sent_at, row.received_at)
    source, context, properties, named = _source(row.source_id), _object(read.context) or {}, _object(read.properties) or {}, _named(read)
    event = Event(
        # Without an id of its own an event is named by its place in the inbox, which no second try changes.
        message_id=text(read.message_id) or f"inbox-{row.id}-{sent.place}",
        type=read.type,
        name=NAMES.get(read.type) or text(read.event),
        time=wire.happened(read, row.received_at, timedelta() if row.historical else skew, historical=row.historical),
        received_at=row.received_at,
        source_id=row.source_id,
        source=source.name,
        channel=CHANNELS.get(read.channel, source.kind) if isinstance(read.channel, str) else source.kind,
        historical=row.historical,
        import_id=row.import_id,
        anonymous_id=text(read.anonymous_id),
        user_id=text(read.user_id),
        previous_id=text(read.previous_id),
        group_id=text(read.group_id),
        properties={**named, **properties} if named else properties,
        traits=_traits(read, context),
        context=context,
        properties_text=b"" if named or not properties else bytes(read.properties),
        context_text=bytes(read.context) if context else b"",
    )
    promote(event)
    return event


def _named(read: Kept) -> dict[str, str]:
    """A page's or screen's own name and category, which stand beside its properties on the wire."""
    if read.type not in ("page", "screen") or not (read.name or read.category):
        return {}
    said = {"name": text(read.name), "category": text(read.category)}
    return {field: value for field, value in said.items() if value}


def _traits(read: Kept, context: dict[str, Any]) -> dict[str, Any]:
    """Some SDKs put an identify's traits into its context."""
    if read.traits is None and read.type in ("identify", "group"):
        inside = context.get("traits")
        return inside if isinstance(inside, dict) else {}
    return read.traits or {}


_sources: dict[int, Source] = {}


def _source(source_id: int) -> Source:
    if source_id not in _sources:
        _sources.update(Source.objects.in_bulk())
    return _sources.get(source_id) or Source(id=source_id, name=f"source {source_id}", kind="web")
