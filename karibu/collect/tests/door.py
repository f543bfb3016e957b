"""Requests to the HTTP door, in process, and what they left in the inbox."""

import asyncio
import base64
import json
from datetime import timedelta

from karibu.collect.decode import Row, event_of, sent_in
from karibu.collect.http import Collector
from karibu.collect.models import InboxRow
from karibu.config.testing import database_url


def call(path, body=b"", key="", method="POST", headers=(), query=b"", collector=None):
    """One request: (status, the answer's JSON, its headers)."""
    return calls([(path, body, key, method, headers, query)], collector)[0]


def calls(requests, collector=None):
    """All at once, on one event loop."""

    async def together():
        app = collector or Collector(database_url())
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
        found = [event_of(sent) for sent in sent_in(common, row.body)]
        assert len(found) == row.events
        events += found
    return events


def viewed(user="u1", **fields):
    return {"type": "track", "event": "Product Viewed", "userId": user, **fields}
