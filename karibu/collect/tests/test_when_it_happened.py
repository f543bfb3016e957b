"""The time of an event, whatever the clock of its sender says."""

from datetime import timedelta

import pytest
from django.utils import timezone

from karibu.collect.tests.door import arrived, call, viewed

# Only what collection writes is cleared after each test: all of the tables would take ten times as long.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["karibu.collect", "karibu.web"])


def test_a_wrong_clock_is_put_right_by_when_the_batch_was_sent(source):
    now = timezone.now()
    wrong = now - timedelta(days=400)
    events = [viewed(timestamp=(wrong - timedelta(minutes=5)).isoformat())]
    call("/v1/batch", {"batch": events, "sentAt": wrong.isoformat()}, source.write_key)
    (event,) = arrived()
    assert abs(event.time - (now - timedelta(minutes=5))) < timedelta(seconds=10)


def test_a_browsers_single_event_says_itself_when_it_was_sent(source):
    wrong = timezone.now() + timedelta(days=2)
    call("/v1/t", viewed(timestamp=wrong.isoformat(), sentAt=wrong.isoformat()), source.write_key)
    (event,) = arrived()
    assert abs(event.time - event.received_at) < timedelta(seconds=5) and event.time <= event.received_at


def test_an_import_keeps_its_own_times(source):
    now = timezone.now().isoformat()
    batch = [viewed(timestamp="2019-05-01T10:00:00Z"), viewed(timestamp="1970-01-01T00:00:00Z")]
    _, said, _ = call("/v1/import", {"batch": batch, "sentAt": now}, source.write_key)
    assert said["rejected"] == 1 and said["errors"][0]["field"] == "timestamp"
    (event,) = arrived()
    assert event.time.isoformat() == "2019-05-01T10:00:00+00:00" and event.historical
