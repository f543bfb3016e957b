"""What the customer's page and an erasure make of memberships."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from karibu.consents import erasure
from karibu.customers.models import Identity
from karibu.customers.sentences import entries
from karibu.events import log
from karibu.segments import membership
from karibu.segments.models import Due, Member, Rfm, Segment

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture
def segment(lake, db):
    return Segment.objects.create(name="<b>VIP</b>", definition={}, created_at=NOON, updated_at=NOON)


def test_the_timeline_says_when_somebody_came_and_left(segment):
    membership.rebuild(segment.id, pa.array([7]), NOON)
    membership.rebuild(segment.id, pa.array([], pa.int64()), NOON + timedelta(hours=1))

    told = [(entry.at, entry.kind, str(entry.sentence)) for entry in entries([7], None, 10)]
    assert told == [
        (NOON + timedelta(hours=1), "segments", "Left the segment <strong>&lt;b&gt;VIP&lt;/b&gt;</strong>"),
        (NOON, "segments", "Came into the segment <strong>&lt;b&gt;VIP&lt;/b&gt;</strong>"),
    ]


@pytest.mark.django_db(transaction=True)
def test_somebody_erased_is_in_no_segment_and_the_log_does_not_say_that_they_left(segment, send):
    send({"userId": "u1", "event": "Product Viewed"}, {"userId": "u2", "event": "Product Viewed"})
    gone, stays = Identity.objects.order_by("id").values_list("customer_id", flat=True)
    membership.rebuild(segment.id, pa.array([gone, stays]), NOON)
    Rfm.objects.create(customer_id=gone, recency=5, frequency=5, monetary=5, group="champions", at=NOON)
    Due.objects.create(customer_id=gone, at=NOON)

    erasure.erase(gone, by="test")

    assert list(Member.objects.values_list("segment_id", "customer_id")) == [(segment.id, stays)]
    segment.refresh_from_db()
    assert segment.size == 1
    assert membership.history(segment.id, 1)[0].members == 1
    assert not Rfm.objects.exists() and not Due.objects.exists()
    assert log.history([gone]) == []
    assert log.count("name") == {"Product Viewed": 1, "Segment Entered": 1}
