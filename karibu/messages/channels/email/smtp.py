"""One connection to a mail server (RFC 5321, 2920 pipelining, 3207 STARTTLS, 4954 AUTH, 6531).

`smtp://user:password@host:587` uses STARTTLS when it is offered and insists on it before a password is sent;
`smtps://` is TLS from the start. `?starttls=required` or `?starttls=no` says otherwise. The server's certificate is
always checked: against this machine's authorities, or against the file of `?ca=/path/to/ca.pem`. `?connections=16` is
how many of them one worker opens at most.

Opening waits for the server. Afterwards nothing does: `push` sends what the line takes at once, `pull` gives the
replies that have come. What is said in which order is the courier's affair (courier.py).
"""

import base64
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

NO_SERVER = "KARIBU_SMTP_URL must look like smtp://user:password@host:587 or smtps://host"
CONNECT, ANSWER = 15, 60  # seconds; a server may think long after the last dot
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_QUICKACK = getattr(socket, "TCP_QUICKACK", 0)  # Linux
_MOST = 100_000  # bytes of one reply
_READ = 65536  # at once


class Reply(NamedTuple):
    """What a server said: the code, the enhanced status code (RFC 3463) if any, and the text on one line."""

    code: int
    enhanced: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class Unreachable(Exception):
    """No conversation: the server cannot be reached, or does not want us. Nothing was handed over."""


class NotTaken(Exception):
    """The server did not take this one message; `reason` of the closed set, where it is known."""

    def __init__(self, words: str = "", reason: str = "") -> None:
        super().__init__(words)
        self.reason = reason


class Broken(Exception):
    """The connection broke, or what is at its other end is no mail server."""


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    starttls: str = "offered"  # offered required no
    ca: str = ""  # a file of certificates to trust instead of the machine's
    connections: int = 16  # of one worker, at most

    @classmethod
    def of(cls, url: str) -> "Server":
        """Reads KARIBU_SMTP_URL. Raises ValueError for what is no SMTP URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError(NO_SERVER)
        tls = parts.scheme == "smtps"
        wishes = {name: values[0] for name, values in parse_qs(parts.query).items()}
        port = parts.port or (465 if tls else 587 if parts.username else 25)
        return cls(
            host=parts.hostname,
            port=port,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=tls,
            starttls=wishes.get("starttls", "offered"),
            ca=wishes.get("ca", ""),
            connections=min(max(int(wishes.get("connections", "16")), 1), 64),
        )


class Connection:
    """One conversation. Not for use by two threads at once."""

    def __init__(self, server: Server, hello: str = "localhost") -> None:
        self.server, self.hello = server, hello
        self.extensions: dict[str, str] = {}
        self.unsent = b""  # what the line has not taken yet
        self._buffer = b""
        try:
            self._open()
        except (OSError, ssl.SSLError, Broken) as error:
            self.close()
            raise Unreachable(reason(error)) from None
        except Unreachable:
            self.close()
            raise

    def _open(self) -> None:
        server = self.server
        self.socket: socket.socket = socket.create_connection((server.host, server.port), timeout=CONNECT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.tls:
            self.socket = _secure(self.socket, server)
        self._expect(2, self._read())
        self._greet()
        if not server.tls and server.starttls != "no":
            self._start_tls()
        if server.user:
            self._sign_in()
        self.socket.settimeout(0)

    def push(self, text: bytes) -> None:
        """Sends this after what is still unsent, as much as the line takes at once. Raises OSError."""
        rest = memoryview(self.unsent + text if self.unsent else text)
        try:
            while rest:
                rest = rest[self.socket.send(rest) :]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        self.unsent = bytes(rest)

    def pull(self) -> Iterator[Reply]:
        """The replies that have come. Raises OSError, or Broken where the server has hung up."""
        try:
            while True:
                more = self.socket.recv(_READ)
                if not more:
                    raise Broken("the mail server closed the connection")
                self._buffer += more
                if _QUICKACK:  # a server that writes its replies one by one would wait 40 ms for each to be confirmed
                    self.socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
                while reply := self._reply():
                    yield reply
                if len(more) < _READ and not isinstance(self.socket, ssl.SSLSocket):  # it has said no more until now
                    return
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return

    def is_alive(self) -> bool:
        """Whether it answers, when nothing is under way."""
        try:
            self.socket.settimeout(CONNECT)
            answered = self._ask("NOOP").code // 100 == 2
            self.socket.settimeout(0)
        except (OSError, Broken):
            return False
        return answered

    def close(self, *, politely: bool = True) -> None:
        """Says goodbye. Not `politely`: in the middle of a message, which the server then throws away."""
        if hasattr(self, "socket"):
            with suppress(OSError):
                if politely:
                    self.socket.send(b"QUIT\r\n")
            self.socket.close()

    def _greet(self) -> None:
        reply = self._ask(f"EHLO {self.hello}")
        if reply.code // 100 != 2:
            self._expect(2, self._ask(f"HELO {self.hello}"))
            return
        words = [line.split(" ", 1) for line in reply.text.split("\n")[1:]]
        self.extensions = {word[0].upper(): word[1] if len(word) > 1 else "" for word in words}

    def _start_tls(self) -> None:
        if "STARTTLS" not in self.extensions:
            if self.server.starttls == "required" or self.server.user:
                raise Unreachable(
                    "the mail server offers no encryption, which a password needs (?starttls=no allows it)"
                )
            return
        self._expect(2, self._ask("STARTTLS"))
        self._buffer = b""  # what came before the handshake is nobody's word (CVE-2011-0411)
        self.socket = _secure(self.socket, self.server)
        self._greet()

    def _sign_in(self) -> None:
        server = self.server
        offered = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in offered or "LOGIN" not in offered:
            self._expect(2, self._ask(f"AUTH PLAIN {_b64(f'{chr(0)}{server.user}{chr(0)}{server.password}')}"))
            return
        self._expect(3, self._ask("AUTH LOGIN"))
        self._expect(3, self._ask(_b64(server.user)))
        self._expect(2, self._ask(_b64(server.password)))

    def _ask(self, command: str) -> Reply:
        self.socket.sendall(f"{command}\r\n".encode())
        return self._read()

    def _read(self) -> Reply:
        """One reply, waited for."""
        while not (reply := self._reply()):
            more = self.socket.recv(_READ)
            if not more:
                raise Broken("the mail server closed the connection")
            self._buffer += more
        return reply

    def _reply(self) -> Reply | None:
        """The first reply of what has come, once all its lines are there."""
        lines: list[str] = []
        start = 0
        while (end := self._buffer.find(b"\n", start)) >= 0:
            text = self._buffer[start:end].decode("utf-8", "replace").rstrip("\r")
            start = end + 1
            if not text[:3].isdigit():
                raise Broken("the mail server speaks no SMTP")
            lines.append(text[4:])
            if text[3:4] != "-":
                self._buffer = self._buffer[start:]
                whole = "\n".join(lines)
                code = int(text[:3])
                enhanced = _ENHANCED.match(whole) if code >= 400 else None  # nobody asks it of a yes
                return Reply(code, enhanced[1] if enhanced else "", whole)
        if len(self._buffer) > _MOST:
            raise Broken("the mail server speaks no SMTP")
        return None

    def _expect(self, kind: int, reply: Reply) -> None:
        if reply.code // 100 != kind:
            raise Unreachable(f"the mail server answered {reply}")


def _secure(plain: socket.socket, server: Server) -> socket.socket:
    try:
        context = ssl.create_default_context(cafile=server.ca or None)
    except OSError as error:
        raise Unreachable(f"the certificates of ?ca={server.ca} cannot be read: {error.strerror or error}") from None
    return context.wrap_socket(plain, server_hostname=server.host)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def reason(error: Exception) -> str:
    return str(error) or type(error).__name__
