"""The SDKs that shops use, unchanged, pointed at a real server by their host option."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from deltalake import DeltaTable

from bench.installation import installation
from karibu.config import postgres
from karibu.config.testing import missing
from karibu.events import tail

HERE = Path(__file__).parent / "sdks"
pytestmark = pytest.mark.slow
STORY = Counter(["Page Viewed", "Identified", "Product Viewed", "Order Completed", "Grouped", "Aliased"])


@pytest.fixture(scope="module")
def shop():
    with installation() as made:
        yield made


@pytest.fixture(scope="module")
def key(shop):
    return shop.karibu("source", "create", "SDKs")


@pytest.fixture(scope="module")
def modules():
    """The npm packages of the lock file, installed once for all runs in a folder of the user's cache."""
    if not shutil.which("npm"):
        missing("npm")
    folder = Path(os.environ.get("KARIBU_TEST_CACHE") or Path.home() / ".cache/karibu-tests") / "sdks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = HERE / "package-lock.json"
    done = folder / "installed-lock.json"
    if not done.exists() or done.read_bytes() != lock.read_bytes():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save"]
        installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        if installed.returncode:
            missing(f"an npm that can install ({installed.stderr.strip().splitlines()[-1:]})")
        shutil.copy(lock, done)
    return folder


def events_of(shop, person):
    """The person's events in the log, wherever they are by now: in the tail or already in the lake."""
    with psycopg.connect(postgres.embedded_url(shop.home)) as database:
        blocks = database.execute("SELECT ipc FROM events_tailblock ORDER BY id").fetchall()
    found = [event for (block,) in blocks for event in tail.decode(block).to_pylist()]
    if (shop.home / "lake/_delta_log").exists():
        found += DeltaTable(str(shop.home / "lake")).to_pyarrow_table().to_pylist()
    once = {event["message_id"]: event for event in found}.values()
    return [e for e in once if person in (e["user_id"], (e["anonymous_id"] or "").removeprefix("a-"))]


def wait_for_story(shop, person, story=STORY):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        events = events_of(shop, person)
        if sum(story.values()) <= len(events):
            break
        time.sleep(0.1)
    assert Counter(e["name"] for e in events) == story
    return events


def test_segment_analytics_python_plain_and_packed(shop, key):
    from segment.analytics import Client

    for person, packed in (("py-plain", False), ("py-gzip", True)):
        client = Client(key, host=shop.url, gzip=packed, max_retries=2)
        client.page(anonymous_id=f"a-{person}", name="Home")
        client.identify(person, {"email": f"{person}@example.test"})
        client.track(person, "Product Viewed", {"product_id": "p1"})
        client.track(person, "Order Completed", {"order_id": f"o-{person}", "total": 54.9, "currency": "USD"})
        client.group(person, "g1", {"name": "Traders"})
        client.alias(f"old-{person}", person)
        client.shutdown()
        wait_for_story(shop, person)


@pytest.mark.npm
@pytest.mark.parametrize("sdk", ["segment", "rudder"])
def test_the_node_sdks(shop, key, modules, sdk):
    person = f"node-{sdk}"
    command = ["node", str(HERE / "send.mjs"), sdk, shop.url, key, person]
    sent = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "SDKS": str(modules)}
    )
    assert sent.returncode == 0, sent.stderr
    events = wait_for_story(shop, person)
    viewed = next(e for e in events if e["name"] == "Product Viewed")
    assert abs(viewed["time"].timestamp() - 1769860800) < 5  # as said: this machine's clock is right


def test_what_was_answered_200_survives_a_killed_web_process_and_database(shop, key):

    body = json.dumps({"batch": [{"type": "track", "event": "X", "userId": "killed"}], "writeKey": key}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{shop.url}/v1/batch", data=body), timeout=10) as answer:
        assert answer.status == 200
    for victim in [*shop.named("web"), *shop.named("worker"), *shop.named("postgres")]:
        victim.kill()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if events_of(shop, "killed"):
                break
        except psycopg.OperationalError:
            pass
        time.sleep(0.2)
    assert [e["name"] for e in events_of(shop, "killed")] == ["X"]
