"""Charts are drawn by a JavaScript engine, which takes 70 MB: it lives in a process of its own, which ends when nobody
has wanted a chart for a while, or when the one that asks is gone.

What goes in is a specification, what comes out an SVG or why there is none: each a length and that many bytes.
"""

import select
import struct
import subprocess
import sys
import threading
from typing import IO, Any

IDLE = 600.0  # seconds
PATIENCE = 60.0  # for one chart; the engine's first takes half a second, and much longer on a busy machine
_LENGTH = struct.Struct("!?I")


class Drawer:
    """The engine's process as the one who asks sees it. One chart at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: subprocess.Popen[bytes] | None = None

    def svg(self, specification: str) -> str:
        """Raises ValueError for what Vega-Lite refuses, and OSError where no engine can be had."""
        with self._lock:
            try:
                done, said = self._ask(specification.encode())
            except (OSError, EOFError):  # it had ended: by itself, or somebody has ended it
                self.end()
                try:
                    done, said = self._ask(specification.encode())
                except EOFError as error:
                    raise OSError("the process that draws charts ends at once") from error
        if not done:
            raise ValueError(said.decode())
        return said.decode()

    def end(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.kill()
            engine.communicate()

    def _ask(self, specification: bytes) -> tuple[bool, bytes]:
        if self._engine is None:
            command = [sys.executable, "-m", __name__]
            # A group of its own: Ctrl-C is for the one who asks, whose end it sees anyway.
            pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
            self._engine = subprocess.Popen(command, **pipes)  # noqa: S603 - ourselves
        into, out = self._engine.stdin, self._engine.stdout
        assert into is not None and out is not None
        _write(into, True, specification)
        if not select.select([out], [], [], PATIENCE)[0]:
            raise EOFError
        return _read(out)


def serve(into: IO[bytes], out: IO[bytes]) -> None:
    """The engine's side, until nobody asks any more."""
    import vl_convert

    while select.select([into], [], [], IDLE)[0]:
        try:
            _done, specification = _read(into)
        except EOFError:
            return
        try:
            _write(out, True, vl_convert.vegalite_to_svg(specification.decode()).encode())
        except ValueError as error:
            _write(out, False, str(error).encode())


def _write(pipe: IO[bytes], done: bool, said: bytes) -> None:
    pipe.write(_LENGTH.pack(done, len(said)) + said)
    pipe.flush()


def _read(pipe: IO[bytes]) -> tuple[bool, bytes]:
    """Raises EOFError where the other side is gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    done, length = _LENGTH.unpack(head)
    said = pipe.read(length)
    if len(said) < length:
        raise EOFError
    return done, said


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
