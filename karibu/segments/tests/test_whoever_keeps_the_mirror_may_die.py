"""SIGKILL between every two steps, and two workers at once."""

import threading
import time

import pytest
from django.db import connection, transaction

from karibu.customers.models import Customer
from karibu.segments import columns, mirror
from karibu.segments.mirror import files, keep
from karibu.segments.models import Mirror
from karibu.segments.tests.dying import die
from karibu.segments.tests.people import customer, mirrored, straight
from karibu.segments.tests.waiting import until_somebody_waits

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lake")]

# What is under way, with which limits of keep.py, and where it ends.
DEATHS = [
    ("rebuild", {}, "before", "files.NewFile.write"),
    ("rebuild", {}, "before", "keep.name"),
    ("catch_up", {}, "after", "files.NewFile.close"),
    ("catch_up", {}, "after", "keep.name"),
    ("step", {"FOLD": 1, "LAYERS": 1}, "after", "layers.together"),
    ("step", {"FOLD": 1, "LEAST": 1}, "after", "compact.rewritten"),
]


@pytest.fixture
def people():
    return [customer(traits={"size": "M"}) for _ in range(5)]


def assert_nothing_lost():
    assert mirrored(mirror.current()) == straight()
    keep.catch_up()
    assert mirrored(mirror.current()) == straight()
    keep._tidy_up()
    files.sweep(keep.known().paths, grace=0)
    assert set(files.present()) == keep.known().paths


@pytest.mark.parametrize(("doing", "small", "when", "point"), DEATHS)
def test_killed_at(doing, small, when, point, people, lake):
    mirror.rebuild()
    for number in range(2):
        Customer.objects.filter(pk=people[number]).update(city="Kigali")
        if not number:
            keep.catch_up()
    die(doing, when, point, lake, **small)
    assert_nothing_lost()


def in_a_thread(work):
    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_of_two_workers_one_writes_and_the_other_goes_on(people, monkeypatch):
    entered, go_on, wrote = threading.Event(), threading.Event(), []
    real = keep._rebuild

    def slowly():
        wrote.append(threading.current_thread())
        entered.set()
        go_on.wait(60)
        real()

    monkeypatch.setattr(keep, "_rebuild", slowly)
    first = in_a_thread(keep.step)
    assert entered.wait(60)
    assert keep.step() == keep.LOOK
    go_on.set()
    first.join(60)
    assert len(wrote) == 1
    assert mirrored(mirror.current()) == straight()


def test_who_asks_while_the_first_mirror_is_written_waits_for_it(people, monkeypatch):
    asked = []
    with keep.lake.lock(files.LOCK):
        thread = in_a_thread(lambda: asked.append(mirrored(mirror.current())))
        time.sleep(0.3)
        assert not asked
        keep._rebuild()
        named = Mirror.objects.get().files
    thread.join(60)
    assert asked == [straight()]
    assert Mirror.objects.get().files == named


def test_changes_made_while_everything_is_read_are_not_lost(people, monkeypatch):
    real = keep.build.base

    def read_while_others_write():
        for file in real():
            Customer.objects.filter(pk=people[0]).update(city="Meanwhile")
            yield file

    monkeypatch.setattr(keep.build, "base", read_while_others_write)
    mirror.rebuild()
    assert mirrored(mirror.current())[people[0]]["city"] == "Meanwhile"


def test_whoever_sees_a_new_traits_column_sees_those_before_it(people):
    """Or a file would count as one that has a column which was not there yet for who wrote it."""
    gave, end, seen = threading.Event(), threading.Event(), []

    def slow():
        with transaction.atomic():
            columns.give_columns(["slow"])
            gave.set()
            end.wait(60)

    first = in_a_thread(slow)
    assert gave.wait(60)
    second = in_a_thread(lambda: seen.append(columns.give_columns(["quick"])))
    until_somebody_waits(unless=seen)
    end.set()
    first.join(60)
    second.join(60)
    assert seen[0]["slow"] < seen[0]["quick"]


def test_a_change_committed_out_of_order_is_seen(people):
    """A transaction that began early and ends late leaves a note with a small number."""
    mirror.rebuild()
    wrote, end = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            Customer.objects.filter(pk=people[0]).update(city="Slow")
            wrote.set()
            end.wait(60)

    thread = in_a_thread(slow)
    wrote.wait(60)
    Customer.objects.filter(pk=people[1]).update(city="Quick")
    keep.catch_up()
    end.set()
    thread.join()
    assert mirrored(mirror.current())[people[0]]["city"] == "Slow"
    keep.catch_up()
    assert mirrored(mirror.current())[people[0]]["city"] == "Slow"
