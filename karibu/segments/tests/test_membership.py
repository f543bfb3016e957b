"""Who is in a segment, who was at any time, and what everybody else is told of it."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from django.db import transaction

from karibu.events import flush, log, made, queries
from karibu.segments import membership, pairs
from karibu.segments.membership import ENTERED, LEFT, Change
from karibu.segments.models import Member, Segment, Size

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def segment(lake):
    return made_segment("VIP")


def made_segment(name):
    return Segment.objects.create(name=name, definition={}, created_at=NOON, updated_at=NOON)


def rebuild(segment, *ids, at=NOON):
    return membership.rebuild(segment.id, pa.array(ids, pa.int64()), at)


def settle(pairs, segments, looked_at, at=NOON):
    found = pa.Table.from_pylist([{"segment_id": s.id, "customer_id": c} for s, c in pairs], membership.PAIRS)
    return membership.settle(found, [s.id for s in segments], looked_at, at)


def members(segment):
    return sorted(Member.objects.filter(segment_id=segment.id).values_list("customer_id", flat=True))


def told(customer):
    return [(event.name, event.time) for event in reversed(log.history([customer]))]


def test_a_rebuild_writes_who_came_and_who_went_and_leaves_the_rest_alone(segment):
    assert rebuild(segment, 1, 2, 3) == Change(entered=3, left=0, size=3)

    assert rebuild(segment, 2, 3, 4, 5, at=NOON + HOUR) == Change(entered=2, left=1, size=4)

    assert members(segment) == [2, 3, 4, 5]
    since = dict(Member.objects.filter(segment_id=segment.id).values_list("customer_id", "since"))
    assert since == {2: NOON, 3: NOON, 4: NOON + HOUR, 5: NOON + HOUR}
    segment.refresh_from_db()
    assert (segment.size, segment.changed_at) == (4, NOON + HOUR)


def test_a_rebuild_that_changes_nothing_tells_nothing(segment):
    rebuild(segment, 1, 2)

    assert rebuild(segment, 1, 2, at=NOON + HOUR) == Change(entered=0, left=0, size=2)

    assert log.count()[None] == 2
    segment.refresh_from_db()
    assert segment.changed_at == NOON


def test_an_empty_segment_has_the_size_zero_and_not_none(segment):
    assert rebuild(segment) == Change(entered=0, left=0, size=0)

    segment.refresh_from_db()
    assert segment.size == 0
    assert [row.members for row in membership.history(segment.id, 30, NOON.date())] == [0]


def test_every_entry_and_exit_is_one_event_with_the_segments_name(segment):
    rebuild(segment, 7)
    rebuild(segment, at=NOON + HOUR)

    assert told(7) == [(ENTERED, NOON), (LEFT, NOON + HOUR)]
    entered, left = reversed(log.history([7]))
    assert entered.properties == left.properties == {"segment_id": segment.id, "segment": "VIP"}
    assert entered.message_id == f"segment-{segment.id}-in-7-{int(NOON.timestamp()) * 1_000_000}"
    assert left.source == "Segments"


def test_the_counts_say_what_the_log_holds(segment):
    rebuild(segment, *range(1, 31))
    rebuild(segment, *range(11, 36), at=NOON + HOUR)

    assert dict(queries.names()) == {ENTERED: 35, LEFT: 10}
    assert log.count()[None] == queries.total() == 45


def test_many_entries_are_written_in_several_blocks_and_each_is_found(segment, monkeypatch):
    monkeypatch.setattr(made, "BLOCK", 10)
    rebuild(segment, *range(1, 36))

    flush.flush_everything()

    assert log.count()[None] == queries.total() == 35
    assert [told(customer) for customer in (1, 10, 11, 35)] == [[(ENTERED, NOON)]] * 4


def test_only_the_customers_looked_at_are_settled(segment):
    rebuild(segment, 1, 2, 3)

    changes = settle([(segment, 3), (segment, 9)], [segment], [2, 3, 9], NOON + HOUR)

    assert changes == {segment.id: Change(entered=1, left=1, size=3)}
    assert members(segment) == [1, 3, 9]


def test_where_nobody_was_looked_at_nobody_leaves(segment):
    rebuild(segment, 1, 2)

    assert settle([], [segment], set(), at=NOON + HOUR) == {}

    assert members(segment) == [1, 2]


def test_who_is_gone_already_does_not_leave_again(segment, monkeypatch):
    """An erasure between the reading and the writing."""
    rebuild(segment, 1, 2)
    read = pairs.standing

    def erased(*asked):
        found = read(*asked)
        Member.objects.filter(customer_id=1).delete()
        return found

    monkeypatch.setattr(pairs, "standing", erased)

    assert settle([], [segment], {1, 2}, at=NOON + HOUR) == {segment.id: Change(entered=0, left=1, size=1)}
    assert told(1) == [(ENTERED, NOON)]


def test_several_segments_are_settled_at_once_and_others_keep_their_members(segment):
    lapsed, archived = made_segment("Lapsed"), made_segment("Archived")
    for each in (segment, lapsed, archived):
        rebuild(each, 1, 2)

    changes = settle([(segment, 1), (lapsed, 5)], [segment, lapsed], [1, 5], NOON + HOUR)

    assert changes == {lapsed.id: Change(entered=1, left=1, size=2)}
    assert [members(each) for each in (segment, lapsed, archived)] == [[1, 2], [2, 5], [1, 2]]


def test_who_was_in_can_be_asked_for_any_past_moment(segment):
    other = made_segment("Another, with the same people")
    rebuild(segment, 1, 2)
    rebuild(other, 1, 2, 3, 4, at=NOON)
    rebuild(segment, 2, 3, at=NOON + HOUR)
    flush.flush_everything()
    rebuild(segment, 1, 2, at=NOON + 2 * HOUR)

    def ids(moment):
        return membership.as_of(segment.id, moment)["id"].to_pylist()

    assert ids(NOON - HOUR) == []
    assert ids(NOON) == [1, 2]
    assert ids(NOON + HOUR - timedelta(microseconds=1)) == [1, 2]
    assert ids(NOON + HOUR) == [2, 3]
    now = membership.as_of(segment.id, NOON + 3 * HOUR)
    assert now.to_pylist() == [{"id": 1, "since": NOON + 2 * HOUR}, {"id": 2, "since": NOON}]


def test_no_two_changes_share_a_moment_even_where_the_clock_stands_still(segment):
    rebuild(segment, 1)
    rebuild(segment)
    rebuild(segment, 1)

    moments = [at for _, at in told(1)]
    assert [name for name, _ in told(1)] == [ENTERED, LEFT, ENTERED]
    assert moments == [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(microseconds=2)]
    assert membership.as_of(segment.id, NOON)["id"].to_pylist() == [1]
    assert membership.as_of(segment.id, moments[1])["id"].to_pylist() == []


def test_the_size_of_each_day_stands_with_who_came_and_went_on_it(segment):
    rebuild(segment, 1, 2, 3)
    rebuild(segment, 1, at=NOON + HOUR)
    rebuild(segment, 1, 8, at=NOON + timedelta(days=3))

    def days(count, today):
        rows = membership.history(segment.id, count, today)
        return [(row.day.day, row.members, row.entered, row.left) for row in rows]

    assert days(30, NOON.date() + timedelta(days=4)) == [
        (9, 1, 3, 2), (10, 1, 0, 0), (11, 1, 0, 0), (12, 2, 1, 0), (13, 2, 0, 0),
    ]  # fmt: skip
    assert days(2, NOON.date() + timedelta(days=2)) == [(10, 1, 0, 0), (11, 1, 0, 0)]
    assert Size.objects.count() == 2


def test_listeners_hear_of_each_change_in_its_transaction(segment, monkeypatch):
    heard = []
    monkeypatch.setattr(membership, "_listeners", [])
    membership.on_change(lambda cursor, *told: heard.append(told))

    rebuild(segment, 1, 2)
    rebuild(segment, 1, 2, at=NOON + HOUR)
    settle([(segment, 9)], [segment], [1, 9], NOON + 2 * HOUR)

    plain = [(number, came.to_pylist(), went.to_pylist(), at) for number, came, went, at in heard]
    assert plain == [(segment.id, [1, 2], [], NOON), (segment.id, [9], [1], NOON + 2 * HOUR)]


def test_a_listener_that_fails_leaves_everything_as_it_was(segment, monkeypatch):
    monkeypatch.setattr(membership, "_listeners", [])
    rebuild(segment, 1)

    def fail(*told):
        raise RuntimeError

    membership.on_change(fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        rebuild(segment, 2, at=NOON + HOUR)

    assert (members(segment), log.count()[None], queries.total()) == ([1], 1, 1)
    segment.refresh_from_db()
    assert segment.size == 1


def test_what_a_browser_calls_an_entry_puts_nobody_into_the_past_of_a_segment(segment, send):
    rebuild(segment, 1)
    said = {"userId": "eve", "event": ENTERED, "messageId": f"segment-{segment.id}-in-9-1"}
    assert not send({**said, "timestamp": NOON.isoformat()}, received_at=NOON + HOUR).refusals
    assert len(log.recent(names=[ENTERED])) == 2
    assert membership.as_of(segment.id, NOON + HOUR)["id"].to_pylist() == [1]
