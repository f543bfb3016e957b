"""`/live/`: server-sent events for the home page, as bare ASGI: an open page costs a queue, no thread, no connection.

Events `moments` (rows to put on top) and `numbers` (today's row) carry HTML made from the same templates as the page.
A stream ends after a quarter of an hour; the browser comes back and its session is looked at again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from karibu.insights import moments, today
from karibu.insights.hub import Audience, Hub, Listener, Told
from karibu.insights.live import Moment
from karibu.web.viewer import zone

PATH = "/live/"
HEARTBEAT = 15.0  # seconds; proxies close a stream that is silent for longer
LONGEST = 15 * 60.0  # seconds

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers GET /live/. 401 without a session: the page then asks from time to time and is led to sign in."""
    if scope["method"] != "GET":
        return await _refuse(send, 405)
    audience = await asyncio.to_thread(_audience, _cookies(scope))
    if audience is None:
        return await _refuse(send, 401)
    listener = hub.join(audience)
    gone = asyncio.create_task(_until_gone(receive, listener))
    try:
        await _begin(send)
        ends = time.monotonic() + LONGEST
        while time.monotonic() < ends:
            told = await listener.next(HEARTBEAT)
            if gone.done():
                return
            await _body(send, _written(told))
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (OSError, RuntimeError):
        pass  # the browser went away in the middle of a sentence
    finally:
        hub.leave(listener)
        gone.cancel()


def rows(audience: Audience, heard: list[Moment]) -> str:
    """The rows of the live stream for these moments, newest first."""
    return _as_seen_by(audience, lambda: _rows(moments.rows(heard)))


def numbers(audience: Audience, _heard: list[Moment]) -> str:
    """The tiles of today's row."""
    return _as_seen_by(
        audience, lambda: render_to_string("insights/_tiles.html", {"tiles": today.tiles(zone(audience.zone))})
    )


def _rows(found: list[moments.Row]) -> str:
    return render_to_string("insights/_moments.html", {"moments": found})


def _as_seen_by(audience: Audience, render: Callable[[], str]) -> str:
    try:
        with timezone.override(zone(audience.zone)), translation.override(audience.language):
            return render()
    finally:
        connection.close()  # back to the pool: this thread may idle for long


hub = Hub(rows, numbers)


def _audience(cookies: dict[str, str]) -> Audience | None:
    """Whose session this is; None for a stranger."""
    try:
        request = HttpRequest()
        request.session = SessionStore(cookies.get(settings.SESSION_COOKIE_NAME))
        user = get_user(request)
        return Audience(user.timezone, user.language) if user.is_authenticated else None
    finally:
        connection.close()


def _cookies(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name.lower() == b"cookie":
            try:
                found |= {key: morsel.value for key, morsel in SimpleCookie(value.decode("latin-1")).items()}
            except CookieError:
                continue
    return found


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.woken.set()


def _written(told: Told | None) -> bytes:
    if told is None:
        return b": still here\n\n"
    lines = "".join(f"data: {line}\n" for line in told.html.splitlines() if line.strip())
    return f"event: {told.event}\n{lines}\n".encode()


async def _begin(send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await _body(send, b"retry: 3000\n\n")


async def _body(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
