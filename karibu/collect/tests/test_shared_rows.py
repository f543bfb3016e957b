"""Events of requests that came at the same moment share inbox rows; each stays what its own request made it."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.utils import timezone

from karibu.collect import bundle, drain, inbox
from karibu.collect.actions import create_source
from karibu.collect.bundle import INBOX_COLUMNS, Letter, Parcel, rows_of
from karibu.collect.decode import Row, sent_in
from karibu.collect.intake import Intake
from karibu.collect.models import InboxRow, RejectedEvent
from karibu.collect.packing import opened, packed, thinned
from karibu.collect.tests.door import arrived, calls, viewed
from karibu.consents.erasers import _drop_waiting

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def parcel(*names: str, lane: int = 3, **letter: object) -> Parcel:
    said = Letter(**{"source_id": 1, "received_at": NOON, **letter})  # type: ignore[arg-type]
    events = [viewed(name, timestamp="2026-03-02T09:00:00Z") for name in names]
    return Parcel(lane, said, [msgspec.json.encode(event) for event in events])


def read(row: tuple[object, ...]) -> list[tuple[str, int, datetime, timedelta]]:
    """Of each event in a row: who, from which source, when it came and by how much its clock was wrong."""
    said = dict(zip(INBOX_COLUMNS, row, strict=True))
    skew = timedelta(microseconds=said["skew_us"])  # type: ignore[arg-type]
    common = Row(9, said["lane"], said["source_id"], said["received_at"], skew, False, 0)  # type: ignore[arg-type]
    found = sent_in(common, said["body"])  # type: ignore[arg-type]
    assert [sent.place for sent in found] == list(range(len(found))) and len(found) == said["events"]
    return [(str(msgspec.json.decode(s.raw)["userId"]), s.row.source_id, s.row.received_at, s.row.skew) for s in found]


def test_each_event_keeps_its_requests_source_time_and_clock() -> None:
    late, later = NOON + timedelta(microseconds=1), NOON + timedelta(seconds=2)
    hour = timedelta(hours=-1, microseconds=5)
    [row] = rows_of(
        [
            parcel("a", "b", skew=hour),
            parcel("c", source_id=2, received_at=late),
            parcel("d", source_id=2, received_at=later, skew=-hour),
        ]
    )
    none = timedelta()
    assert read(row) == [("a", 1, NOON, hour), ("b", 1, NOON, hour), ("c", 2, late, none), ("d", 2, later, -hour)]
    assert row[:7] == (3, 1, NOON, hour // bundle.MICROSECOND, False, 0, 4)


def test_what_came_alone_lies_there_as_it_always_did() -> None:
    [row] = rows_of([parcel("a", "b")])
    assert row[-1] == packed(parcel("a", "b").events)
    assert [who for who, *_ in read(row)] == ["a", "b"]


@pytest.mark.parametrize("body", [b'[{"n":1},{"n":2}]', packed([b'{"n":"%b"}' % (b"x" * 700), b'{"n":2}'])])
def test_rows_of_older_versions_are_read(body: bytes) -> None:
    stamps, events = opened(memoryview(body))
    assert stamps == [] and len(events) == 2 and bytes(events[1]) == b'{"n":2}'


def test_rows_are_in_the_order_of_the_requests_within_each_lane() -> None:
    rows = rows_of(
        [parcel("a"), parcel("x", lane=5), parcel("past", historical=True), parcel("b"), parcel("y", lane=5)]
    )
    assert [[who for who, *_ in read(row)] for row in rows if row[0] == 3] == [["a"], ["past"], ["b"]]
    assert [[who for who, *_ in read(row)] for row in rows if row[0] == 5] == [["x", "y"]]


def test_what_belongs_to_different_imports_never_shares_a_row() -> None:
    rows = rows_of([parcel("a", import_id=1), parcel("b", import_id=1), parcel("c", import_id=2), parcel("d")])
    assert [(row[5], row[6]) for row in rows] == [(1, 2), (2, 1), (0, 1)]


def test_a_row_is_full_after_so_many_events_or_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of([parcel(f"u{n}") for n in range(2 * bundle.MANY + 1)])
    assert [row[6] for row in rows] == [bundle.MANY, bundle.MANY, 1]
    monkeypatch.setattr(bundle, "MUCH", 1)
    assert len(rows_of([parcel("a"), parcel("b")])) == 2


def test_thinning_takes_each_stamp_with_its_events() -> None:
    [row] = rows_of([parcel("a", "b"), parcel("gone", source_id=2), parcel("c", "gone", source_id=3)])
    body, left = thinned(row[-1], lambda event: b'"gone"' in event)  # type: ignore[arg-type]
    assert left == 3
    kept = (*row[:6], left, body)
    assert [(who, source) for who, source, *_ in read(kept)] == [("a", 1), ("b", 1), ("c", 3)]
    assert thinned(body, lambda event: b'"gone"' in event) == (body, 3)


@pytest.mark.django_db
def test_erasure_takes_one_persons_event_out_of_a_row_that_many_share() -> None:
    for row in rows_of([parcel("stays-1"), parcel("zuri"), parcel("stays-2", source_id=7)]):
        InboxRow.objects.create(**dict(zip(INBOX_COLUMNS, row, strict=True)))
    assert _drop_waiting("zuri") == 1
    assert _drop_waiting("zuri") == 0
    assert [(event.user_id, event.source_id) for event in arrived()] == [("stays-1", 1), ("stays-2", 7)]


@pytest.mark.django_db
def test_what_a_stage_sets_aside_of_a_shared_row_keeps_its_own_time_and_source(settings: object) -> None:
    settings.KARIBU_PIPELINE = [lambda batch: 1 / 0]  # type: ignore[attr-defined]
    late, minute = NOON + timedelta(seconds=1), timedelta(minutes=1)
    for row in rows_of([parcel("a"), parcel("b", source_id=2, received_at=late, skew=minute)]):
        InboxRow.objects.create(**dict(zip(INBOX_COLUMNS, row, strict=True)))
    assert drain.drain_all() == 2
    kept = RejectedEvent.objects.order_by("received_at").values_list("source_id", "received_at", "skew_us")
    assert list(kept) == [(1, NOON, 0), (2, late, 60_000_000)]


@pytest.mark.django_db(transaction=True, available_apps=["karibu.collect", "karibu.web"])
def test_singles_sent_at_the_same_moment_share_rows_and_stay_in_the_order_they_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, flushes = inbox.Inbox._write, 0

    async def once_all_are_there(self: inbox.Inbox, brought: list[Intake]) -> None:
        nonlocal flushes
        flushes += 1
        while flushes == 1 and len(brought) + len(self.waiting) < 120:
            await asyncio.sleep(0.01)
        await real(self, brought)

    monkeypatch.setattr(inbox.Inbox, "_write", once_all_are_there)
    shop, till = create_source("Shop"), create_source("Till")
    now = timezone.now()
    wrong = {
        "timestamp": (now - timedelta(days=9, minutes=5)).isoformat(),
        "sentAt": (now - timedelta(days=9)).isoformat(),
    }
    requests = [("/v1/track", viewed(f"u{n % 4}", messageId=f"m{n}", **(wrong if n % 3 else {})), source.write_key)
                for n, source in enumerate([shop, till, shop] * 40)]  # fmt: skip
    answers = calls(requests)
    assert {status for status, _, _ in answers} == {200}
    assert flushes <= 2 and InboxRow.objects.count() <= 2 * 4  # four people are in four lanes at most
    events = arrived()
    assert len(events) == 120
    for person in range(4):
        assert [e.message_id for e in events if e.user_id == f"u{person}"] == [f"m{n}" for n in range(person, 120, 4)]
    assert {e.source_id for e in events if int(e.message_id[1:]) % 3 == 1} == {till.pk}
    for event in events:
        ago = timedelta(minutes=5) if int(event.message_id[1:]) % 3 else timedelta()
        assert abs(now - ago - event.time) < timedelta(seconds=20)
