"""What cannot be taken is said with its field and kept; it never sinks the events beside it."""

import gzip
import json

import pytest
from django.db import connection

from karibu.collect import http
from karibu.collect.models import InboxRow, RejectedEvent
from karibu.collect.tests.door import arrived, call, viewed

# Only what collection writes is cleared after each test: all of the tables would take ten times as long.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["karibu.collect", "karibu.web"])


def test_one_bad_event_in_a_batch_never_sinks_the_others(source):
    bad = [{"type": "track", "userId": "u2"}, {"type": "dance", "userId": "u3"}, 7, {"type": "page"}]
    status, said, _ = call("/v1/batch", {"batch": [viewed("u1"), *bad, viewed("u4")]}, source.write_key)
    assert (status, said["rejected"]) == (200, 4)
    assert [(e["index"], e["field"]) for e in said["errors"]] == [(1, "event"), (2, "type"), (3, ""), (4, "userId")]
    assert sorted(e.user_id for e in arrived()) == ["u1", "u4"]
    assert RejectedEvent.objects.count() == 4
    assert json.loads(RejectedEvent.objects.get(field="type").body) == bad[1]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"event": "X"}, "userId"),
        ({"event": "X", "userId": None, "anonymousId": " "}, "userId"),
        ({"userId": "u"}, "event"),
        ({"userId": "u", "event": "x" * 201}, "event"),
        ({"userId": "u" * 301, "event": "X"}, "userId"),
        ({"userId": ["u"], "event": "X"}, "userId"),
        ({"userId": "u", "event": "X", "properties": [1]}, "properties"),
        ({"userId": "u", "event": "X", "context": "web"}, "context"),
        ({"userId": "u", "event": "X", "timestamp": "yesterday"}, "timestamp"),
        ({"userId": "u", "event": "X", "originalTimestamp": "soon"}, "originalTimestamp"),
        ({"userId": "u", "event": "X", "messageId": "m" * 301}, "messageId"),
    ],
)
def test_a_single_bad_event_is_a_400_that_names_the_field_and_is_kept(source, wrong, field):
    status, said, headers = call("/v1/track", wrong, source.write_key)
    assert (status, said["field"]) == (400, field)
    assert headers[b"content-type"] == b"application/problem+json"
    kept = RejectedEvent.objects.get()
    assert kept.field == field and not InboxRow.objects.exists()
    if isinstance(wrong.get("userId"), str | None) and "properties" not in wrong and "context" not in wrong:
        assert json.loads(kept.body)["type"] == "track"  # so that it can be tried again


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"hello", ""),
        (b"[1,2", "batch"),
        (b"{}", "batch"),
        (b'{"batch": 3}', "batch"),
        (b"\x1f\x8bnot gzip", ""),
    ],
)
def test_a_body_that_is_no_batch_is_a_400(source, body, field):
    status, said, _ = call("/v1/batch", body, source.write_key)
    assert (status, said.get("field", "")) == (400, field)


@pytest.mark.parametrize(
    "oddity",
    [
        b'{"type":"track","event":"X","userId":"odd","properties":{"n":NaN,"m":-Infinity}}',
        b'{"type":"track","event":"X","userId":"odd","properties":{"n":"a\\u0000b"}}',
        b'{"type":"track","event":"X","userId":"odd","properties":{"n":"\\ud800 half"}}',
        b'{"type":"track","event":"X","userId":"odd","properties":{"n":"\xff\xfe"}}',
        b'{"type":"track","event":"X","userId":"odd","properties":{"n":"tab\there"}}',
        b'{"type":"track","event":"X","userId":"odd","properties":{"n":1' + b"0" * 40 + b"}}",
        b'{"type":"track","event":"X","userId":"odd","properties":{"n":"\\ud83d\\ude00 \\\\u0000"}}',
    ],
)
def test_odd_but_understandable_events_are_taken_in_a_form_that_can_be_stored(source, oddity):
    body = b'{"batch":[' + json.dumps(viewed("u1")).encode() + b"," + oddity + b"]}"
    assert call("/v1/batch", body, source.write_key)[:2] == (200, {"success": True})
    odd = next(e for e in arrived() if e.user_id == "odd")
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb", [json.dumps(odd.properties)])
    assert "n" in odd.properties and len(arrived()) == 2


@pytest.mark.parametrize(
    "bomb",
    [
        b'{"type":"track","event":"X","userId":"bad","properties":{"n":' + b"[" * 9000 + b"]" * 9000 + b"}}",
        b'{"type":"track","event":"X","userId":"bad","properties":{"n":' + b"[" * 60 + b"]" * 60 + b"}}",
        b'{"type":"track","event":"X","userId":"bad","properties":{"n":1e999}}',
        b'{"type":"track","event":"X","userId":"bad","properties":{"n":1' + b"0" * 9000 + b"}}",
        b'{"type":"track","event":"X","userId":"bad","properties":{"n":tru}}',
        b'{"type":"track","event":"X","userId":"bad","properties":{"n":"' + b"x" * 33000 + b'"}}',
    ],
)
def test_events_that_cannot_be_understood_are_set_aside_alone(source, bomb):
    good = json.dumps(viewed("u1")).encode()
    status, said, _ = call("/v1/batch", b'{"batch":[' + good + b"," + bomb + b"," + good + b"]}", source.write_key)
    assert (status, said["rejected"], said["errors"][0]["index"]) == (200, 1, 1)
    assert [e.user_id for e in arrived()] == ["u1", "u1"]
    assert RejectedEvent.objects.get().body == bomb.decode()


def test_too_large_a_body_is_a_413_packed_or_not(source):
    heavy = json.dumps({"batch": [viewed(properties={"t": "x" * 30_000}) for _ in range(18)]}).encode()
    assert call("/v1/batch", heavy, source.write_key)[0] == 413
    assert call("/v1/batch", gzip.compress(heavy), source.write_key)[0] == 413
    assert call("/v1/batch", gzip.compress(b" " * 30_000_000), source.write_key)[0] == 413
    assert call("/v1/batch", heavy[: http.BODY_LIMIT - 1], source.write_key)[0] == 400  # within the limit, cut off
    assert not InboxRow.objects.exists()
