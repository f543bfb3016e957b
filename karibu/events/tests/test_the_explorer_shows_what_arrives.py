"""The pages below /events/ and /api/v1/events."""

from datetime import timedelta

import pytest
from django.utils import timezone

from karibu.events import flush, log
from karibu.events.event import Item
from karibu.events.tests.making import NOON, append, event, order
from karibu.web.actions import create_token, create_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def colleague(client):
    client.force_login(create_user("agent@shop.test", role="agent"))
    return client


@pytest.fixture
def program(client):
    headers = {"Authorization": f"Bearer {create_token('reports')}"}
    return lambda path: client.get(path, headers=headers)


def names(response) -> list[str]:
    return [row.name for row in response.context["table"]._page[0]]


def test_without_events_it_says_how_to_send_the_first(colleague, lake) -> None:
    page = colleague.get("/events/").content.decode()
    assert "No events yet" in page and "http://testserver/v1/track" in page


def test_it_lists_newest_first_and_filters(colleague, lake) -> None:
    append(
        event(time=NOON), order(customer_id=2, time=NOON - timedelta(hours=1)), event(name="Searched", source="Till")
    )
    flush.flush_everything()
    append(event(name="Cart Viewed", time=NOON + timedelta(hours=1)))
    assert names(colleague.get("/events/"))[0] == "Cart Viewed"
    assert names(colleague.get("/events/?name=Order Completed")) == ["Order Completed"]
    assert names(colleague.get("/events/?source=Till")) == ["Searched"]
    assert names(colleague.get("/events/?q=2")) == ["Order Completed"]
    assert names(colleague.get("/events/?q=search")) == ["Searched"]
    assert names(colleague.get("/events/?q=no-such-id")) == []
    assert names(colleague.get("/events/?time_from=2030-01-01")) == []
    assert len(names(colleague.get("/events/?q=browser-1"))) == 4


def test_pages_forward_and_back_hold_each_event_once(colleague, lake) -> None:
    times = [NOON - timedelta(days=12 * (n // 4)) for n in range(120)]  # four at the same moment
    append(*[event(time=time) for time in times])
    flush.flush_everything()
    seen, url, steps = [], "/events/", []
    while url:
        page = colleague.get(url)
        steps.append([row.message_id for row in page.context["table"]._page[0]])
        seen += steps[-1]
        back, url = page.context["table"].previous_url, page.context["table"].next_url
    assert len(seen) == len(set(seen)) == 120 and len(steps) == 3
    previous = colleague.get(back).context["table"]
    assert [row.message_id for row in previous._page[0]] == steps[1]


def test_the_csv_is_what_is_shown(colleague, lake) -> None:
    append(order(), event(name="=cmd()"))
    lines = b"".join(colleague.get("/events/?format=csv&cols=name,value")).decode().splitlines()
    assert sorted(lines[1:]) == ["'=cmd(),,", "Order Completed,54.9000,USD"]


def test_an_event_shows_all_it_said_escaped(colleague, lake) -> None:
    hostile = {"note": "<script>alert(1)</script>"}
    append(order(message_id="m/1 ?", customer_id=12345, properties=hostile, items=[Item(name="Basket", quantity=2)]))
    [found] = log.recent()
    page = colleague.get(found.get_absolute_url())
    text = page.content.decode()
    assert page.status_code == 200 and "Basket" in text and "<dd>54.9</dd>" in text
    assert 'href="/customers/12345/"' in text and ">Customer 12345<" in text
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text
    assert colleague.get("/events/5/m-nothing/").status_code == 404
    assert colleague.get(f"/events/{10**30}/m/").status_code == 404


def test_a_stranger_sees_nothing(client, lake) -> None:
    for path in ("/events/", "/events/arriving/", "/events/5/m/", "/api/v1/events"):
        assert client.get(path).status_code in (302, 401)


def test_the_api_pages_through_the_same_events(program, lake) -> None:
    append(*[event(time=NOON - timedelta(minutes=n)) for n in range(5)], order(customer_id=9))
    first = program("/api/v1/events?limit=4").json()
    second = program(f"/api/v1/events?limit=4&cursor={first['next']}").json()
    got = [item["message_id"] for item in first["items"] + second["items"]]
    assert len(got) == len(set(got)) == 6 and second["next"] is None
    assert [item["value"] for item in program("/api/v1/events?customer=9").json()["items"]] == ["54.9000"]
    assert len(program(f"/api/v1/events?to={NOON:%Y-%m-%dT%H:%M:%SZ}").json()["items"]) == 4
    assert program("/api/v1/events?cursor=bad").status_code == 422


def test_trouble_with_the_lake_is_told(colleague, lake) -> None:
    append(event())
    lake.write_text("in the way")
    flush.step()
    assert "Events wait safely in PostgreSQL" in colleague.get("/events/").content.decode()


def test_the_last_arrival_outlives_the_tail(colleague, lake) -> None:
    append(event(time=timezone.now() - timedelta(minutes=3, seconds=5)))
    flush.flush_everything()
    assert "3 min ago" in colleague.get("/events/arriving/").content.decode()
