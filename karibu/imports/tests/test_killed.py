"""An import whose process is killed (SIGKILL), again and again, at random: nothing is lost and nothing comes twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from karibu.config.testing import database_url
from karibu.customers.models import Customer
from karibu.events import log
from karibu.imports.models import Import, RejectedRow
from karibu.shop.models import Order, OrderLine
from karibu.web.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ORDERS, BAD, KILLS = 12_000, range(500, 12_000, 2_000), 10
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(settings: Any, lake: Path, tmp_path: Path) -> Iterator[Start]:
    """`start("import", "resume", "1")` is that `karibu` command as a process on the test's database and lake."""
    settings.KARIBU_HOME = tmp_path / "home"
    env = {
        **os.environ,
        "KARIBU_HOME": str(settings.KARIBU_HOME),
        "KARIBU_LAKE_URL": str(lake),
        "KARIBU_DATABASE_URL": database_url(),
    }
    running: list[subprocess.Popen[bytes]] = []

    def begin(*command: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "said").open("ab") as said:
            argv = [sys.executable, "-W", "ignore", "-m", "karibu", *command]
            running.append(subprocess.Popen(argv, env=env, stdout=said, stderr=said))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def content() -> bytes:
    """Two lines an order, far apart; six orders have a line without a sum, and its number is known."""
    lines = [f"o{n},c{n % 300},2026-01-05,p{n % 50},{'1.25'}\n" for n in range(ORDERS)]
    lines += [f"o{n},c{n % 300},2026-01-05,p{n % 70},{'ten' if n in BAD else '2.50'}\n" for n in range(ORDERS)]
    return ("order_id,customer_id,date,product_id,line_total\n" + "".join(lines)).encode()


def until(true: Callable[[Import], bool], number: int = 0, seconds: float = 60) -> Import:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = Import.objects.filter(pk=number).first() if number else Import.objects.first()
        if found and true(found):
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {found and (found.status, found.reason, found.position)}")


def kill_at_random(process: subprocess.Popen[bytes], before: Import, chance: random.Random, turn: int) -> Import:
    """Kills it once it has the import: while it reads the file, in its first step, or behind that, in turn."""
    far = [lambda now: True, lambda now: now.total is not None, lambda now: now.position > before.position][turn % 3]
    until(lambda now: now.owner not in ("", before.owner) and far(now), before.pk)
    time.sleep(chance.uniform(0, 0.15))
    process.send_signal(signal.SIGKILL)
    process.wait()
    return until(lambda now: True, before.pk)


def assert_everything_came_once(number: int) -> None:
    good = ORDERS - len(BAD)
    done = until(lambda now: now.status == "done", number)
    assert done.counts == {"taken": good, "refused": 0, "rejected": 2 * len(BAD)}
    assert (Order.objects.count(), OrderLine.objects.count()) == (good, 2 * good)
    assert sum(order.total for order in Order.objects.all()) == good * Decimal("3.75")
    assert sum(customer.spent for customer in Customer.objects.all()) == good * Decimal("3.75")
    assert (Customer.objects.count(), log.count()[None]) == (300, good)
    bad = dict(RejectedRow.objects.values_list("line", "reason"))
    assert sorted(bad) == sorted([n + 2 for n in BAD] + [ORDERS + n + 2 for n in BAD])
    assert all(bad[ORDERS + n + 2] == "“ten” is no amount" for n in BAD)
    assert bad[BAD[0] + 2] == f"line {ORDERS + BAD[0] + 2} of this order: “ten” is no amount"


def test_workers_and_commands_killed_ten_times_over_one_import_of_the_screen(start: Start, client: Client) -> None:
    client.force_login(User.objects.create_user("owner@shop.test", role="owner"))
    client.post("/imports/new/", {"kind": "orders", "file": SimpleUploadedFile("old.csv", content())})
    imported = Import.objects.get()
    chosen = {f"map_{ours}": theirs for ours, theirs in imported.mapping.items()}
    client.post(f"/imports/{imported.pk}/", {**chosen, "currency": "USD", "zone": "UTC", "match": "any", "start": "1"})
    chance = random.Random(os.environ.get("KARIBU_TEST_SEED", "7"))
    places = []
    for turn in range(KILLS):
        command = ["import", "resume", str(imported.pk)] if turn % 5 else ["worker"]
        imported = kill_at_random(start(*command), imported, chance, turn)
        assert imported.status == "running"  # nobody says goodbye
        places.append(imported.position)
    assert places == sorted(places) and 0 < places[-1] < 2 * ORDERS
    begun = time.monotonic()
    start("worker")  # finds by itself what was left
    until(lambda now: now.position > places[-1], imported.pk)
    assert time.monotonic() - begun < 45  # and not only when a minute has passed
    assert_everything_came_once(imported.pk)


def test_an_import_of_the_command_line_that_is_killed_is_finished_by_the_worker(start: Start, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes(content())
    command = start("import", "orders", str(tmp_path / "old.csv"), "--yes")
    imported = until(lambda now: now.position > 0)
    command.send_signal(signal.SIGKILL)
    start("worker")
    assert_everything_came_once(imported.pk)
