"""`karibu erase`, as it is typed: whom it finds, what it says, and that it can be stopped and gone on with."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.db import connection, transaction

from karibu.collect import drain
from karibu.config.cli import main
from karibu.config.testing import database_url
from karibu.consents.models import ErasedIdentity, Erasure
from karibu.customers.models import Customer, Identity
from karibu.events import log
from karibu.web.models import AuditEntry, Shop
from tests.test_erasure import a_life, come, found

pytestmark = pytest.mark.django_db(transaction=True)


def start(*arguments: str) -> subprocess.Popen[str]:
    """`karibu erase` in a process of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KARIBU_TEST")},
        "KARIBU_DATABASE_URL": database_url(),
        "KARIBU_LAKE_URL": settings.KARIBU_LAKE_URL,
        "KARIBU_HOME": str(settings.KARIBU_HOME),
    }
    pipe = subprocess.PIPE
    whole = [sys.executable, "-m", "karibu", "erase", *arguments]
    return subprocess.Popen(whole, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def karibu(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command, run in this process: starting one takes three seconds."""
    done = CliRunner().invoke(main, arguments, input=typed)
    return done.exit_code, done.stdout, done.stderr


def erase(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    return karibu("erase", *arguments, typed=typed)


def test_it_asks_shows_its_steps_and_says_what_it_took(lake: Path) -> None:
    customer = a_life()
    code, out, err = erase("Zuberi.QUETZAL@example.com", typed="n\n")
    assert code == 1 and f"Erase customer {customer}" in out and "Aborted" in err
    assert Customer.objects.get(pk=customer).erased_at is None
    code, out, err = erase("Zuberi.QUETZAL@example.com", "--yes")
    assert code == 0 and out.startswith(f"Customer {customer} is erased: ") and "1 mails" in out
    assert next(line for line in err.splitlines() if line.startswith("… ")) == "… closing the doors"
    assert "… log" in err and "zuberi" not in (out + err).lower()
    assert found(lake) == [] and AuditEntry.objects.get(verb="erased customer").actor == "karibu erase"
    for again in ("zuberi.quetzal@example.com", str(customer)):
        code, out, err = erase(again, "--yes")
        assert code == 1 and out == "" and "was erased already" in err
    assert Erasure.objects.count() == 1


def test_a_phone_number_may_be_typed_as_at_home(lake: Path) -> None:
    Shop.objects.update_or_create(pk=1, defaults={"country": "RW"})
    customer = a_life()
    code, out, _ = erase("0788 123 499", "--yes")
    assert code == 0 and f"Customer {customer} is erased" in out and found(lake) == []


def test_an_old_number_of_a_merged_customer_and_an_unknown_one(lake: Path) -> None:
    come({"type": "page", "userId": None, "anonymousId": "elsewhere"})
    own = Identity.objects.get(value="elsewhere").own_id
    customer = a_life()
    come({"type": "identify", "anonymousId": "elsewhere"})
    code, out, err = erase("nobody@example.com", "--yes")
    assert (code, out) == (1, "") and err.startswith("Error: There is no such customer.")
    code, out, _ = erase(str(own), "--yes")
    assert code == 0 and f"Customer {customer} is erased" in out and found(lake) == []


def waits_for_a_lane(cursor: Any) -> bool:
    """In this database: tests that run at the same time have others of the same server."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        [drain.LOCK],
    )
    return bool(cursor.fetchone()[0])


def test_it_is_stopped_while_it_waits_and_goes_on_where_it_was(lake: Path) -> None:
    customer = a_life()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 3)", [drain.LOCK])  # a batch is under way
        running = start("u-zq-17", "--yes")
        assert running.stderr and running.stderr.readline() == "… closing the doors\n"
        # Until the server has its question: it forgets a cancellation that overtakes what it shall cancel.
        while not (ErasedIdentity.objects.exists() and waits_for_a_lane(cursor)):
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 1 and "Stopped." in err and "Traceback" not in err
    assert Customer.objects.get(pk=customer).erased_at is None and Erasure.objects.get().done_at is None
    before = len(log.history([customer]))
    come({"type": "page"})  # what it has begun holds: nothing of the person is taken any more
    assert len(log.history([customer])) == before > 0
    code, out, _ = erase("u-zq-17", "--yes")
    assert code == 0 and f"Customer {customer} is erased" in out
    assert Erasure.objects.get().done_at and Erasure.objects.get().person == {} and found(lake) == []


def test_one_that_has_lost_the_names_already_is_found_by_them_until_it_is_done(lake: Path) -> None:
    customer = a_life()
    person = {"identifiers": ["u-zq-17", "zuberi.quetzal@example.com"], "names": ["Zuberi Quetzal"]}
    erasing = Customer.objects.get(pk=customer)
    Erasure.objects.create(customer_id=customer, by="x", begun_at=erasing.created_at,
                           touched_at=erasing.created_at, person=person)  # fmt: skip
    Identity.objects.filter(customer_id=customer).delete()
    Customer.objects.filter(pk=customer).update(erased_at=erasing.created_at, email="", phone="", name="")
    code, out, _ = erase("zuberi.quetzal@example.com", "--yes")
    assert code == 0 and f"Customer {customer} is erased" in out
    assert Erasure.objects.count() == 1 and Erasure.objects.get().person == {}
