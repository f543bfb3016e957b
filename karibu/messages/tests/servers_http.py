"""A provider's HTTP server of a test's own, on loopback: what it was asked, and what it says, is up to the test."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Said = tuple[int, Any, dict[str, str]]  # status, body (JSON unless bytes), headers


class HangUp(Exception):
    """Raised by a server's answer: the connection ends without one, after the request was read."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Any  # of any spelling
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def keys(self) -> tuple[str, str]:
        """Of Basic authentication."""
        scheme, _, word = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return "", ""
        name, _, secret = base64.b64decode(word).decode().partition(":")
        return name, secret


@dataclass
class Server:
    """`trouble` are answers that come first, one a request."""

    answer: Callable[[Request], Said]
    url: str = ""
    asked: list[Request] = field(default_factory=list)
    trouble: list[Said | type[HangUp]] = field(default_factory=list)
    connections: int = 0

    def say(self, request: Request) -> Said:
        self.asked.append(request)
        if self.trouble:
            now = self.trouble.pop(0)
            if not isinstance(now, tuple):
                raise now
            return now
        return self.answer(request)


@contextmanager
def serving(answer: Callable[[Request], Said]) -> Iterator[Server]:
    # In one piece: the library makes a handler for each request, which knows this server by standing inside.
    server = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            server.connections += 1
            super().setup()

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:  # whoever asked died on the way
                self.close_connection = True
                return
            parts = urlsplit(self.path)
            request = Request(self.command, parts.path, dict(parse_qsl(parts.query)), self.headers, body)
            try:
                status, said, headers = server.say(request)
            except HangUp:
                self.close_connection = True
                return
            raw = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_DELETE = do_PUT = _any

        def log_message(self, *args: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server.url = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
