"""The plugin that every test of the project runs with (`-p` in pyproject.toml).

One real PostgreSQL (the wheel) for the whole run, fsync off; every test database is made in it. Several processes
share the files of tests between them (`script/test`): a file stays together, the long ones come first.

Sockets to anywhere but this machine are refused. Tests that need something big (Chromium, Java, npm,
Postfix, the shared data) skip with a loud line where it is missing; KARIBU_TEST_ALL=1 turns every skip into a failure.
"""

import atexit
import os
import shutil
import socket
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import hypothesis
import pytest

# The same examples each time, so that a red run means a change; KARIBU_TEST_EXPLORE=1 looks for new ones. No clock:
# a busy machine is not a bug.
hypothesis.settings.register_profile(
    "karibu",
    deadline=None,
    derandomize=not os.environ.get("KARIBU_TEST_EXPLORE"),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("karibu")

ROOT = Path(__file__).resolve().parents[2]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Runs before pytest-django reads the settings: gives them a home of their own and a server."""
    prepare_home()
    return (yield)


def prepare_home() -> None:
    if os.environ.get("PYTEST_XDIST_WORKER"):  # the first process has started the server already
        home = Path(tempfile.mkdtemp(prefix="karibu-test-", dir="/tmp"))
        home.chmod(0o755)
        os.environ["KARIBU_HOME"] = str(home)
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        return
    home = Path(tempfile.mkdtemp(prefix="karibu-test-", dir="/tmp"))
    home.chmod(0o755)
    for name in [n for n in os.environ if n.startswith("KARIBU_") and not n.startswith("KARIBU_TEST")]:
        del os.environ[name]
    os.environ["KARIBU_HOME"] = str(home)
    os.environ["KARIBU_SECRET_KEY"] = "only for tests"
    from karibu.config import postgres

    server = postgres.start(home, {"fsync": "off", "full_page_writes": "off", "max_connections": "200"})
    os.environ["KARIBU_DATABASE_URL"] = postgres.embedded_url(home)

    def end() -> None:
        postgres.stop(server)
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(end)


def pytest_sessionstart(session: pytest.Session) -> None:
    real = socket.socket.connect

    def connect(self, address):  # type: ignore[no-untyped-def]
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(
            ("127.", "::1", "localhost")
        ):
            raise OSError(f"a test tried to reach {address[0]}: only this machine is allowed")
        return real(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long first: whoever took the last one would work while the others have nothing left to do."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        long = [{item.path for item in items if item.get_closest_marker(mark)} for mark in ("slow", "browser")]
        items.sort(key=lambda item: [item.path not in files for files in long])


@pytest.fixture(autouse=True, scope="session")
def _emptied_by_need() -> Iterator[None]:
    """A test of transactions is followed by emptying what it filled (10 ms), not by Django's whole `flush` (250 ms).

    What migrations have made stays: the names of Django's models and permissions, which are all the rows they leave.
    """
    from django.test import TransactionTestCase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: _empty())
        yield


def _empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(relname), ', ') FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'r' AND pg_relation_size(oid) > 0"
            " AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
        )
        [filled] = cursor.fetchone()
        if filled:
            cursor.execute(f"TRUNCATE {filled} CASCADE")


def database_url() -> str:
    """The test's database, for processes of their own (KARIBU_DATABASE_URL) and connections beside Django's."""
    from django.db import connection

    named = connection.settings_dict
    return f"postgresql://{named['USER']}@/{named['NAME']}?{urlencode({'host': named['HOST']})}"


def missing(what: str) -> None:
    """Skips loudly (and fails, as every skip does, where everything is supposed to be there)."""
    pytest.skip(f"!!! NOT TESTED: {what} is missing")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return _nothing_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _nothing_skipped((yield))


def _nothing_skipped(report: Any) -> Any:
    """The report of a test or a file; one that was skipped has failed where KARIBU_TEST_ALL=1."""
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("KARIBU_TEST_ALL"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and KARIBU_TEST_ALL says that nothing may be: {report.longrepr[2]}"
    return report


@pytest.fixture
def data() -> Path:
    """The folder of real data, where it is present."""
    folder = ROOT.parent / "shared/data"
    if not folder.exists():
        missing("../shared/data")
    return folder


@pytest.fixture
def marketer(client):  # type: ignore[no-untyped-def]
    """The test's client, signed in as a marketer."""
    return _signed_in(client, "brian@shop.test", "marketer")


@pytest.fixture
def agent(db):  # type: ignore[no-untyped-def]
    """Another client, signed in as an agent."""
    from django.test import Client

    return _signed_in(Client(), "grace@shop.test", "agent")


def _signed_in(client: Any, email: str, role: str) -> Any:
    from karibu.web.actions import create_user

    client.force_login(create_user(email, role=role))
    return client


@pytest.fixture
def lake(settings, tmp_path):  # type: ignore[no-untyped-def]
    """An empty lake folder of this test's own."""
    settings.KARIBU_LAKE_URL = str(tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def send(db):  # type: ignore[no-untyped-def]
    """`send({"userId": "u1", "event": "Product Viewed", ...}, ...)`: events take the way of every event, to its end.

    Each is written as the Segment spec says; `type` is "track" unless said. Keywords: `source` (a name), `kind`,
    `historical`, `import_id`, `received_at` (aware). Returns collect's Intake, whose `refusals` name bad events.
    """
    from karibu.collect.actions import create_source, take_in
    from karibu.collect.drain import drain_all

    def send(*events, source="Shop", kind="web", **keywords):  # type: ignore[no-untyped-def]
        taken = take_in(({"type": "track", **e} for e in events), create_source(source, kind=kind), **keywords)
        drain_all()
        return taken

    return send
