"""Which write key belongs to which source, in the memory of each web process."""

import asyncio
import time
from dataclasses import dataclass

import psycopg

FRESH = 5.0  # seconds for which what is in memory is believed
AT_MOST = 0.2  # seconds between two readings, however many wrong keys are tried
PATIENCE = 3  # seconds to wait for the database's greeting
QUERY = "SELECT write_key, id, closed_at IS NOT NULL FROM collect_source"


@dataclass(frozen=True)
class Known:
    source_id: int
    closed: bool


class Keys:
    """Reads all sources at most every FRESH seconds, and for an unknown key at once (but once for all who wait)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.known: dict[str, Known] = {}
        self.read_at = float("-inf")
        self.reading = asyncio.Lock()

    def at_hand(self, key: str) -> Known | None:
        """What is in memory of it and may still be believed."""
        return self.known.get(key) if time.monotonic() - self.read_at < FRESH else None

    async def find(self, key: str) -> Known | None:
        """Raises psycopg.Error when an unknown key cannot be looked up: then nobody knows that it is wrong."""
        asked = time.monotonic()
        found = self.known.get(key)
        if found and asked - self.read_at < FRESH:
            return found
        try:
            await self._read_since(asked)
        except (psycopg.Error, OSError):
            if found:
                return found
            raise
        return self.known.get(key)

    async def _read_since(self, asked: float) -> None:
        async with self.reading:
            if self.read_at >= asked:
                return  # somebody else who waited has done it
            await asyncio.sleep(self.read_at + AT_MOST - time.monotonic())
            began = time.monotonic()
            async with await psycopg.AsyncConnection.connect(self.url, connect_timeout=PATIENCE) as database:
                rows = await (await database.execute(QUERY)).fetchall()
            self.known = {key: Known(source_id, closed) for key, source_id, closed in rows}
            self.read_at = began
