"""An SMTP client for many messages over one connection (RFC 5321, 2920 pipelining, 3207 STARTTLS, 4954 AUTH, 6531).

`smtp://user:password@host:587` uses STARTTLS when it is offered and insists on it before a password is sent;
`smtps://` is TLS from the start. `?starttls=required` or `?starttls=no` says otherwise.
"""

import base64
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

CONNECT, ANSWER = 15, 60  # seconds; a server may think long after the last dot
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_DOT = re.compile(rb"^\.", re.MULTILINE)


class Reply(NamedTuple):
    """What a server said: the code, the enhanced status code (RFC 3463) if any, and the text on one line."""

    code: int
    enhanced: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class Unreachable(Exception):
    """No conversation: the server cannot be reached, or does not want us. Nothing was handed over."""


class Refused(Exception):
    """The server refused this one message; `reply` says whether for now (4xx) or for good (5xx).

    `about` is what it refused: "sender", "recipient" or "content".
    """

    def __init__(self, reply: Reply, about: str) -> None:
        super().__init__(str(reply))
        self.reply, self.about = reply, about


class Broken(Exception):
    """The connection broke. `in_doubt`: after the last dot, so nobody knows whether the message was taken."""

    def __init__(self, reason: str, *, in_doubt: bool) -> None:
        super().__init__(reason)
        self.in_doubt = in_doubt


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    starttls: str = "offered"  # offered required no

    @classmethod
    def of(cls, url: str) -> "Server":
        """Reads KARIBU_SMTP_URL. Raises ValueError for what is no SMTP URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("KARIBU_SMTP_URL must look like smtp://user:password@host:587 or smtps://host")
        tls = parts.scheme == "smtps"
        wish = parse_qs(parts.query).get("starttls", ["offered"])[0]
        port = parts.port or (465 if tls else 587 if parts.username else 25)
        return cls(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), tls, wish)


class Connection:
    """One conversation. Not for use by two threads at once."""

    def __init__(self, server: Server, hello: str = "localhost") -> None:
        self.server, self.hello = server, hello
        self.extensions: dict[str, str] = {}
        self._buffer = b""
        try:
            self._open()
        except (OSError, ssl.SSLError, Broken) as error:
            self.close()
            raise Unreachable(_reason(error)) from None
        except Unreachable:
            self.close()
            raise

    def _open(self) -> None:
        server = self.server
        self.socket: socket.socket = socket.create_connection((server.host, server.port), timeout=CONNECT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.tls:
            self.socket = _secure(self.socket, server.host)
        self._expect(2, self._read())
        self._greet()
        if not server.tls and server.starttls != "no":
            self._start_tls()
        if server.user:
            self._sign_in()
        self.socket.settimeout(ANSWER)

    def send(self, sender: str, recipient: str, raw: bytes) -> Reply:
        """Hands one message over. Raises Refused or Broken; after Refused the connection can be used on."""
        if not recipient.isascii() and "SMTPUTF8" not in self.extensions:
            raise Refused(Reply(553, "5.6.7", "the mail server cannot take addresses beyond ASCII"), "recipient")
        extra = "" if recipient.isascii() else " SMTPUTF8 BODY=8BITMIME"
        envelope = [f"MAIL FROM:<{sender}>{extra}", f"RCPT TO:<{recipient}>", "DATA"]
        try:
            mail, rcpt, data = self._pipelined(envelope)
        except (OSError, Broken) as error:
            raise Broken(_reason(error), in_doubt=False) from None
        for reply, about in ((mail, "sender"), (rcpt, "recipient"), (data, "content")):
            if reply.code // 100 not in (2, 3):
                self._abandon(data)
                raise Refused(reply, about)
        return self._body(raw)

    def _pipelined(self, commands: list[str]) -> list[Reply]:
        """The whole envelope in one packet where the server allows it, else command by command."""
        if "PIPELINING" in self.extensions:
            self.socket.sendall("".join(f"{command}\r\n" for command in commands).encode())
            return [self._read() for _ in commands]
        replies: list[Reply] = []
        for command in commands:
            refused = replies and replies[-1].code // 100 not in (2, 3)
            replies.append(Reply(503, "", "not asked") if refused else self._ask(command))
        return replies

    def _body(self, raw: bytes) -> Reply:
        try:
            self.socket.sendall(_DOT.sub(b"..", raw) + (b".\r\n" if raw.endswith(b"\r\n") else b"\r\n.\r\n"))
            reply = self._read()
        except (OSError, Broken) as error:
            raise Broken(_reason(error), in_doubt=True) from None
        if reply.code // 100 != 2:
            raise Refused(reply, "content")
        return reply

    def _abandon(self, data: Reply) -> None:
        """Ends a transaction that will not be completed, whatever state the server is in."""
        try:
            if data.code == 354:  # it waits for a body although it took no recipient: an empty one is refused
                self.socket.sendall(b".\r\n")
                self._read()
            self._ask("RSET")
        except (OSError, Broken):
            self.close()

    def is_alive(self) -> bool:
        try:
            return self._ask("NOOP").code // 100 == 2
        except (OSError, Broken):
            return False

    def close(self) -> None:
        if hasattr(self, "socket"):
            with suppress(OSError):
                self.socket.sendall(b"QUIT\r\n")
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
        self.socket = _secure(self.socket, self.server.host)
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
        """One reply, all its lines."""
        lines: list[str] = []
        while True:
            while b"\n" not in self._buffer:
                more = self.socket.recv(65536)
                if not more or len(self._buffer) > 100_000:
                    raise Broken("the mail server closed the connection", in_doubt=False)
                self._buffer += more
            line, _, self._buffer = self._buffer.partition(b"\n")
            text = line.decode("utf-8", "replace").rstrip("\r")
            if not text[:3].isdigit():
                raise Broken("the mail server speaks no SMTP", in_doubt=False)
            lines.append(text[4:])
            if text[3:4] != "-":
                break
        whole = "\n".join(lines)
        enhanced = _ENHANCED.match(whole)
        return Reply(int(text[:3]), enhanced[1] if enhanced else "", whole)

    def _expect(self, kind: int, reply: Reply) -> None:
        if reply.code // 100 != kind:
            raise Unreachable(f"the mail server answered {reply}")


def _secure(plain: socket.socket, host: str) -> socket.socket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
