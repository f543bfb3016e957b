"""One ear per web process: hears what the pipeline announces and tells every open home page of it.

The ear is opened with the first listener and closed with the last, so a process nobody looks at does nothing.
Everything is rendered once per audience (a zone and a language), not once per listener.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo

from karibu.insights import live
from karibu.insights.live import Moment

log = logging.getLogger("karibu.live")

WAITING = 50  # messages a slow browser may be behind; then it misses the oldest
BEAT = 1.0  # seconds between two looks at what was heard
NUMBERS_AT_MOST_EVERY = 2.0  # seconds
NUMBERS_AT_LEAST_EVERY = 20.0  # seconds: "now" moves on by itself


class Audience(NamedTuple):
    """Everyone for whom a page looks the same."""

    zone: str
    language: str


class Told(NamedTuple):
    """One server-sent event: its name and its HTML."""

    event: str
    html: str


Render = Callable[[Audience, list[Moment]], str]


@dataclass(eq=False)
class Listener:
    """One open page. When it is too slow it loses the oldest, never memory."""

    audience: Audience
    queue: deque[Told] = field(default_factory=lambda: deque(maxlen=WAITING))
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, told: Told) -> None:
        self.queue.append(told)
        self.woken.set()

    async def next(self, seconds: float) -> Told | None:
        """What is next, or None when nothing came for `seconds`, or was woken for nothing: the page has gone."""
        if not self.queue:
            self.woken.clear()
            try:
                await asyncio.wait_for(self.woken.wait(), seconds)
            except TimeoutError:
                return None
        return self.queue.popleft() if self.queue else None


class Hub:
    """`rows` renders moments and `numbers` today's row; both run in a thread and may use the database."""

    def __init__(self, rows: Render, numbers: Render) -> None:
        self.rows, self.numbers = rows, numbers
        self.listeners: set[Listener] = set()
        self.heard: deque[Moment] = deque(maxlen=live.TOLD)
        self.is_news = False
        self.told_at = 0.0
        self.last_numbers: dict[Audience, str] = {}
        self.tasks: list[asyncio.Task[None]] = []

    def join(self, audience: Audience) -> Listener:
        listener = Listener(audience)
        self.listeners.add(listener)
        if not self.tasks:
            self.tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._tell())]
        return listener

    def leave(self, listener: Listener) -> None:
        self.listeners.discard(listener)
        if not self.listeners:
            for task in self.tasks:
                task.cancel()
            self.tasks, self.last_numbers = [], {}

    async def _listen(self) -> None:
        """After a lost connection it listens again; what was said meanwhile shows in the numbers."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(_database(), autocommit=True) as ear:
                    await ear.execute(f"LISTEN {live.CHANNEL}")
                    self.is_news = True  # whatever happened while nobody listened
                    async for notice in ear.notifies():
                        self._hear(live.read(notice.payload))
            except psycopg.Error:
                await asyncio.sleep(1)

    def _hear(self, announcement: live.Announcement) -> None:
        self.heard.extend(reversed(announcement.moments))
        self.is_news = True

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                await self._tell_once()
            except Exception:
                log.exception("the live page could not be told what happens")
                await asyncio.sleep(5)

    async def _tell_once(self) -> None:
        moments = [*self.heard]
        self.heard.clear()
        passed = time.monotonic() - self.told_at
        due = passed > (NUMBERS_AT_MOST_EVERY if self.is_news else NUMBERS_AT_LEAST_EVERY)
        for audience in {listener.audience for listener in self.listeners}:
            if moments:
                self._send(audience, "moments", await asyncio.to_thread(self.rows, audience, moments[::-1]))
            if due:
                await self._tell_numbers(audience)
        if due:
            self.is_news, self.told_at = False, time.monotonic()

    async def _tell_numbers(self, audience: Audience) -> None:
        html = await asyncio.to_thread(self.numbers, audience, [])
        if self.last_numbers.get(audience) != html:
            self.last_numbers[audience] = html
            self._send(audience, "numbers", html)

    def _send(self, audience: Audience, event: str, html: str) -> None:
        for listener in self.listeners:
            if listener.audience == audience:
                listener.tell(Told(event, html))


def _database() -> str:
    """Where Django's own connections go; the ear is not one of the pool, which it would hold for ever."""
    given = connections["default"].settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return make_conninfo(**{name: str(given[key]) for name, key in names.items() if given[key]})
