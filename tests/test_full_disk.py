"""A disk that fills up: one clear sentence, callers are told to come back, and nothing acknowledged is lost."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import psycopg
import pytest

from bench.installation import Installation
from karibu.config import postgres
from karibu.config.testing import missing

pytestmark = pytest.mark.slow
SIZE = 400  # MB


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=755", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        missing("the right to mount a small disk")
    for parent in list(tmp_path.parents)[:3]:
        parent.chmod(0o755)
    tmp_path.chmod(0o755)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def post(shop: Installation, key: str, event: dict[str, object]) -> int:
    request = urllib.request.Request(f"{shop.url}/v1/track", data=json.dumps(event | {"writeKey": key}).encode())
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def track(name: str) -> dict[str, object]:
    filler = os.urandom(10_000).hex()  # so that it cannot be packed
    return {"messageId": uuid.uuid4().hex, "type": "track", "event": name, "userId": "u", "properties": {"f": filler}}


def in_log(shop: Installation) -> set[str]:
    code = (
        "from karibu.events import log; from karibu.collect.drain import drain_all; drain_all();"
        "print('\\n'.join(log.query('SELECT message_id FROM events')['message_id'].to_pylist()))"
    )
    return set(shop.karibu("manage", "shell", "-v0", "-c", code).split())


def test_a_full_disk_refuses_new_events_says_so_once_and_keeps_every_acknowledged_one(small_disk):
    home = small_disk / "home"
    home.mkdir(mode=0o755)
    shop = Installation(home=home)
    shop.start()
    try:
        key = shop.karibu("source", "create", "web")
        acknowledged = set()
        ballast = small_disk / "ballast"
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        ballast.write_bytes(b"\0" * (free - 80_000_000))
        refused = 0
        for _ in range(6000):
            event = track("Filling up")
            status = post(shop, key, event)
            if status == 200:
                acknowledged.add(event["messageId"])
            else:
                assert status in (503, 429), status
                refused += 1
                if refused > 20:
                    break
        assert refused > 20
        assert shop.process.poll() is None, "serve must live on"
        said = [line for line in shop.said().splitlines() if "nearly full" in line]
        assert len(said) == 1, shop.said()[-3000:]
        ballast.unlink()
        deadline = time.monotonic() + 60
        while post(shop, key, after := track("After")) != 200:
            assert time.monotonic() < deadline, shop.said()[-2000:]
            time.sleep(0.2)
        acknowledged.add(after["messageId"])
        deadline = time.monotonic() + 60
        while not acknowledged <= in_log(shop):
            assert time.monotonic() < deadline, f"{len(acknowledged - in_log(shop))} acknowledged events are missing"
            time.sleep(0.5)
        with psycopg.connect(postgres.embedded_url(home)) as connection:
            assert connection.execute("SELECT count(*) FROM collect_rejectedevent").fetchone() == (0,)
    finally:
        shop.stop()
