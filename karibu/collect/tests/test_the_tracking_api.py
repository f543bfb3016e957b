"""The HTTP door: who may come in, in which wrapping, and what each answer means. In process, on a real database."""

import asyncio
import base64
import gzip
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from karibu.collect import http, inbox, keys
from karibu.collect.actions import close_source, create_source
from karibu.collect.decode import Row, event_of, sent_in
from karibu.collect.http import Collector
from karibu.collect.models import InboxRow, RejectedEvent
from karibu.collect.packing import unpacked

# Only what collection writes is cleared after each test: all of the tables would take ten times as long.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["karibu.collect", "karibu.web"])


@pytest.fixture
def source():
    return create_source("Site")


def url():
    s = connection.settings_dict
    return f"postgresql://{s['USER']}@/{s['NAME']}?host={s['HOST']}"


def call(path, body=b"", key="", method="POST", headers=(), query=b"", collector=None):
    """One request: (status, the answer's JSON, its headers)."""
    return calls([(path, body, key, method, headers, query)], collector)[0]


def calls(requests, collector=None):
    """All at once, on one event loop."""

    async def together():
        app = collector or Collector(url())
        try:
            return await asyncio.gather(*(one(app, *request) for request in requests))
        finally:
            await app.inbox.close()

    return asyncio.run(together())


async def one(app, path, body=b"", key="", method="POST", headers=(), query=b""):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = [*headers, (b"host", b"shop.test")]
    if key:
        headers.append((b"authorization", b"Basic " + base64.b64encode(f"{key}:".encode())))
    parts = [body[n : n + 65536] for n in range(0, len(body), 65536)] or [b""]
    sent = []

    async def receive():
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": query}
    await app({**scope, "scheme": "http"}, receive, send)
    said = sent[1]["body"]
    answer = json.loads(said) if said[:1] == b"{" else said
    return sent[0]["status"], answer, dict(sent[0]["headers"])


def arrived():
    """The events in the inbox as the pipeline will see them."""
    events = []
    for row in InboxRow.objects.order_by("id"):
        skew = timedelta(microseconds=row.skew_us)
        common = Row(row.id, row.lane, row.source_id, row.received_at, skew, row.historical, row.import_id)
        found = [event_of(sent) for sent in sent_in(common, unpacked(row.body))]
        assert len(found) == row.events
        events += found
    return events


def viewed(user="u1", **fields):
    return {"type": "track", "event": "Product Viewed", "userId": user, **fields}


@pytest.mark.parametrize(
    ("path", "fields", "name"),
    [
        ("track", {"event": "Product Viewed"}, "Product Viewed"),
        ("t", {"event": "Product Viewed"}, "Product Viewed"),
        ("identify", {"traits": {"name": "Amina"}}, "Identified"),
        ("i", {}, "Identified"),
        ("page", {"name": "Home"}, "Page Viewed"),
        ("p", {}, "Page Viewed"),
        ("screen", {"name": "Home"}, "Screen Viewed"),
        ("s", {}, "Screen Viewed"),
        ("group", {"groupId": "g1"}, "Grouped"),
        ("g", {"groupId": "g1"}, "Grouped"),
        ("alias", {"previousId": "a1"}, "Aliased"),
        ("a", {"previousId": "a1"}, "Aliased"),
        ("track/", {"event": "Product Viewed"}, "Product Viewed"),
    ],
)
def test_each_call_takes_one_event_of_its_type(source, path, fields, name):
    assert call(f"/v1/{path}", {"userId": "u1", **fields}, source.write_key)[:2] == (200, {"success": True})
    (event,) = arrived()
    assert (event.name, event.user_id) == (name, "u1")


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import", "/v1/batch/"])
def test_a_batch_carries_events_of_any_type(source, path):
    body = {"batch": [viewed("u1"), {"type": "identify", "userId": "u2"}], "writeKey": source.write_key}
    assert call(path, body)[:2] == (200, {"success": True})
    assert {e.type for e in arrived()} == {"track", "identify"}
    assert InboxRow.objects.filter(historical=path == "/v1/import").count() == InboxRow.objects.count()


def test_the_key_may_stand_in_the_header_the_body_or_the_address(source):
    key = source.write_key
    assert call("/v1/track", viewed(), key)[0] == 200
    assert call("/v1/track", viewed(writeKey=key))[0] == 200
    assert call("/v1/track", viewed(), query=f"writeKey={key}".encode())[0] == 200
    assert InboxRow.objects.count() == 3


def test_a_wrong_key_is_told_apart_from_a_closed_source_and_keeps_nothing(source):
    closed = create_source("Old site")
    close_source(closed)
    assert call("/v1/track", viewed())[0] == 401
    assert call("/v1/track", viewed(), "wk_wrong")[:2][1]["field"] == "writeKey"
    assert call("/v1/track", viewed(), closed.write_key)[0] == 403
    assert call("/v1/track", viewed(), headers=[(b"authorization", b"Basic !!!")])[0] == 401
    assert not InboxRow.objects.exists() and not RejectedEvent.objects.exists()


def test_a_source_made_a_moment_ago_is_known_at_once(source):
    async def story():
        app = Collector(url())
        first = await one(app, "/v1/track", viewed(), source.write_key)
        key = await asyncio.to_thread(_create, "Brand new")
        second = await one(app, "/v1/track", viewed(), key)
        await app.inbox.close()
        return first[0], second[0]

    assert asyncio.run(story()) == (200, 200)


def _create(name):
    try:
        return create_source(name).write_key
    finally:
        connection.close()


def test_the_bytes_decide_and_not_the_content_type(source):
    wrapped = gzip.compress(json.dumps({"batch": [viewed()]}).encode())
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    assert call("/v1/batch", wrapped, source.write_key, headers=form)[0] == 200
    plain = [(b"content-type", b"text/plain"), (b"content-encoding", b"gzip")]  # says gzip and is not
    assert call("/v1/batch", {"batch": [viewed()]}, source.write_key, headers=plain)[0] == 200
    assert len(arrived()) == 2


def test_a_browser_on_another_site_may_ask_and_send(source):
    status, _, headers = call("/v1/t", method="OPTIONS")
    assert status == 204 and headers[b"access-control-allow-origin"] == b"*"
    assert b"Authorization" in headers[b"access-control-allow-headers"]
    assert call("/v1/t", viewed(), source.write_key)[2][b"access-control-allow-origin"] == b"*"
    assert call("/v1/t", viewed(), "wrong")[2][b"access-control-allow-origin"] == b"*"


def test_analytics_js_is_told_where_to_send(source):
    status, said, _ = call(f"/v1/projects/{source.write_key}/settings", method="GET")
    assert status == 200
    to = said["integrations"]["Segment.io"]
    assert to == {"apiKey": source.write_key, "apiHost": "shop.test/v1", "protocol": "http"}
    assert call("/v1/projects/wk_none/settings", method="GET")[0] == 404


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


def test_a_wrong_clock_is_put_right_by_when_the_batch_was_sent(source):
    now = timezone.now()
    wrong = now - timedelta(days=400)
    events = [viewed(timestamp=(wrong - timedelta(minutes=5)).isoformat())]
    call("/v1/batch", {"batch": events, "sentAt": wrong.isoformat()}, source.write_key)
    (event,) = arrived()
    assert abs(event.time - (now - timedelta(minutes=5))) < timedelta(seconds=2)


def test_a_browsers_single_event_says_itself_when_it_was_sent(source):
    wrong = timezone.now() + timedelta(days=2)
    call("/v1/t", viewed(timestamp=wrong.isoformat(), sentAt=wrong.isoformat()), source.write_key)
    (event,) = arrived()
    assert abs(event.time - event.received_at) < timedelta(seconds=1) and event.time <= event.received_at


def test_an_import_keeps_its_own_times(source):
    now = timezone.now().isoformat()
    batch = [viewed(timestamp="2019-05-01T10:00:00Z"), viewed(timestamp="1970-01-01T00:00:00Z")]
    _, said, _ = call("/v1/import", {"batch": batch, "sentAt": now}, source.write_key)
    assert said["rejected"] == 1 and said["errors"][0]["field"] == "timestamp"
    (event,) = arrived()
    assert event.time.isoformat() == "2019-05-01T10:00:00+00:00" and event.historical


def test_numbers_as_ids_and_absent_ids_are_understood(source):
    call("/v1/track", {"userId": 12, "anonymousId": None, "event": "X", "messageId": None}, source.write_key)
    (event,) = arrived()
    assert (event.user_id, event.anonymous_id) == ("12", "") and event.message_id


def test_many_requests_share_commits_and_each_is_durable_before_its_answer(source, monkeypatch):
    flushes = []
    real = inbox.Inbox._write

    async def counted(self, brought):
        flushes.append(len(brought))
        await real(self, brought)

    monkeypatch.setattr(inbox.Inbox, "_write", counted)
    answers = calls([("/v1/track", viewed(f"u{n}"), source.write_key) for n in range(300)])
    assert {status for status, _, _ in answers} == {200}
    assert InboxRow.objects.count() == 300 and sum(flushes) == 300 and len(flushes) < 150


def test_an_overloaded_door_says_later_and_keeps_nothing_of_it(source, monkeypatch):
    real = inbox.Inbox._write

    async def slow(self, brought):
        await asyncio.sleep(0.2)
        await real(self, brought)

    monkeypatch.setattr(inbox, "MOST_WAITING", 2000)
    monkeypatch.setattr(inbox.Inbox, "_write", slow)
    answers = calls([("/v1/track", viewed(f"u{n}"), source.write_key) for n in range(200)])
    counted = {s: sum(1 for status, _, _ in answers if status == s) for s, _, _ in answers}
    assert set(counted) == {200, 429}
    assert all(headers[b"retry-after"] for status, _, headers in answers if status == 429)
    assert InboxRow.objects.count() == counted[200]


def test_without_a_database_the_sender_is_asked_to_come_again(source):
    status, _, headers = call("/v1/track", viewed(), source.write_key, collector=Collector(url() + "-not-there"))
    assert (status, headers[b"retry-after"]) == (503, b"1")


def test_a_flood_of_wrong_keys_does_not_flood_the_database(source, monkeypatch):
    connects = []
    real = keys.psycopg.AsyncConnection.connect

    async def counted(*args, **kwargs):
        connects.append(1)
        return await real(*args, **kwargs)

    monkeypatch.setattr(keys.psycopg.AsyncConnection, "connect", counted)
    answers = calls([("/v1/track", viewed(), f"wk_{n}") for n in range(200)])
    assert {status for status, _, _ in answers} == {401} and len(connects) == 1


def test_a_bug_in_writing_keeps_nobody_waiting_and_tells_nobody_that_all_is_well(source, monkeypatch):
    async def broken(self, brought):
        raise TypeError

    monkeypatch.setattr(inbox.Inbox, "_write", broken)
    assert call("/v1/track", viewed(), source.write_key)[0] == 503


def test_a_lost_connection_is_replaced_without_the_sender_noticing(source):
    async def story():
        app = Collector(url())
        first = await one(app, "/v1/track", viewed("u1"), source.write_key)
        await asyncio.to_thread(_cut_connections)
        second = await one(app, "/v1/track", viewed("u2"), source.write_key)
        await app.inbox.close()
        return first[0], second[0]

    assert asyncio.run(story()) == (200, 200)
    assert [e.user_id for e in arrived()] == ["u1", "u2"]


def _cut_connections():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'karibu inbox' AND datname = current_database()"
        )
    connection.close()


def test_the_snippet_is_cached_by_its_contents():
    status, body, headers = call("/k.js", method="GET")
    assert status == 200 and b"karibu" in body and b"max-age" in headers[b"cache-control"]
    etag = [(b"if-none-match", headers[b"etag"])]
    assert call("/k.js", method="GET", headers=etag)[:2] == (304, b"")


def test_the_snippet_is_small_and_packed_where_the_browser_can_unpack_it():
    plain = call("/k.js", method="GET")[1]
    status, packed, headers = call("/k.js", method="GET", headers=[(b"accept-encoding", b"gzip, br")])
    assert (status, headers[b"content-encoding"], headers[b"vary"]) == (200, b"gzip", b"accept-encoding")
    assert gzip.decompress(packed) == plain and len(plain) < 5000 and len(packed) < 2500


def test_unknown_calls_and_methods_are_told_so():
    assert call("/v1/dance", {})[0] == 404
    status, _, headers = call("/v1/track", method="GET")
    assert (status, headers[b"allow"]) == (405, b"POST")
