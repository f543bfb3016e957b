"""One runner at a time; what died or was stopped goes on at the row where it was."""

import time
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from karibu.customers.models import Customer
from karibu.events import log
from karibu.imports import actions, holding, jobs, run
from karibu.imports.models import Import
from karibu.imports.queries import abandoned, left_half_undone
from karibu.imports.tests.making import BY, ready
from karibu.shop.models import Order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


def test_killed_in_the_middle_it_goes_on_at_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(run.STEP, "orders", 2)
    content = "order_id,customer_id,date,total\n" + "".join(f"{n},c{n % 7},2026-01-05,1.25\n" for n in range(20))
    imported = ready("orders", content, tmp_path)

    def dies(progress: Import) -> None:
        if progress.position == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.run(imported.pk, dies)
    imported.refresh_from_db()
    assert (imported.status, imported.position, Order.objects.count()) == ("running", 10, 10)
    assert abandoned() == [imported.pk]
    assert run.run(imported.pk).status == "done"
    assert Order.objects.count() == 20
    assert sum(order.total for order in Order.objects.all()) == 25
    assert log.count()[None] == 20


def test_a_running_import_is_its_runners_until_their_connection_ends_or_their_heart_stops(tmp_path: Path) -> None:
    imported = ready("customers", "email\nann@x.test\n", tmp_path)
    given = connection.get_connection_params()
    given.pop("cursor_factory", None), given.pop("context", None)
    other = psycopg.connect(**given)
    other.execute("SELECT pg_advisory_lock(%s, %s)", [holding.LOCKS, imported.pk])
    Import.objects.update(status="running", owner="another", heartbeat_at=timezone.now())
    assert abandoned() == []
    with pytest.raises(holding.Taken, match="another process"):
        run.run(imported.pk)
    Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    assert abandoned() == [imported.pk]
    Import.objects.update(heartbeat_at=timezone.now())
    assert abandoned() == []
    other.close()
    until = time.monotonic() + 60
    while not abandoned() and time.monotonic() < until:  # the server ends a session in its own time
        time.sleep(0.01)
    assert abandoned() == [imported.pk]
    assert run.run(imported.pk).counts["taken"] == 1


def test_what_a_dead_worker_was_to_begin_or_to_undo_is_begun_by_another(tmp_path: Path) -> None:
    waiting, undone = (ready("customers", "email\nann@x.test\n", tmp_path) for _ in range(2))
    run.run(undone.pk)
    actions.begin_undo(undone, by=BY)
    assert (abandoned(), left_half_undone()) == ([], [])  # their jobs may be on their way
    Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert (abandoned(), left_half_undone()) == ([waiting.pk], [(undone.pk, BY)])
    for _ in range(2):
        jobs.revive()
    with connection.cursor() as cursor:
        cursor.execute("SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == [f"undo import {undone.pk}", f"run import {waiting.pk}"]


def test_a_stopped_import_takes_nothing_more_until_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(run.STEP, "customers", 5)
    content = "email\n" + "".join(f"p{n}@x.test\n" for n in range(20))
    imported = ready("customers", content, tmp_path)

    def stops(progress: Import) -> None:
        if progress.position == 10:
            actions.stop(progress, by=BY)

    assert run.run(imported.pk, stops).status == "stopped"
    assert Customer.objects.count() == 10
    actions.resume(imported, by=BY, queue=False)
    assert run.run(imported.pk).counts["taken"] == 20
    assert Customer.objects.count() == 20
