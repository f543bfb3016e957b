"""A mail server for measurements: takes or refuses by the recipient's name, and counts what it took, by recipient."""

import asyncio
import json
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from karibu.messages.tests.servers import _answers, free_port, wait_for

_GREETING = b"250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class Session(asyncio.Protocol):
    """One client (RFC 5321). What stands in `taken` was answered 250."""

    def __init__(self, taken: Counter[str], seen: set[str], for_now: float, for_good: float) -> None:
        self.taken, self.seen, self.for_now, self.for_good = taken, seen, for_now, for_good
        self.buffer, self.in_body, self.recipient = bytearray(), False, ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 sink.example\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self.step():
            pass

    def step(self) -> bool:
        mark = b"\r\n.\r\n" if self.in_body else b"\r\n"
        end = self.buffer.find(mark, max(0, len(self.buffer) - 70_000) if self.in_body else 0)
        if end < 0:
            return False
        line = b"" if self.in_body else bytes(self.buffer[:end])
        del self.buffer[: end + len(mark)]
        self.transport.write(self.body_ended() if self.in_body else self.answer(line))
        return True

    def body_ended(self) -> bytes:
        self.in_body = False
        self.taken[self.recipient] += 1
        return b"250 2.0.0 taken\r\n"

    def answer(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return _GREETING
        if verb == b"RCPT":
            return self.on_recipient(line.partition(b"<")[2].partition(b">")[0].decode())
        if verb == b"DATA":
            if not self.recipient:
                return b"503 5.5.1 no recipient\r\n"
            self.in_body = True
            return b"354 go on\r\n"
        if verb in (b"MAIL", b"RSET"):
            self.recipient = ""
        return b"250 2.0.0 ok\r\n"

    def on_recipient(self, recipient: str) -> bytes:
        draw = zlib.crc32(recipient.encode()) / 2**32
        if draw < self.for_good:
            return b"550 5.1.1 nobody of this name\r\n"
        if draw < self.for_good + self.for_now and recipient not in self.seen:
            self.seen.add(recipient)
            return b"451 4.7.1 later\r\n"
        self.recipient = recipient
        return b"250 2.1.5 ok\r\n"


async def serve(port: int, for_now: float, for_good: float) -> None:
    taken: Counter[str] = Counter()
    seen: set[str] = set()
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Session(taken, seen, for_now, for_good), "127.0.0.1", port)
    await loop.run_in_executor(None, sys.stdin.readline)
    print(json.dumps(taken), flush=True)


@dataclass
class CountingSink:
    port: int
    process: "subprocess.Popen[str]"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def taken(self) -> Counter[str]:
        """Ends it; {recipient: how many mails it took}."""
        said, _ = self.process.communicate("\n", timeout=60)
        return Counter(json.loads(said))


@contextmanager
def counting_sink(for_now: float = 0, for_good: float = 0) -> Iterator[CountingSink]:
    port = free_port()
    command = [
        sys.executable,
        "-c",
        f"import asyncio; from bench.mail_sink import serve; asyncio.run(serve({port}, {for_now}, {for_good}))",
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: _answers(port))
        yield CountingSink(port, process)
    finally:
        process.kill()
        process.wait()
