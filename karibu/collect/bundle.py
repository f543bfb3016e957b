"""What several requests bring for one lane becomes one inbox row: a row costs as much as the event or two in it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from karibu.collect.packing import Stamp, packed

INBOX = "collect_inboxrow"
INBOX_COLUMNS = ("lane", "source_id", "received_at", "skew_us", "historical", "import_id", "events", "body")
INBOX_TYPES = ("int2", "int8", "timestamptz", "int8", "bool", "int8", "int4", "bytea")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MANY = 100  # events after which a lane begins a new row: a micro-batch of the pipeline takes rows whole
MUCH = 256 * 1024  # bytes after which it does


class Letter(NamedTuple):
    """What the events of one request have in common."""

    source_id: int
    received_at: datetime
    skew: timedelta = timedelta()
    historical: bool = False
    import_id: int = 0


class Parcel(NamedTuple):
    """The events of one request that belong to one lane, in order."""

    lane: int
    letter: Letter
    events: list[bytes]


@dataclass
class _Bundle:
    parcels: list[Parcel]
    events: list[bytes] = field(default_factory=list)
    size: int = 0  # bytes

    def takes(self, letter: Letter) -> bool:
        first = self.parcels[0].letter
        is_alike = first.historical == letter.historical and first.import_id == letter.import_id
        return is_alike and len(self.events) < MANY and self.size < MUCH

    def row(self) -> tuple[object, ...]:
        lane, first, _ = self.parcels[0]
        about = (lane, first.source_id, first.received_at, first.skew // MICROSECOND, first.historical, first.import_id)
        stamps = [_stamp(parcel) for parcel in self.parcels] if len(self.parcels) > 1 else []
        return *about, len(self.events), packed(self.events, stamps)


def rows_of(parcels: Iterable[Parcel]) -> list[tuple[object, ...]]:
    """Tuples for COPY, in the order of INBOX_COLUMNS. Within a lane, what came first stands first."""
    filling: dict[int, _Bundle] = {}  # the last row of each lane
    bundles = []
    for parcel in parcels:
        bundle = filling.get(parcel.lane)
        if bundle is None or not bundle.takes(parcel.letter):
            bundle = filling[parcel.lane] = _Bundle([])
            bundles.append(bundle)
        bundle.parcels.append(parcel)
        bundle.events += parcel.events
        bundle.size += sum(map(len, parcel.events))
    return [bundle.row() for bundle in bundles]


def _stamp(parcel: Parcel) -> Stamp:
    letter = parcel.letter
    received = (letter.received_at - EPOCH) // MICROSECOND
    return Stamp(len(parcel.events), letter.source_id, received, letter.skew // MICROSECOND)
