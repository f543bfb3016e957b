"""Every page in a real Chromium: nothing complains, nothing overflows, everything has a name and can be read, and no
form is sent twice by a double click.

The list is tests/pages.txt, which test_statements.py derives from the URL conf. `script/look FOLDER` is the long form:
a year of history too, both themes, axe, and a picture of each page at each width in the folder.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from karibu.config.browser import PICTURES, WIDTHS, accessibility
from karibu.messages import starters
from karibu.web.models import User
from tests.pages import listed, path_of
from tests.permissions import Address, addresses
from tests.world import fill

pytestmark = pytest.mark.browser

FAULTS = Path(__file__).with_name("faults.js").read_text()
THEMES = ("light", "dark") if PICTURES else ("light",)
# The mail itself in its frame, and parts of pages that htmx asks for.
PARTS = (
    "/body/",
    "/map/",
    "/pulse/",
    "running/",
    "rules/clocks/",
    "segments/values/",
    "sms-size/",
    "m/v/",
    "/hints/",
    "journeys/<int:journey>/$",
)
# Pages people only meet when something goes wrong.
BROKEN = {"broken-404": (404, "not_found"), "broken-403": (403, "forbidden"), "broken-400": (400, "bad_request"),
          "broken-500": (500, "server_error"), "broken-csrf": (403, "csrf_failure")}  # fmt: skip
FORMS = """[...document.querySelectorAll("form")].filter((form) => form.getAttribute("method") === "post")"""
# Where each leads, in the page's own words.
ADDRESSES = f"""{FORMS}.map((form) => ["hx-post", "action", "id"].map((name) => form.getAttribute(name)).join(" ")
  + (form.hasAttribute("action") ? "" : location.pathname))"""
# Sends a form twice in a row, as a double click does.
TWICE = f"""async (number) => {{
  const form = {FORMS}[number];
  form.noValidate = true;
  const button = form.querySelector("button:not([type=button], [type=reset]), input[type=submit]");
  form.requestSubmit(button);
  await new Promise((done) => setTimeout(done, 20));  // at once, and the browser itself would send only the second
  form.requestSubmit(button);
}}"""
STAGES = {"empty": 0, "little": 6} | ({"year": 3000} if PICTURES else {})  # how many people there are


@dataclass
class Visitor:
    """A window that notes what its pages complain of."""

    page: Any
    stage: str
    faults: list[str]
    sent: list[str] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)

    def visit(self, url: str, name: str, status: int = 200) -> None:
        self.where = f"{self.stage}/{name}"
        answer = self.page.goto(url)
        if answer.status != status:
            self.faults.append(f"{self.where}: {answer.status}")
            return
        for width, height in reversed(WIDTHS):
            self.page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                self.look(f"{name}-{width}-{theme}", theme)

    def look(self, picture: str, theme: str) -> None:
        if len(THEMES) > 1:
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found = self.page.evaluate(FAULTS)
        if PICTURES:
            found += accessibility(self.page)
            folder = Path(PICTURES) / self.stage
            folder.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=folder / f"{picture}.png", full_page=True)
        self.faults += [f"{self.stage}/{picture}: {fault}" for fault in found]

    def _note(self, route: Any) -> None:
        """Nothing that is posted arrives; it is noted."""
        if route.request.method != "POST":
            return route.fallback()
        self.sent.append(route.request.url)
        if route.request.headers.get("hx-request"):
            time.sleep(0.1)  # as a server does: a form of htmx is free again as soon as it was answered
        return route.fulfill(status=204)

    def click_twice(self) -> None:
        """In each form of the page that is no other page's, too."""
        new = [(n, form) for n, form in enumerate(self.page.evaluate(ADDRESSES)) if form not in self.tried]
        if not new:
            return
        self.page.route("**/*", self._note)
        for number, form in new:
            if form in self.tried:
                continue
            self.tried.add(form)
            self.sent.clear()
            with self.page.expect_request(lambda asked: asked.method == "POST" and not by_itself(asked.url)):
                self.page.evaluate(TWICE, number)
            self.page.wait_for_timeout(30)  # for what should not come
            if len(told := [url for url in self.sent if not by_itself(url)]) != 1:
                self.faults.append(f"{self.where}: one form, sent to {told}")
        self.page.unroute("**/*")

    def listen(self) -> None:
        self.where = ""
        self.page.on("response", lambda said: self._answered(said.status, said.url))
        self.page.on("console", lambda said: self._complained(said.text) if said.type == "error" else None)

    def _answered(self, status: int, url: str) -> None:
        if status >= 400 and "broken-" not in url:
            self.faults.append(f"{self.where}: {status} {url}")

    def _complained(self, text: str) -> None:
        if "Failed to load resource" not in text:  # those are told by their status
            self.faults.append(f"{self.where}: {text}")


def by_itself(url: str) -> bool:
    """The mailbox's page tells without a click that a mail was looked at."""
    return "/mailbox/" in url and url.endswith("/read/")


@pytest.fixture
def visitors(live: Any, page: Any, chromium: Any, request: pytest.FixtureRequest) -> Iterator[tuple[Visitor, Visitor]]:
    """A colleague and a stranger, who share what they found."""
    other = chromium.new_context(reduced_motion="reduce").new_page()
    faults: list[str] = []
    both = tuple(Visitor(one, request.node.callspec.params["stage"], faults) for one in (page, other))
    for visitor in both:
        visitor.listen()
    yield both
    other.context.close()


@pytest.mark.parametrize("stage", STAGES)
def test_every_page_is_whole(live: Any, visitors: tuple[Visitor, Visitor], tmp_path: Path, stage: str) -> None:
    starters.plant()  # as the first start does
    if STAGES[stage]:
        fill(tmp_path, people=STAGES[stage], troubles=2)
    colleague, stranger = visitors
    owner = live.sign_in(colleague.page)
    for address, path in shown(owner, has_storefront=stage != "empty"):
        visitor = stranger if address.who == "everyone" else colleague
        visitor.visit(live.url + path, re.sub(r"\W+", "-", address.route).strip("-") or "home")
        if stage == "little" and visitor is colleague:
            colleague.click_twice()
    assert stage != "little" or len(colleague.tried) > 80
    if stage == "empty":
        error_pages(live, colleague)
    assert not colleague.faults, "\n".join(sorted(set(colleague.faults)))


def shown(owner: User, has_storefront: bool) -> Iterator[tuple[Address, str]]:
    """Every page for which there is something to show."""
    pages = listed()
    for address in addresses():
        is_missing = address.route.startswith("shop/") and not has_storefront
        if address.route not in pages or is_missing or any(part in f"{address.route}$" for part in PARTS):
            continue
        try:
            yield address, path_of(address, owner)
        except LookupError:
            continue


def error_pages(live: Any, visitor: Visitor) -> None:
    from django.test import RequestFactory

    from karibu.web.views import errors

    for name, (status, view) in BROKEN.items():
        asked = RequestFactory().get(f"/{name}/")
        asked.user = User.objects.get()
        body = getattr(errors, view)(asked).content.decode()
        said = {"status": status, "body": body, "content_type": "text/html"}
        visitor.page.route(f"**/{name}/", lambda route, *, said=said: route.fulfill(**said))
        visitor.visit(f"{live.url}/{name}/", name, status)
