"""Who may send: the side of Dovecot's authentication protocol (version 1.2) that Postfix asks about passwords."""

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

_GREETING = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n"


class _Conversation(socketserver.StreamRequestHandler):
    known: ClassVar[dict[str, str]] = {}

    def handle(self) -> None:
        self.wfile.write(_GREETING)
        for line in self.rfile:
            words = line.decode().rstrip("\n").split("\t")
            if words[0] == "AUTH":
                self.wfile.write(self._answer(words[1], words[2:]))

    def _answer(self, number: str, words: list[str]) -> bytes:
        given = next((word[5:] for word in words if word.startswith("resp=")), "")
        _, user, password = [*base64.b64decode(given).decode().split("\0"), "", "", ""][:3]
        good = user in self.known and self.known[user] == password
        return f"{'OK' if good else 'FAIL'}\t{number}\tuser={user}\n".encode()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@dataclass(frozen=True)
class Passwords:
    port: int


@contextmanager
def passwords(known: dict[str, str]) -> Iterator[Passwords]:
    """Answers on a port of its own, on loopback, while the block runs."""
    conversation = type("Conversation", (_Conversation,), {"known": known})
    with _Server(("127.0.0.1", 0), conversation) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Passwords(port=server.server_address[1])
        server.shutdown()
