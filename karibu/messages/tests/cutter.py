"""A wire that breaks: a TCP relay in front of a real mail server that cuts the connection where a test wants it."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

LAST_LINE = b".\r\n"
Decides = Callable[[int, bytes], int]


@dataclass
class Wire:
    """`to_server` and `to_client` say how much of a chunk still passes, given the bytes that passed before it."""

    port: int
    to_server: Decides = field(default=lambda before, chunk: len(chunk))
    to_client: Decides = field(default=lambda before, chunk: len(chunk))
    passed: int = 0  # bytes from client to server, in the latest connection
    last_line: bool = False  # the server was given the end of a message

    def is_whole(self) -> None:
        self.to_server = self.to_client = lambda before, chunk: len(chunk)

    def breaks_after(self, count: int) -> None:
        """So many bytes of the client's reach the server."""
        self.to_server = lambda before, chunk: min(len(chunk), count - before)

    def breaks_before_the_last_line(self) -> None:
        self.to_server = lambda before, chunk: 0 if chunk == LAST_LINE else len(chunk)

    def breaks_before_the_last_answer(self) -> None:
        """The server takes the message, and its yes gets lost."""
        self.to_client = lambda before, chunk: 0 if self.last_line else len(chunk)

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        self.passed, self.last_line = 0, False
        answers = threading.Thread(target=self._pump, args=(server, client, False), daemon=True)
        answers.start()
        self._pump(client, server, True)
        answers.join()

    def _pump(self, source: socket.socket, target: socket.socket, is_client: bool) -> None:
        before = 0
        with suppress(OSError):
            while chunk := source.recv(65536):
                self.last_line |= is_client and chunk == LAST_LINE
                count = (self.to_server if is_client else self.to_client)(before, chunk)
                target.sendall(chunk[:count])
                before += count
                if is_client:
                    self.passed = before
                if count < len(chunk):
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire(server_port: int) -> Iterator[Wire]:
    """Relays one connection after the other to the server while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Wire(port=listener.getsockname()[1])

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, socket.create_connection(("127.0.0.1", server_port)) as server:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        made.carry(client, server)

        threading.Thread(target=serve, daemon=True).start()
        yield made
        listener.shutdown(socket.SHUT_RDWR)
