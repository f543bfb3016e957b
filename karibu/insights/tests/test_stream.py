"""The live stream over a real server: rows and numbers arrive, names are looked up, strangers get nothing."""

import http.client
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.utils import timezone

from karibu.config.browser import Live
from karibu.customers.models import Customer
from karibu.events.batch import Batch
from karibu.events.tests.making import NOON, event
from karibu.insights import live
from karibu.insights.tests.shop import make_order
from karibu.web.actions import create_user

pytestmark = pytest.mark.django_db(transaction=True)
Page = Callable[[str], http.client.HTTPResponse]


@pytest.fixture
def session() -> str:
    user = create_user("owner@example.com")
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


@pytest.fixture
def page(live: Live) -> Iterator[Page]:
    """Opens the stream as a page does; `page("")` is a stranger's."""
    opened: list[http.client.HTTPConnection] = []

    def open_(session: str) -> http.client.HTTPResponse:
        client = http.client.HTTPConnection(urlsplit(live.url).netloc, timeout=60)
        opened.append(client)
        client.request("GET", "/live/", headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"})
        return client.getresponse()

    open_.clients = opened  # type: ignore[attr-defined]
    yield open_
    for client in opened:
        client.close()


def ears() -> set[int]:
    """The database's connections that listen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'"
            " AND query LIKE 'LISTEN karibu_live%'"
        )
        return {pid for (pid,) in cursor.fetchall()}


def eventually(is_so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def the_only_ear() -> int:
    """The one that an earlier page had may still be closing."""
    eventually(lambda: len(ears()) == 1)
    [ear] = ears()
    return ear


def read_until(stream: http.client.HTTPResponse, text: str) -> str:
    """What the stream says up to the event that holds `text`. Heartbeats keep the socket from timing out."""
    heard, deadline = "", time.monotonic() + 60
    while time.monotonic() < deadline:
        line = stream.readline().decode()
        assert line, heard
        heard += line
        if line == "\n" and text in heard:
            return heard
    raise AssertionError(f"{text!r} did not come; what came: {heard}")


def announce(customer: int, name: str = "Product Viewed") -> None:
    with transaction.atomic():
        with connection.connection.cursor() as cursor:
            live.announce(Batch(events=[event(customer_id=customer, name=name)], now=NOON, cursor=cursor))


def test_what_people_do_arrives_at_every_open_page(page: Page, session: str) -> None:
    aline = Customer.objects.create(name="Aline <3", email="aline@example.com", created_at=NOON)
    one, two = page(session), page(session)
    assert (one.status, one.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    read_until(one, "event: numbers")
    read_until(two, "event: numbers")
    make_order("1042", customer=aline.pk, at=timezone.now(), total="54.90")
    announce(aline.pk)
    for stream in (one, two):
        heard = read_until(stream, "Aline")
        assert "event: moments" in heard and "Aline &lt;3" in heard and "aline@example.com" not in heard
    assert "54.90 USD" in read_until(one, "event: numbers")


def test_strangers_hear_nothing(page: Page) -> None:
    answer = page("")
    assert answer.status == 401
    assert answer.read() == b""
    assert page("no such session").status == 401


def test_the_stream_goes_on_after_the_database_dropped_the_ear(page: Page, session: str) -> None:
    customer = Customer.objects.create(name="Bosco", created_at=NOON)
    stream = page(session)
    read_until(stream, "event: numbers")
    lost = the_only_ear()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [lost])
    eventually(lambda: bool(ears() - {lost}))
    announce(customer.pk)
    assert "Bosco" in read_until(stream, "Bosco")


def test_the_ear_is_closed_with_the_last_page(page: Page, session: str) -> None:
    stream = page(session)
    read_until(stream, "event: numbers")
    the_only_ear()
    page.clients.pop().close()  # type: ignore[attr-defined]
    stream.close()
    eventually(lambda: not ears())
