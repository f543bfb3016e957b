"""Set-aside events do not stay for ever; tried again, they are what they were; of erased people none is kept."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from karibu.collect import drain, jobs, keeping
from karibu.collect.actions import create_source, retry, store, take_in
from karibu.collect.bundle import Letter
from karibu.collect.http import Collector
from karibu.collect.intake import sort_in
from karibu.collect.models import InboxRow, Keeping, RejectedEvent
from karibu.config.schedule import SCHEDULE
from karibu.config.testing import database_url
from karibu.consents import blocked
from karibu.events import log
from karibu.web.models import AuditEntry, User

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BAD = {"type": "track", "userId": "u1", "messageId": "m1"}


def set_aside(*days: int) -> None:
    for age in days:
        received = timezone.now() - timedelta(days=age)
        RejectedEvent.objects.create(source_id=1, received_at=received, field="", reason=str(age), body="{}")


def left() -> set[str]:
    return set(RejectedEvent.objects.values_list("reason", flat=True))


def test_after_thirty_days_they_go_every_night_by_themselves() -> None:
    set_aside(1, 29, 31, 400)
    assert "karibu.collect.jobs.let_go_of_rejected" in dict((path, cron) for cron, path in SCHEDULE)
    jobs.let_go_of_rejected(0)
    assert left() == {"1", "29"}
    assert AuditEntry.objects.get(verb="let go of events").detail == {"count": 2}
    jobs.let_go_of_rejected(0)
    assert left() == {"1", "29"} and AuditEntry.objects.filter(verb="let go of events").count() == 1


def test_many_go_in_small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 2)
    set_aside(*range(40, 45))
    assert keeping.let_go(timezone.now()) == 5 and left() == set()


def test_the_owner_says_how_long_and_sees_what_that_means(client: Client) -> None:
    set_aside(1, 5, 31)
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    page = client.get("/settings/keeping/").content.decode()
    assert 'value="30"' in page and "3 rejected events are kept now" in page and "1 of them is older" in page
    assert "after 30 days it goes by itself" in client.get("/events/rejected/").content.decode()
    for wrong in ("0", "366", ""):
        assert client.post("/settings/keeping/", {"rejected_days": wrong}).status_code == 422
    assert not Keeping.objects.exists()
    assert client.post("/settings/keeping/", {"rejected_days": "3"}).status_code == 302
    assert "after 3 days it goes by itself" in client.get("/events/rejected/").content.decode()
    assert AuditEntry.objects.get(verb="changed retention").detail == {"days": 3}
    keeping.let_go(timezone.now())
    assert left() == {"1"}


def test_a_rule_that_a_colleague_changed_meanwhile_is_not_written_over(client: Client) -> None:
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    [seen] = re.findall(r'name="seen" value="(\w+)"', client.get("/settings/keeping/").content.decode())
    client.post("/settings/keeping/", {"rejected_days": "3"})
    told = client.post("/settings/keeping/", {"rejected_days": "60", "seen": seen})
    assert told.status_code == 422 and "This was changed meanwhile" in told.content.decode()
    assert keeping.rule().rejected_days == 3


def test_a_retry_keeps_the_clocks_error_the_import_and_the_past(lake: Any) -> None:
    letter = Letter(create_source("Shop").pk, NOON, timedelta(hours=-3), historical=False, import_id=7)
    store(sort_in([json.dumps(BAD | {"timestamp": "2026-03-02T14:00:00Z"}).encode()], letter))
    rejected = RejectedEvent.objects.get()
    assert (rejected.skew_us, rejected.import_id, rejected.historical) == (-3 * 3600 * 10**6, 7, False)
    RejectedEvent.objects.update(body=rejected.body.replace('"m1"', '"m1","event":"Subscribed"'))
    assert retry(RejectedEvent.objects.all()) == 1
    row = InboxRow.objects.get()
    assert (row.skew_us, row.import_id, row.received_at) == (rejected.skew_us, 7, NOON)
    drain.drain_all()
    [event] = log.recent()
    assert (event.time, event.import_id) == (datetime(2026, 3, 2, 11, tzinfo=UTC), 7)


def test_what_a_stage_sets_aside_keeps_them_too(settings: Any) -> None:
    settings.KARIBU_PIPELINE = [lambda batch: 1 / 0]
    letter = Letter(create_source("Shop").pk, NOON, timedelta(seconds=90), historical=True, import_id=7)
    store(sort_in([json.dumps(BAD | {"event": "Subscribed"}).encode()], letter))
    drain.drain_all()
    kept = RejectedEvent.objects.get()
    assert (kept.skew_us, kept.import_id, kept.historical) == (90 * 10**6, 7, True)


ERASED = [
    {**BAD, "userId": "u-zq-17"},
    {**BAD, "userId": 4711},
    {**BAD, "traits": {"email": "ZURI@example.com"}},
    {**BAD, "context": {"page": {"url": "https://duka.example/?e=zuri%40example.com"}}},
    {**BAD, "traits": {"phone": "0788 123 499"}},
    {**BAD, "properties": {"customer": {"phone": 250788123499}}},
]


@pytest.fixture
def somebody_was_erased(db: None) -> None:
    blocked.block(["u-zq-17", "4711", "zuri@example.com", "+250788123499"], timezone.now())


@pytest.mark.parametrize("event", ERASED)
def test_a_bad_event_of_somebody_who_was_erased_is_not_even_set_aside(
    somebody_was_erased: None, event: dict[str, Any]
) -> None:
    taken = take_in([event, BAD], create_source("Shop"))
    assert len(taken.refusals) == 2
    assert "u1" in RejectedEvent.objects.get().body


def test_nor_is_one_that_a_stage_or_nothing_at_all_can_read(somebody_was_erased: None, settings: Any) -> None:
    settings.KARIBU_PIPELINE = [lambda batch: 1 / 0]
    take_in([ERASED[2] | {"event": "Subscribed"}], create_source("Shop"))
    drain.drain_all()
    letter = Letter(1, NOON)
    store(sort_in([b'{"email": "zuri\\u0040example.com", broken'], letter))
    assert not RejectedEvent.objects.exists() and not InboxRow.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nor_one_that_comes_over_http(somebody_was_erased: None) -> None:
    source = create_source("Shop")
    body = json.dumps({"writeKey": source.write_key, "batch": [*ERASED, BAD]}).encode()
    answers: list[Any] = []

    async def send(message: Any) -> None:
        answers.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def ask() -> None:
        app = Collector(database_url())
        scope = {"type": "http", "method": "POST", "path": "/v1/batch", "headers": [], "query_string": b""}
        await app(scope | {"scheme": "http"}, receive, send)
        await app.inbox.close()

    asyncio.run(ask())
    assert answers[0]["status"] == 200 and json.loads(answers[1]["body"])["rejected"] == 7
    assert "u1" in RejectedEvent.objects.get().body


def test_nor_can_a_correction_bring_them_in(somebody_was_erased: None, client: Client) -> None:
    take_in([BAD], create_source("Shop"))
    kept = RejectedEvent.objects.get()
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    corrected = json.dumps({**BAD, "event": "Subscribed", "context": {"traits": {"email": "zuri@example.com"}}})
    answer = client.post(f"/events/rejected/{kept.pk}/retry/", {"body": corrected})
    assert answer.status_code == 422 and "names somebody who was erased" in answer.content.decode()
    kept.refresh_from_db()
    assert "zuri" not in kept.body and kept.retried_at is None and not InboxRow.objects.exists()
