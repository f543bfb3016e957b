"""/k.js in a real Chromium, on pages of a shop of its own, which notes what it is sent."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from karibu.collect import snippet

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><title>{title}</title><h1>{title}</h1>
<script>(window.karibu = window.karibu || []).push(["track", "Early", {{"n": 1}}])</script>
<div data-karibu='["track", "Product Viewed", {{"product_id": "p1"}}]'></div>
<button data-karibu-click='["track", "Product Added", {{"product_id": "p1"}}]'>Add</button>
<a id="next" href="/next">Next</a>
<script src="/k.js" data-key="wk_test" async></script>"""


class Shop(ThreadingHTTPServer):
    """Pages, the snippet and a door that notes what comes (and can be closed)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Visit)
        self.batches, self.is_open = [], True
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def events(self):
        """Each once, as the pipeline sees them."""
        return list({e["messageId"]: e for batch in self.batches for e in batch["batch"]}.values())

    def named(self, name):
        return [e for e in self.events if e.get("event", e["type"]) == name]


class Visit(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self):
        is_snippet = self.path == "/k.js"
        body = snippet.BODY if is_snippet else PAGE.format(title=self.path.partition("?")[0]).encode()
        self.answer(200, body, "text/javascript" if is_snippet else "text/html")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.is_open:
            self.server.batches.append(json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
        self.answer(200 if self.server.is_open else 503, b"{}", "application/json")

    def answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said):
        pass


@pytest.fixture
def shop():
    shop = Shop()
    yield shop
    shop.shutdown()


@pytest.fixture
def page(chromium, shop):
    context = chromium.new_context(locale="en-RW", timezone_id="Africa/Kigali")
    yield context.new_page()
    context.close()


def until(page, condition):
    for _ in range(100):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come")


def test_a_page_view_comes_by_itself_with_its_circumstances(page, shop):
    page.goto(f"{shop.url}/?utm_source=letter&utm_campaign=november&k_m=signed")
    until(page, lambda: shop.named("page"))
    (view,) = shop.named("page")
    assert view["anonymousId"] and view["messageId"] and view["timestamp"] and "userId" not in view
    context = view["context"]
    assert context["page"]["path"] == "/" and "k_m" not in context["page"]["url"]
    assert view["properties"] == context["page"] and view["properties"]["title"]  # as Segment's page call has them
    assert context["campaign"] == {"source": "letter", "name": "november"} and context["message"] == "signed"
    assert (context["locale"], context["timezone"]) == ("en-RW", "Africa/Kigali")
    assert shop.batches[0]["writeKey"] == "wk_test" and shop.batches[0]["sentAt"]


def test_calls_made_before_it_loaded_and_marks_in_the_page_count(page, shop):
    page.goto(shop.url)
    page.click("button")
    until(page, lambda: len(shop.events) == 4)
    assert [e.get("event", e["type"]) for e in shop.events] == ["page", "Product Viewed", "Early", "Product Added"]


def test_the_visitor_the_campaign_and_the_message_stay_the_same_over_the_visit(page, shop):
    page.goto(f"{shop.url}/?utm_source=letter&k_m=signed")
    until(page, lambda: shop.named("page"))
    page.evaluate("karibu.identify('u1', {email: 'amina@example.test'})")
    page.goto(f"{shop.url}/next")
    until(page, lambda: len(shop.named("page")) == 2)
    assert len({e["anonymousId"] for e in shop.events}) == 1
    later = shop.named("page")[1]
    assert later["userId"] == "u1" and later["context"]["message"] == "signed"
    assert later["context"]["campaign"] == {"source": "letter"}
    page.evaluate("karibu.reset(); karibu.track('After')")
    until(page, lambda: shop.named("After"))
    after = shop.named("After")[0]
    assert "userId" not in after and after["anonymousId"] != later["anonymousId"]


def test_a_page_that_changes_its_address_without_loading_is_a_new_view(page, shop):
    page.goto(shop.url)
    until(page, lambda: shop.named("page"))
    page.evaluate("history.pushState({}, '', '/shoes'); document.title = 'Shoes'")
    until(page, lambda: len(shop.named("page")) == 2)
    assert shop.named("page")[1]["context"]["page"]["title"] == "Shoes"
    page.evaluate("history.replaceState({}, '', location.href + '#top')")
    page.wait_for_timeout(400)
    assert len(shop.named("page")) == 2


def test_what_happens_just_before_leaving_arrives(page, shop):
    page.goto(shop.url)
    until(page, lambda: shop.named("page"))
    page.evaluate("karibu.track('Last word'); location.href = '/next'")
    until(page, lambda: shop.named("Last word") and len(shop.named("page")) == 2)


def test_what_could_not_be_sent_is_sent_from_the_next_page(page, shop):
    shop.is_open = False
    page.goto(shop.url)
    page.wait_for_function("window.karibu && typeof karibu.track === 'function'")
    page.evaluate("karibu.track('Kept')")
    page.wait_for_timeout(500)
    assert not shop.events
    shop.is_open = True
    page.goto(f"{shop.url}/next")
    until(page, lambda: shop.named("Kept") and len(shop.named("page")) == 2)
    assert len({e["anonymousId"] for e in shop.events}) == 1


def test_under_global_privacy_control_only_what_is_told_on_purpose_counts_and_nothing_is_kept(page, shop):
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto(f"{shop.url}/?k_m=signed")
    until(page, lambda: shop.named("Early"))
    page.evaluate("karibu.identify('u1', {name: 'Amina'})")
    until(page, lambda: shop.named("identify"))
    assert {e.get("event", e["type"]) for e in shop.events} == {"Early", "identify"}
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    first = {e["anonymousId"] for e in shop.events}
    page.goto(f"{shop.url}/next")
    until(page, lambda: len(shop.named("Early")) == 2)
    assert len({e["anonymousId"] for e in shop.events} - first) == 1


def test_without_storage_it_still_tells(page, shop):
    page.add_init_script("for (const s of ['localStorage', 'sessionStorage'])"
                         " Object.defineProperty(window, s, {get() { throw new Error('forbidden') }})")  # fmt: skip
    page.goto(shop.url)
    page.wait_for_function("window.karibu && typeof karibu.track === 'function'")
    page.evaluate("karibu.track('Told')")
    until(page, lambda: shop.named("Told"))
