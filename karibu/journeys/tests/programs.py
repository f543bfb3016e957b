"""A program of the shop's own that journeys ask: a real server on loopback."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Program(ThreadingHTTPServer):
    """A real server; `answers` are (status, body) in turn, the last one for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, bytes]] = [(200, b"{}")]
        self.heard: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.drips = False
        self.was_left = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/ask"


class Handler(BaseHTTPRequestHandler):
    server: Program

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), json.loads(raw)))
        status, body = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.send_response(status)
        if self.server.drips:
            self.end_headers()
            self._drip()
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        """A minute of it, or until whoever asked has gone."""
        for _ in range(1200):
            try:
                self.wfile.write(b" ")
            except OSError:
                self.server.was_left.set()
                return
            time.sleep(0.05)

    def log_message(self, format: str, *args: Any) -> None:
        return
