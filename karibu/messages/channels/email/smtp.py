"""An SMTP client for many messages over one connection (RFC 5321, 2920 pipelining, 3207 STARTTLS, 4954 AUTH, 6531).

`smtp://user:password@host:587` uses STARTTLS when it is offered and insists on it before a password is sent;
`smtps://` is TLS from the start. `?starttls=required` or `?starttls=no` says otherwise. The server's certificate is
always checked: against this machine's authorities, or against the file of `?ca=/path/to/ca.pem`.

A message is handed over in two steps. `offer` transmits all of it but the last line: until then the server must throw
it away when the connection ends (RFC 5321, 4.1.1.4), so whatever happens it has not been sent. `commit` transmits the
dot that makes it the server's.
"""

import base64
import re
import select
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

NO_SERVER = "KARIBU_SMTP_URL must look like smtp://user:password@host:587 or smtps://host"
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
    ca: str = ""  # a file of certificates to trust instead of the machine's

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
        )


class Connection:
    """One conversation. Not for use by two threads at once."""

    def __init__(self, server: Server, hello: str = "localhost") -> None:
        self.server, self.hello = server, hello
        self.extensions: dict[str, str] = {}
        self._buffer = b""
        self._is_offering = False
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
            self.socket = _secure(self.socket, server)
        self._expect(2, self._read())
        self._greet()
        if not server.tls and server.starttls != "no":
            self._start_tls()
        if server.user:
            self._sign_in()
        self.socket.settimeout(ANSWER)

    def send(self, sender: str, recipient: str, raw: bytes) -> Reply:
        """Hands one message over. Raises Refused or Broken; after Refused the connection can be used on."""
        self.offer(sender, recipient, raw)
        return self.commit()

    def offer(self, sender: str, recipient: str, raw: bytes) -> None:
        """All of one message but its last line. Raises Refused, or Broken that is never in doubt.

        What follows is `commit`, or `close` to take it back.
        """
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
        self._is_offering = True
        try:
            self.socket.sendall(_DOT.sub(b"..", raw) + (b"" if raw.endswith(b"\r\n") else b"\r\n"))
        except OSError as error:
            raise Broken(_reason(error), in_doubt=False) from None

    def commit(self) -> Reply:
        """The last line. Raises Refused, or Broken: in doubt where only the server knows whether it has heard it."""
        if self._has_hung_up():
            raise Broken("the mail server closed the connection in the middle of the message", in_doubt=False)
        try:
            self.socket.sendall(b".\r\n")
            self._is_offering = False
            reply = self._read()
        except (OSError, Broken) as error:
            raise Broken(_reason(error), in_doubt=True) from None
        if reply.code // 100 != 2:
            raise Refused(reply, "content")
        return reply

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

    def _abandon(self, data: Reply) -> None:
        """Ends a transaction that will not be completed, whatever state the server is in."""
        try:
            if data.code == 354:  # it waits for a body although it took no recipient: an empty one is refused
                self.socket.sendall(b".\r\n")
                self._read()
            self._ask("RSET")
        except (OSError, Broken):
            self.close()

    def _has_hung_up(self) -> bool:
        """Whether the other end is known to be gone, without reading: asked before saying what cannot be unsaid."""
        ends = select.poll()
        ends.register(self.socket, getattr(select, "POLLRDHUP", 0))  # POLLHUP and POLLERR come by themselves
        return bool(ends.poll(0))

    def is_alive(self) -> bool:
        try:
            return self._ask("NOOP").code // 100 == 2
        except (OSError, Broken):
            return False

    def close(self) -> None:
        """Says goodbye; a message that was offered and not committed is taken back by hanging up."""
        if hasattr(self, "socket"):
            with suppress(OSError):
                if not self._is_offering:
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


def _secure(plain: socket.socket, server: Server) -> socket.socket:
    try:
        context = ssl.create_default_context(cafile=server.ca or None)
    except OSError as error:
        raise Unreachable(f"the certificates of ?ca={server.ca} cannot be read: {error.strerror or error}") from None
    return context.wrap_socket(plain, server_hostname=server.host)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
