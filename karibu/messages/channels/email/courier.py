"""Letters over one connection, one after the other, without anybody waiting for it (RFC 5321, 2920).

A letter is handed over in two steps. First all of it but its last line: until then the server must throw it away when
the connection ends (RFC 5321, 4.1.1.4), so whatever happens it has not been sent. Then, by `finish`, the dot that makes
it the server's; the next letter's envelope goes with it, so that a letter costs one round trip.
"""

import re
import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from karibu.messages.channels import Letter
from karibu.messages.channels.email.smtp import Broken, Connection, Reply

_DOT = re.compile(rb"\r\n\.")
_ENVELOPE = ("sender", "recipient", "content")  # what the answers to its three commands are about
_SAID_AT_ONCE = _ENVELOPE[:2]  # by who pipelines
_END, _AFTER = "end", "after"  # what else is answered: the last line; what ends an envelope that was refused


class Answer(NamedTuple):
    """The server's last word on a letter; `about` is "sender", "recipient" or "content"."""

    letter: Letter
    reply: Reply
    about: str


class Courier:
    """`letter` is on its way but for its last line, `ending` has had it and is not answered yet."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.pipelines = "PIPELINING" in connection.extensions
        self.letter: Letter | None = None
        self.ending: Letter | None = None
        self.moved = time.monotonic()
        self._is_offered = False
        self._commands: deque[tuple[str, str]] = deque()
        self._awaited: deque[str] = deque()
        self._refusal: tuple[Reply, str] | None = None

    @property
    def is_idle(self) -> bool:
        return self.letter is None and self.ending is None

    @property
    def is_free(self) -> bool:
        return self.is_idle and (self.pipelines or not self._awaited)

    @property
    def is_offering(self) -> bool:
        """Whether the letter has left but for its last line."""
        return self._is_offered and not self.connection.unsent

    def refuses(self, letter: Letter) -> Answer | None:
        """What this server cannot take, without asking it (RFC 6531)."""
        if letter.recipient.isascii() or "SMTPUTF8" in self.connection.extensions:
            return None
        reply = Reply(553, "5.6.7", "the mail server cannot take addresses beyond ASCII")
        return Answer(letter, reply, "recipient")

    def take(self, letter: Letter) -> None:
        """Begins with a letter. Raises OSError, as all that speaks."""
        self._push(self._envelope(letter))

    def finish(self, following: Letter | None) -> None:
        """The last line, and where the server pipelines the beginning of the following letter."""
        self.ending, self.letter, self._is_offered = self.letter, None, False
        self._awaited.append(_END)
        self._push(b".\r\n" + (self._envelope(following) if following else b""))

    def hear(self) -> Iterator[Answer]:
        """Goes on with what the server has said meanwhile. Raises OSError or Broken."""
        self.moved = time.monotonic()
        for reply in self.connection.pull():
            if not self._awaited:
                raise Broken(f"the mail server said {reply}")
            about = self._awaited.popleft()
            if about in _SAID_AT_ONCE and reply.code // 100 == 2 and self.pipelines:
                continue  # what follows has been said already
            if about == _END and self.ending:
                letter, self.ending = self.ending, None
                yield Answer(letter, reply, "content")
            elif about != _AFTER and self.letter:
                yield from self._go_on(self.letter, reply, about)

    def go_on_writing(self) -> None:
        self._push(b"")

    def close(self) -> None:
        self.connection.close(politely=self.letter is None)

    def _push(self, text: bytes) -> None:
        self.connection.push(text)
        self.moved = time.monotonic()

    def _envelope(self, letter: Letter) -> bytes:
        extra = "" if letter.recipient.isascii() else " SMTPUTF8 BODY=8BITMIME"
        self.letter, self._refusal = letter, None
        commands = (f"MAIL FROM:<{letter.sender}>{extra}\r\n", f"RCPT TO:<{letter.recipient}>\r\n", "DATA\r\n")
        if self.pipelines:
            self._awaited.extend(_ENVELOPE)
            return "".join(commands).encode()
        self._commands.extend(zip(_ENVELOPE, commands, strict=True))
        return self._command()

    def _command(self) -> bytes:
        """The envelope command by command, where the server does not take it at once."""
        about, command = self._commands.popleft()
        self._awaited.append(about)
        return command.encode()

    def _go_on(self, letter: Letter, reply: Reply, about: str) -> Iterator[Answer]:
        if reply.code // 100 not in (2, 3) and not self._refusal:
            self._refusal = (reply, about)
            self._commands.clear()
        if about != "content" and not self._refusal:
            if self._commands:
                self._push(self._command())
        elif self._refusal and (about == "content" or not self.pipelines):
            self._abandon(reply)
            yield Answer(letter, *self._refusal)
        elif about == "content":
            self._is_offered = True
            self._push(_dotted(letter.raw))

    def _abandon(self, reply: Reply) -> None:
        """Ends a transaction that will not be completed, whatever state the server is in."""
        self.letter = None
        # 354: it waits for a body although it took no recipient; an empty one is refused.
        ends = b".\r\nRSET\r\n" if reply.code == 354 else b"RSET\r\n"
        self._awaited.extend([_AFTER] * ends.count(b"\n"))
        self._push(ends)


def _dotted(raw: bytes) -> bytes:
    """As it is transmitted (RFC 5321, 4.5.2), without the last line."""
    body = raw.replace(b"\r\n.", b"\r\n..") if _DOT.search(raw) else raw  # looking is half of the work
    return (b"." if raw.startswith(b".") else b"") + body + (b"" if raw.endswith(b"\r\n") else b"\r\n")
