"""From an inbox row to the events the pipeline works on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from karibu.collect import times, wire
from karibu.collect.models import Source
from karibu.collect.wire import Wire, text
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

    Raises Refused; what the door let in is refused here only if the rules have become stricter since.
    """
    read, _ = wire.read(sent.raw)
    row = sent.row
    skew = row.skew or times.skew(read.sent_at, row.received_at)
    time = wire.check(read, row.received_at, timedelta() if row.historical else skew, historical=row.historical)
    source = _source(row.source_id)
    event = Event(
        # Without an id of its own an event is named by its place in the inbox, which no second try changes.
        message_id=text(read.message_id) or f"inbox-{row.id}-{sent.place}",
        type=read.type,
        name=NAMES.get(read.type) or text(read.event),
        time=time,
        received_at=row.received_at.astimezone(UTC),
        source_id=row.source_id,
        source=source.name,
        channel=CHANNELS.get(read.channel, source.kind) if isinstance(read.channel, str) else source.kind,
        historical=row.historical,
        import_id=row.import_id,
        anonymous_id=text(read.anonymous_id),
        user_id=text(read.user_id),
        previous_id=text(read.previous_id),
        group_id=text(read.group_id),
        properties=_properties(read),
        traits=_traits(read),
        context=read.context or {},
    )
    promote(event)
    return event


def _properties(read: Wire) -> dict[str, Any]:
    """A page's or screen's own name and category stand beside its properties on the wire."""
    properties = read.properties or {}
    if read.type in ("page", "screen"):
        for field, value in (("name", text(read.name)), ("category", text(read.category))):
            if value:
                properties.setdefault(field, value)
    return properties


def _traits(read: Wire) -> dict[str, Any]:
    """Some SDKs put an identify's traits into its context."""
    if read.traits is None and read.type in ("identify", "group") and read.context:
        inside = read.context.get("traits")
        return inside if isinstance(inside, dict) else {}
    return read.traits or {}


_sources: dict[int, Source] = {}


def _source(source_id: int) -> Source:
    if source_id not in _sources:
        _sources.update(Source.objects.in_bulk())
    return _sources.get(source_id) or Source(id=source_id, name=f"source {source_id}", kind="web")
