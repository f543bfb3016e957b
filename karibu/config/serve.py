"""`karibu serve`: the parent of everything. It stays small (no Django) and only watches its children.

A child that dies is started again; when the parent dies, however it dies, its children go with it.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import click

from karibu.config import home, postgres
from karibu.config.process import die_with_parent


def web_command(host: str, port: int, processes: int) -> list[str]:
    options = ["--interface", "asginl", "--loop", "uvloop", "--no-ws", "--log-level", "warning", "--http", "1"]
    options += ["--host", host, "--port", str(port), "--workers", str(processes), "--respawn-failed-workers"]
    options += ["--workers-kill-timeout", "3"]  # seconds; open live streams would hold up the end
    return [sys.executable, "-m", "granian", *options, "karibu.config.asgi:application"]


PATIENCE = 5.0  # seconds; a web process that fails to start must not keep the others waiting for long
SOON = 5.0  # seconds; what dies sooner after its start will die again, and is started again later each time


@dataclass
class Child:
    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float | None = None  # when one that has stopped is started again

    def start(self) -> None:
        self.started, self.due = time.monotonic(), None
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, preexec_fn=_dies_with_parent)  # noqa: S603


def _dies_with_parent() -> None:
    os.setsid()
    die_with_parent(signal.SIGTERM)


@dataclass
class Tree:
    host: str
    port: int
    webs: int = 1
    workers: int = 1
    senders: int = 1
    demo: bool = False
    children: list[Child] = field(default_factory=list)
    server: subprocess.Popen[bytes] | None = None
    stopped: bool = False

    def run(self) -> None:
        base = _make_home()
        with _only_one(base, f"http://{_reachable(self.host)}:{self.port}"):
            _check_port(self.host, self.port)
            for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(sign, self._stop)
            try:
                self._start(base)
                self._watch(base)
            finally:
                self._end()

    def _start(self, base: Path) -> None:
        is_first = not (base / "prepared").exists()
        if postgres.is_embedded():
            self.server = postgres.start(base)
        elif not postgres.answers(postgres.database_url()):
            raise click.ClickException("The database named by KARIBU_DATABASE_URL does not answer.")
        # What links in mails are built from while no public URL is set.
        os.environ.setdefault("KARIBU_SERVED_URL", f"http://{_reachable(self.host)}:{self.port}")
        web = Child("web", web_command(self.host, self.port, self.webs))
        if not is_first:  # it takes as long to import as the schema takes to check, and says ready only when both are
            self._add(web)
        _prepare(demo=self.demo)
        (base / "prepared").touch()
        if is_first:
            self._add(web)
        self._web_answers(within=PATIENCE)  # those that follow import as much, and would hold it up
        karibu = [sys.executable, "-m", "karibu"]
        worker = [*karibu, "worker", "--no-segments", *(["--no-sending"] if self.senders else [])]
        for n in range(self.workers):
            self._add(Child(f"worker {n + 1}", worker))
        self._add(Child("segmenter", [*karibu, "segmenter"]))
        for n in range(self.senders):
            self._add(Child(f"sender {n + 1}", [*karibu, "sender"]))
        self._welcome()
        if self.demo:  # once the web answers: they come to look at it
            url = f"http://{_reachable(self.host)}:{self.port}"
            self._add(Child("shoppers", [*karibu, "shoppers", url]))

    def _add(self, child: Child) -> None:
        child.start()
        self.children.append(child)

    def _web_answers(self, within: float) -> None:
        """Waits for it, at most so many seconds."""
        address = (_reachable(self.host), self.port)
        deadline = time.monotonic() + within
        while not self.stopped and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(address, timeout=1) as web:
                web.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if web.recv(64).startswith(b"HTTP/1.1 200"):
                    break
            time.sleep(0.05)

    def _welcome(self) -> None:
        """Once the web answers: where it is and, until somebody has signed in, how to get in."""
        self._web_answers(within=60)
        link = Path(home.path() / "first-sign-in")
        click.echo(f"Karibu is ready: http://{_reachable(self.host)}:{self.port}")
        if link.exists():
            click.echo(f"Sign in: http://{_reachable(self.host)}:{self.port}{link.read_text().strip()}")
        click.echo("Stop with Ctrl-C.")

    def _watch(self, base: Path) -> None:
        while not self.stopped:
            if self.server and self.server.poll() is not None:
                click.echo("PostgreSQL stopped; starting it again.", err=True)
                self._restart_database(base)
            for child in self.children:
                self._look_after(child)
            time.sleep(0.2)

    def _restart_database(self, base: Path) -> None:
        """Until it runs: the old server's children may need a moment to go, a full disk somebody to make room."""
        said = ""
        while not self.stopped:
            try:
                self.server = postgres.start(base)
            except click.ClickException as error:
                if error.message != said:
                    click.echo(f"{error.message.rstrip('.')}. Trying again until it does.", err=True)
                said = error.message
                time.sleep(0.5)
            else:
                return

    def _look_after(self, child: Child) -> None:
        """Starts it again, the later the more often it has stopped; nothing else waits for that."""
        if child.process is None or child.process.poll() is None or self.stopped:
            return
        if child.due is None:
            child.failures = child.failures + 1 if time.monotonic() - child.started < SOON else 0
            child.due = time.monotonic() + min(0.2 * child.failures, 5)
            click.echo(f"The {child.name} process stopped ({child.process.returncode}); starting it again.", err=True)
        if time.monotonic() >= child.due:
            child.start()

    def _stop(self, *_: object) -> None:
        self.stopped = True

    def _end(self) -> None:
        alive = [c.process for c in self.children if c.process and c.process.poll() is None]
        for process in alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        for process in alive:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if self.server:
            postgres.stop(self.server)


def _make_home() -> Path:
    try:
        base = home.make()
        probe = base / f".probe-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise click.ClickException(f"Karibu cannot write to its folder {home.path()}: {error.strerror}.") from None
    return base


@contextlib.contextmanager
def _only_one(base: Path, url: str):  # type: ignore[no-untyped-def]
    """Two serves on one home would fight over PostgreSQL: the second gets a sentence."""
    file: IO[str] = (base / "serve.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        raise click.ClickException(
            f"Karibu already runs on {base} (process {file.read().strip() or 'unknown'}). "
            "Stop it first, or choose another KARIBU_HOME."
        ) from None
    with file:
        file.truncate(0)
        file.write(f"{os.getpid()} at {url}")
        file.flush()
        yield


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"Port {port} on {host} cannot be used: {error.strerror}. Choose another with --port."
            ) from None


def _prepare(*, demo: bool) -> None:
    """Brings the schema up to date and makes what a first start needs, in a process that then goes away."""
    command = [sys.executable, "-m", "karibu", "prepare", *(["--demo"] if demo else [])]
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode:  # noqa: S603
        raise click.ClickException("Karibu could not prepare its database; the reason stands above.")


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104
