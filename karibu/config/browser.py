"""Fixtures for tests in a real Chromium against a real web process on the test's database.

    @pytest.mark.browser
    def test_a_customer_is_found(live, page):
        page.goto(live.url + "/")                  # a stranger's page
        live.sign_in(page)                         # as owner; or live.sign_in(page, some_user)
        page.goto(live.url + "/customers/")
        assert not accessibility(page)             # axe, WCAG A and AA
        look(page, "customers")                    # four PNGs, where KARIBU_LOOK names a folder

A page that logs an error (a script that fails, a file that the Content-Security-Policy stops) fails its test.
The worker's steps are called by the test itself, or `live.start_worker()` runs them all in a process of their own.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from karibu.config.testing import database_url, missing

# Read now: the tests' settings are made without what the environment says of Karibu.
CHROMIUM = os.environ.get("KARIBU_CHROMIUM", "")
PICTURES = os.environ.get("KARIBU_LOOK", "")
# It reaches this machine alone. (A route that refuses the rest would take Chromium's cache from it.)
HERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", HERE]
# What a browser says of an answer that a test provokes, and htmx of a request that newer typing has overtaken.
EXPECTED = ("Failed to load resource", "Response Status Error Code", "htmx:sendAbort", "htmx:afterRequest")
WIDTHS = ((390, 844), (1440, 900))


@dataclass
class Live:
    """A running installation without PostgreSQL of its own: `url`, and the processes that make it up."""

    url: str
    environment: dict[str, str]
    lake: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self) -> None:
        """The pipeline, timers, sending and jobs, until the test ends."""
        self.processes.append(self._start([sys.executable, "-m", "karibu", "worker"]))

    def sign_in(self, page: Any, user: Any = None) -> Any:
        """Gives `page` a session of `user` (an owner is made where none is given); returns the user."""
        from django.conf import settings
        from django.test import Client

        from karibu.web.models import User

        user = user or User.objects.create_user("owner@example.test", name="Amina Uwase", role="owner")
        client = Client()
        client.force_login(user)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": self.url}])
        return user

    def end(self, *, but: int = 0) -> None:
        for process in self.processes[but:]:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        del self.processes[but:]

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL)  # noqa: S603


@pytest.fixture(scope="session")
def _web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One web process for the session; ends before the test database is dropped."""
    from karibu.config.serve import web_command

    port = _free_port()
    base = tmp_path_factory.mktemp("live")
    environment = os.environ | {
        "KARIBU_DATABASE_URL": database_url(),
        "KARIBU_LAKE_URL": str(base / "lake"),
        "KARIBU_HOME": str(base),
    }
    live = Live(f"http://127.0.0.1:{port}", environment, base / "lake")
    live.processes.append(live._start(web_command("127.0.0.1", port, 1)))
    try:
        _wait_for(f"{live.url}/healthz", live.processes[0])
        yield live
    finally:
        live.end()


@pytest.fixture
def live(_web: Live, transactional_db: None, settings: Any) -> Iterator[Live]:
    """The web process with an empty database and an empty lake, which this process's settings name too."""
    shutil.rmtree(_web.lake, ignore_errors=True)
    settings.KARIBU_LAKE_URL = str(_web.lake)
    yield _web
    _web.end(but=1)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One Chromium for a file of tests: while it is open no other test of this process could run an event loop."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright (script/setup dev)")
    path = find_chromium()
    if not path:
        missing("Chromium (apt install chromium, or name it in KARIBU_CHROMIUM)")
    # Playwright runs an event loop in this thread, and Django would refuse to query beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A fresh browser window, 1440 wide. What it complains of fails the test."""
    # Without motion, so that nobody looks at a colour on its way to another.
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    real = [text for text in complaints if not text.startswith(EXPECTED)]
    assert not real, f"the page complained: {real}"


def find_chromium() -> str:
    """The browser's path: KARIBU_CHROMIUM, or the first of the usual names; "" where there is none."""
    return CHROMIUM or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


def accessibility(page: Any) -> list[str]:
    """What axe finds against WCAG A and AA, a line for each finding; empty is well."""
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{one['id']}: {node['html'][:160]} ({node['failureSummary']})" for one in found for node in one["nodes"]]


def look(page: Any, name: str) -> None:
    """Four pictures of the page (phone and desk, light and dark) into the folder that KARIBU_LOOK names, if it does."""
    if not PICTURES:
        return
    folder = Path(PICTURES)
    folder.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for width, height in WIDTHS:
        for theme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=str(folder / f"{name}-{width}-{theme}.png"), full_page=True)
    page.set_viewport_size(before)
    page.emulate_media(color_scheme="light")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=2):  # noqa: S310
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the web process does not answer at {url}")
