"""Web push from the button in the shop to the notification that the service worker shows, in a real Chromium."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from karibu.collect.drain import drain_all
from karibu.customers.models import Customer
from karibu.demo import actions as demo
from karibu.messages import send as sending
from karibu.messages.channels.models import Subscription
from karibu.messages.tests.cast import fate
from karibu.messages.tests.servers_push import Browser, push_service
from karibu.messages.tests.test_push import connected, wanted

pytestmark = pytest.mark.browser

SHOWN = """
navigator.serviceWorker.ready.then((one) => one.getNotifications()).then((all) => all.map((n) => [n.title, n.body]))
"""

FROM_OUTSIDE = """
window.PushManager.prototype.subscribe = async function (options) {
  window.askedWith = options;
  return { toJSON: () => (%s) };
};
"""


def test_a_shopper_subscribes_and_the_worker_shows_what_comes(live: Any, page: Any, settings: Any) -> None:
    """Google's push service is not to be had here: the browser's half of it is the stand-in's, the rest is real.

    The service worker gets the message by the DevTools protocol, as it would from the browser.
    """
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    demo.open_sample_shop()
    account = connected()
    with push_service() as service:
        browser = Browser(f"{service.url}/push/001")
        page.context.grant_permissions(["notifications"], origin=live.url)
        page.add_init_script(FROM_OUTSIDE % json.dumps(browser.subscription))
        page.goto(f"{live.url}/shop/")
        page.get_by_role("button", name="Tell me when there is news").click()
        page.get_by_text("You will hear from us").wait_for()
        assert page.evaluate("askedWith.applicationServerKey") == account.settings["public_key"]
        # What the page sends goes through this process, which is only served while it waits for the page.
        _until(lambda: page.evaluate("localStorage.getItem('karibu_outbox')") == "[]")
        _until(lambda: (drain_all(), Subscription.objects.exists())[1])
        person = Customer.objects.get(pk=Subscription.objects.get().customer_id)
        message = wanted(person)
        sending.send_due()
        assert fate(message) == ("sent", "")
        [request] = service.asked
        shown = browser.read(request.body)
        push = _pushing(page, live.url, json.dumps(shown))
        show = (
            "navigator.serviceWorker.ready.then(r => r.getNotifications()).then(all => all.map(n => [n.title, n.body]))"
        )
        # DevTools forget a push for a worker that is about to start; one that comes twice is shown once, by its tag.
        _until(lambda: (push(), page.evaluate(show))[1] == [["It is back", "Your mat is back."]])


def _pushing(page: Any, origin: str, data: str) -> Callable[[], None]:
    """What brings `data` to the service worker, as the browser would, once the worker is there."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    protocol = page.context.new_cdp_session(page)
    found: list[str] = []
    protocol.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda said: found.extend(one["registrationId"] for one in said["registrations"]),
    )
    protocol.send("ServiceWorker.enable")
    _until(lambda: page.evaluate("1") and found)
    told = {"origin": origin, "registrationId": found[0], "data": data}
    return lambda: protocol.send("ServiceWorker.deliverPushMessage", told)


def _until(what: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
