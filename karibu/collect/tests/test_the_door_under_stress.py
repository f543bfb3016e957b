"""Many at once, too many, a database that is away: an answer means what it says, and nobody waits for ever."""

import asyncio

import pytest
from django.db import connection

from karibu.collect import inbox, keys
from karibu.collect.http import Collector
from karibu.collect.tests.door import arrived, call, calls, one, viewed
from karibu.config.testing import database_url

# Only what collection writes is cleared after each test: all of the tables would take ten times as long.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["karibu.collect", "karibu.web"])


def test_many_requests_share_commits_and_each_is_durable_before_its_answer(source, monkeypatch):
    flushes = []
    real = inbox.Inbox._write

    async def counted(self, brought):
        flushes.append(len(brought))
        await real(self, brought)

    monkeypatch.setattr(inbox.Inbox, "_write", counted)
    answers = calls([("/v1/track", viewed(f"u{n}"), source.write_key) for n in range(300)])
    assert {status for status, _, _ in answers} == {200}
    assert len(arrived()) == 300 and sum(flushes) == 300 and len(flushes) < 150


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
    assert len(arrived()) == counted[200]


def test_without_a_database_the_sender_is_asked_to_come_again(source):
    elsewhere = Collector("postgresql://postgres@/karibu?host=/nowhere")
    status, _, headers = call("/v1/track", viewed(), source.write_key, collector=elsewhere)
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
        app = Collector(database_url())
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
