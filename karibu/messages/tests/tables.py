"""What Postfix asks while it talks: whether a password is right (Dovecot's authentication protocol 1.2), and what to
say to a recipient (tcp_table). Answered here at once, so that a test may change its mind without a new configuration.
"""

import base64
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar
from urllib.parse import quote, unquote

_GREETING = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n"


class Conversation(socketserver.StreamRequestHandler):
    """Lines in, lines out, about what `known` says at that moment."""

    known: ClassVar[Mapping[str, str]] = {}
    greeting = b""

    def handle(self) -> None:
        self.wfile.write(self.greeting)
        for line in self.rfile:
            self.wfile.write(self.answer(line.decode().rstrip("\n")).encode())

    def answer(self, line: str) -> str:
        raise NotImplementedError


class Passwords(Conversation):
    greeting = _GREETING

    def answer(self, line: str) -> str:
        words = line.split("\t")
        if words[0] != "AUTH":
            return ""
        given = next((word[5:] for word in words if word.startswith("resp=")), "")
        _, user, password = [*base64.b64decode(given).decode().split("\0"), "", "", ""][:3]
        good = user in self.known and self.known[user] == password
        return f"{'OK' if good else 'FAIL'}\t{words[1]}\tuser={user}\n"


class Answers(Conversation):
    def answer(self, line: str) -> str:
        found = self.known.get(unquote(line.removeprefix("get ")))
        return f"200 {quote(found)}\n" if found else "500 unknown\n"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def answering(kind: type[Conversation], known: Mapping[str, str]) -> Iterator[int]:
    """Answers on a port of its own, on loopback, while the block runs; gives the port."""
    with _Server(("127.0.0.1", 0), type(kind.__name__, (kind,), {"known": known})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
