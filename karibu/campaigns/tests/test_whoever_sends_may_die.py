"""PAINS 3 and 7: a worker that is killed at any moment of a campaign, and how much memory its people take."""

import os
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from karibu.campaigns import engine
from karibu.campaigns.models import Campaign, Recipient
from karibu.campaigns.tests.crowd import again, fates, launched, people, run, segment
from karibu.config.testing import database_url
from karibu.messages.models import Mail

SENDING = """
import django
django.setup()
from django.utils import timezone
from karibu.campaigns import engine
from karibu.messages import send
engine.FIND, engine.INTEND, send.FEWEST, send.MOST = 40, 25, 20, 20
while True:
    engine.advance(timezone.now())
    send.send_due(20)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_at_random_moments_nobody_is_missing_and_nobody_comes_twice(lake: Any) -> None:
    one = launched(segment("A", people(500)), holdout=10)
    environment = {
        **os.environ,
        "KARIBU_DATABASE_URL": database_url(),
        "KARIBU_LAKE_URL": str(lake),
        "DJANGO_SETTINGS_MODULE": "karibu.config.settings",
    }
    chance, kills = random.Random(5), 0
    while again(one).status != Campaign.Status.SENT and kills < 5:
        before = Mail.objects.count()
        worker = subprocess.Popen([sys.executable, "-c", SENDING], env=environment)
        deadline = time.monotonic() + 60
        while Mail.objects.count() == before and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.25))
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        kills += 1
    assert kills >= 3, "it was killed on its way"
    run()
    found = fates(one)
    assert found["sent"] + found["refused holdout"] == 500 and len(found) == 2
    assert Mail.objects.count() == found["sent"] == len(set(Mail.objects.values_list("recipient", flat=True)))
    assert again(one).status == "sent" and not Recipient.objects.exists()


@pytest.mark.django_db
def test_twenty_times_the_people_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """By slope: a step over the twentieth thousand takes what one over the first took."""
    monkeypatch.setattr(engine, "FIND", 1000)
    monkeypatch.setattr(engine, "AHEAD", 0)  # people are found, no message is let in
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "INSERT INTO customers_customer (name, email, phone, country, city, language, timezone, traits,"
            " first_source, created_at, is_anonymous, orders, spent) SELECT '', n || '@x.test', '', '', '', '', '',"
            " '{}', '', now(), false, 0, 0 FROM generate_series(1, 20000) n"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    one = launched()
    engine.advance(timezone.now())
    peaks = []
    tracemalloc.start()
    try:
        while not again(one).is_complete:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            engine.advance(timezone.now())
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    assert again(one).audience == 20_000 == Recipient.objects.count()
    assert len(peaks) >= 19 and max(peaks[-5:-1]) < 1.2 * max(peaks[1:5])
