"""Durable before 200: what many requests bring is written by one COPY and one commit.

While one flush is being made durable the next one fills up, so the number of fsyncs stays small under load and a
lone request waits for nobody. One connection, so that rows get their ids in the order in which requests came.
"""

import asyncio
import contextlib
import logging
import time

import psycopg

from karibu.collect import barrier, bundle, intake
from karibu.collect.intake import Intake
from karibu.events.wake import CHANNEL

MOST_WAITING = 32 * 1024 * 1024  # bytes in memory; beyond that clients are told to come back
MOST_AT_ONCE = 4 * 1024 * 1024  # bytes in one commit
NOTICE_EVERY = 0.05  # seconds between wake-ups of the workers: NOTIFY makes commits wait for each other
PATIENCE = 3  # seconds to wait for the database's greeting


log = logging.getLogger("karibu.collect")


class Full(Exception):
    """More is waiting than may wait; nothing was kept."""


class Unavailable(Exception):
    """The database did not confirm. The sender must send again (messageIds make that harmless)."""


class Inbox:
    """Belongs to one event loop."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.waiting: list[tuple[Intake, asyncio.Future[None]]] = []
        self.size = 0  # bytes waiting or being written
        self.filled = asyncio.Event()
        self.connection: psycopg.AsyncConnection | None = None
        self.noticed_at = float("-inf")
        self.notice_owed = False
        self.sending = False  # something of the present flush has gone out
        self.writer: asyncio.Task[None] | None = None

    def keep(self, brought: Intake) -> asyncio.Future[None]:
        """To be awaited: done once `brought` is durable. Raises Full now or Unavailable then."""
        if self.size + brought.size > MOST_WAITING and self.size:
            raise Full
        if self.writer is None or self.writer.done():
            self.loop = asyncio.get_running_loop()  # asked seldom: it is a system call
            self.writer = self.loop.create_task(self._write_for_ever())
        durable = self.loop.create_future()
        self.waiting.append((brought, durable))
        self.size += brought.size
        if not self.filled.is_set():
            self.filled.set()
        return durable

    async def close(self) -> None:
        if self.writer:
            self.writer.cancel()
        await self._hang_up()

    async def _write_for_ever(self) -> None:
        while True:
            await self._until_filled()
            taken = self._take()
            outcome: Exception | None = None
            try:
                await self._write([brought for brought, _ in taken])
            except Exception as error:  # whatever it is, nobody is told that their events are safe
                log.warning("the inbox could not be written (%s); its senders are asked to send again", _kind(error))
                outcome = Unavailable(_kind(error))
                await self._hang_up()
            for brought, durable in taken:
                self.size -= brought.size
                if not durable.done():  # its client may have gone away
                    durable.set_exception(outcome) if outcome else durable.set_result(None)

    async def _until_filled(self) -> None:
        """Meanwhile tells the workers, unless they have just been told: NOTIFY makes commits wait for each other."""
        while self.notice_owed:
            pause = self.noticed_at + NOTICE_EVERY - time.monotonic()
            if pause <= 0:
                await self._give_notice()
            elif self.waiting:
                return
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.filled.wait(), pause)
        await self.filled.wait()

    def _take(self) -> list[tuple[Intake, asyncio.Future[None]]]:
        size = count = 0
        while count < len(self.waiting) and (size < MOST_AT_ONCE or not count):
            size += self.waiting[count][0].size
            count += 1
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        if not self.waiting:
            self.filled.clear()
        return taken

    async def _write(self, brought: list[Intake]) -> None:
        """One transaction. A connection that turns out to be dead before anything was sent on it is replaced once."""
        rows = bundle.rows_of(parcel for one in brought for parcel in one.parcels)
        rejected = [row for one in brought for row in one.rejected]
        try:
            await self._send(rows, rejected)
        except psycopg.OperationalError:
            if self.sending:
                raise  # whether it was committed nobody knows
            await self._hang_up()
            await self._send(rows, rejected)
        self.notice_owed = self.notice_owed or bool(rows)

    async def _send(self, rows: list[tuple[object, ...]], rejected: list[tuple[object, ...]]) -> None:
        self.sending = False
        connection = await self._connected()
        if rejected:
            async with connection.transaction():
                rejected = await barrier.passing_on(connection, rejected, intake.body_of)
                await self._copy(intake.REJECTED, intake.REJECTED_COLUMNS, intake.REJECTED_TYPES, rejected)
                await self._copy(bundle.INBOX, bundle.INBOX_COLUMNS, bundle.INBOX_TYPES, rows)
        else:  # alone, a COPY is its own transaction and needs no BEGIN and COMMIT to travel
            await self._copy(bundle.INBOX, bundle.INBOX_COLUMNS, bundle.INBOX_TYPES, rows)

    async def _connected(self) -> psycopg.AsyncConnection:
        if self.connection is None or self.connection.closed:
            self.connection = await psycopg.AsyncConnection.connect(
                self.url, connect_timeout=PATIENCE, application_name="karibu inbox", autocommit=True
            )
        return self.connection

    async def _copy(
        self, table: str, columns: tuple[str, ...], types: tuple[str, ...], rows: list[tuple[object, ...]]
    ) -> None:
        if not rows:
            return
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
        async with (await self._connected()).cursor() as cursor, cursor.copy(statement) as copy:
            self.sending = True
            copy.set_types(types)
            for row in rows:
                await copy.write_row(row)

    async def _give_notice(self) -> None:
        self.notice_owed, self.noticed_at = False, time.monotonic()
        try:
            connection = await self._connected()
            await connection.execute("SELECT pg_notify(%s, 'pipeline')", [CHANNEL])
        except (psycopg.Error, OSError):
            await self._hang_up()  # the workers look by themselves every few seconds

    async def _hang_up(self) -> None:
        connection, self.connection = self.connection, None
        if connection:
            await connection.close()


def _kind(error: Exception) -> str:
    """Never its text, which may quote rows."""
    return type(error).__name__
