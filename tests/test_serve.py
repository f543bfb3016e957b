"""`karibu serve`: one clear sentence for what goes wrong, and nothing left behind."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bench.installation import Installation, free_port
from bench.rest import cpu_seconds
from karibu.config import postgres

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    for parent in [folder, *folder.parents][:4]:
        parent.chmod(0o755)
    home = folder / "home"
    home.mkdir(mode=0o755)
    installation = Installation(home=home)
    installation.start()
    yield installation
    installation.stop()


def serve(home: Path | str, port: int) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("KARIBU_")} | {"KARIBU_HOME": str(home)}
    command = [sys.executable, "-m", "karibu", "serve", "--port", str(port)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_second_serve_on_the_same_home_says_so_and_leaves_the_first_alone(running):
    second = serve(running.home, free_port())
    assert second.returncode == 1
    assert second.stderr.startswith(f"Error: Karibu already runs on {running.home}")
    assert len(second.stderr.strip().splitlines()) == 1
    assert running.is_ready()


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        home = tmp_path / "home"
        result = serve(home, port)
    assert result.returncode == 1
    assert result.stderr.strip() == (
        f"Error: Port {port} on 127.0.0.1 cannot be used: Address already in use. Choose another with --port."
    )


def test_a_home_that_cannot_be_written_is_named():
    result = serve("/proc/karibu", free_port())
    assert result.returncode == 1
    assert result.stderr.startswith("Error: Karibu cannot write to its folder /proc/karibu")
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_unreachable_database_is_one_sentence(tmp_path):
    env = {k: v for k, v in os.environ.items() if not k.startswith("KARIBU_")}
    env |= {"KARIBU_HOME": str(tmp_path), "KARIBU_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    command = [sys.executable, "-m", "karibu", "serve", "--port", str(free_port())]
    result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert result.stderr.strip() == "Error: The database named by KARIBU_DATABASE_URL does not answer."


def test_at_rest_the_whole_tree_takes_less_than_two_percent_of_a_core(running):
    """PAINS 42. `script/bench rest` looks longer."""
    # The calmest of several times: a start goes on for a while, the schedule's jobs begin at full minutes, and others
    # compute on this machine, too.
    assert any(share_of_a_core(running, seconds=7) < 0.02 for _ in range(6))


def share_of_a_core(running: Installation, seconds: float) -> float:
    begun, before = time.monotonic(), cpu_seconds(running)
    time.sleep(seconds)
    return (cpu_seconds(running) - before) / (time.monotonic() - begun)


def test_other_users_of_the_machine_can_read_nothing_about_people(running):
    known = {"postgres.log", "serve.lock", "prepared", "sending.beat"}  # hold no personal data
    readable = [
        file.name for file in open_to_others(running.home) if not file.is_relative_to(running.home / "postgres")
    ]
    assert set(readable) <= known
    assert (running.home / "secret").stat().st_mode & 0o077 == 0


def open_to_others(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        mode = entry.lstat().st_mode
        if stat.S_ISDIR(mode) and mode & stat.S_IXOTH:
            yield from open_to_others(entry)
        elif stat.S_ISREG(mode) and mode & stat.S_IROTH:
            yield entry


def test_the_database_comes_back_after_a_kill(running):
    [server] = running.named("postgres")
    server.kill()
    deadline = time.monotonic() + 60  # recovery syncs every file of the cluster, which a busy disk takes its time for
    while time.monotonic() < deadline:
        fresh = [p for p in running.named("postgres") if p.pid != server.pid]
        if fresh and running.is_ready():
            return
        time.sleep(0.1)
    pytest.fail("PostgreSQL did not come back: " + running.said()[-800:])


def test_after_a_long_outage_pages_are_back_as_soon_as_the_database_is(running):
    """The pool's pauses between two attempts double: after 17 s without a database it looked again only at 31 s."""
    [server] = running.named("postgres")
    control = running.home / "pg/global/pg_control"
    control.rename(control.with_suffix(".away"))
    try:
        server.kill()
        begun = answered = time.monotonic()
        while time.monotonic() < answered + 17:
            if running.is_ready():  # its children answer for a moment, one after the other
                answered = time.monotonic()
            assert time.monotonic() < begun + 60
            time.sleep(0.1)
    finally:
        control.with_suffix(".away").rename(control)
    assert wait_for(lambda: postgres.answers(postgres.embedded_url(running.home)), seconds=60)
    assert wait_for(running.is_ready, seconds=12)


def wait_for(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("what", ["web", "worker"])
def test_a_killed_child_is_started_again(running, what):
    before = {p.pid for p in running.named(what)}
    for process in running.named(what):
        process.kill()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        after = {p.pid for p in running.named(what)}
        if after and not after & before and running.is_ready():
            return
        time.sleep(0.1)
    pytest.fail(f"the {what} process did not come back: " + running.said()[-800:])


def test_when_the_parent_is_killed_nothing_stays_and_the_next_serve_starts(running):
    tree = running.tree()
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait(60)
    psutil.wait_procs(tree, timeout=60)
    assert [p for p in tree if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    running.start()


LATE = """
import multiprocessing, os, signal, time
def serve():
    while multiprocessing.parent_process().is_alive():
        time.sleep(0.01)
    import karibu.config.asgi
    print("stays", flush=True)
if __name__ == "__main__":
    multiprocessing.get_context("fork").Process(target=serve).start()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_web_process_whose_server_was_killed_before_it_had_begun_ends_too():
    """Else it would hold the port for ever: nobody tells it of a death that came before it asked to be told."""
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, timeout=60, check=False)
    assert "stays" not in done.stdout and "was killed before it had begun" in done.stderr, done.stderr[-2000:]
