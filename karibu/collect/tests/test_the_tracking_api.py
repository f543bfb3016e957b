"""The HTTP door: who may come in, in which wrapping, and what each call takes. In process, on a real database."""

import asyncio
import gzip
import json

import pytest
from django.db import connection

from karibu.collect.actions import close_source, create_source
from karibu.collect.http import Collector
from karibu.collect.models import InboxRow, RejectedEvent
from karibu.collect.tests.door import arrived, call, one, viewed
from karibu.config.testing import database_url

# Only what collection writes is cleared after each test: all of the tables would take ten times as long.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["karibu.collect", "karibu.web"])


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
        app = Collector(database_url())
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


def test_numbers_as_ids_and_absent_ids_are_understood(source):
    call("/v1/track", {"userId": 12, "anonymousId": None, "event": "X", "messageId": None}, source.write_key)
    (event,) = arrived()
    assert (event.user_id, event.anonymous_id) == ("12", "") and event.message_id


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


def test_the_snippet_is_cached_by_its_contents():
    status, body, headers = call("/k.js", method="GET")
    assert status == 200 and b"karibu" in body and b"max-age" in headers[b"cache-control"]
    etag = [(b"if-none-match", headers[b"etag"])]
    assert call("/k.js", method="GET", headers=etag)[:2] == (304, b"")


def test_the_snippet_is_small_and_packed_where_the_browser_can_unpack_it():
    plain = call("/k.js", method="GET")[1]
    status, packed, headers = call("/k.js", method="GET", headers=[(b"accept-encoding", b"gzip, br")])
    assert (status, headers[b"content-encoding"], headers[b"vary"]) == (200, b"gzip", b"accept-encoding")
    assert gzip.decompress(packed) == plain and len(plain) < 5500 and len(packed) < 2500


def test_unknown_calls_and_methods_are_told_so():
    assert call("/v1/dance", {})[0] == 404
    status, _, headers = call("/v1/track", method="GET")
    assert (status, headers[b"allow"]) == (405, b"POST")
