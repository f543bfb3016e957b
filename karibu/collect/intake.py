"""What came in one request is sorted: parcels for the inbox, one for each lane, and what must be set aside."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from karibu.collect.bundle import MICROSECOND, Letter, Parcel
from karibu.collect.ip import shortened_in
from karibu.collect.lanes import lane_of
from karibu.collect.wire import Refused, Usual, Wire, check, read, text, typed, usual

REJECTED = "collect_rejectedevent"
REJECTED_COLUMNS = ("source_id", "received_at", "field", "reason", "body", "skew_us", "historical", "import_id")
REJECTED_TYPES = ("int8", "timestamptz", "varchar", "text", "text", "int8", "bool", "int8")


@dataclass(frozen=True)
class Refusal:
    """The `place`-th event of a request was not taken: `field` is wrong ("": the whole event) for this reason."""

    place: int
    field: str
    reason: str


@dataclass
class Intake:
    """`rejected` are tuples for COPY, in the order of the columns above."""

    parcels: list[Parcel] = field(default_factory=list)
    rejected: list[tuple[object, ...]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    size: int = 0  # bytes that will be written


def sort_in(raws: Sequence[bytes], letter: Letter, kind: str = "", known: Usual | None = None) -> Intake:
    """Checks each event; `kind` is the type that the address named, "" where each event says its own.

    `known`: the only event, where it has been read already.
    """
    intake = Intake()
    lanes: dict[int, list[bytes]] = {}
    for place, raw in enumerate(shortened_in(raws)):
        kept = raw
        try:
            wire: Usual | Wire | None = known or (None if letter.historical else usual(raw, kind))
            if wire is None:
                wire, kept = read(raw, kind)
                check(wire, letter.received_at, letter.skew, historical=letter.historical)
            elif not wire.type:
                kept = typed(raw, kind)
            lanes.setdefault(lane_of(text(wire.user_id), text(wire.anonymous_id)), []).append(kept)
        except Refused as refused:
            intake.refusals.append(Refusal(place, refused.field, refused.reason))
            intake.rejected.append(_rejected(letter, refused, kept))
        intake.size += len(raw)
    intake.parcels = [Parcel(lane, letter, events) for lane, events in lanes.items()]
    return intake


def _rejected(letter: Letter, refused: Refused, raw: bytes) -> tuple[object, ...]:
    body = raw.decode("utf-8", "replace").replace("\x00", "\ufffd")
    field, reason = _plain(refused.field), _plain(refused.reason)
    said = (letter.source_id, letter.received_at, field, reason, body)
    return *said, letter.skew // MICROSECOND, letter.historical, letter.import_id


def body_of(rejected: tuple[object, ...]) -> str:
    """The event in one of `Intake.rejected`."""
    return str(rejected[REJECTED_COLUMNS.index("body")])


def _plain(said: str) -> str:
    return said.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
