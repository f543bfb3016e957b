"""Each due message leaves exactly once, whoever sends and whatever crashes (PAINS 1, 2, 3, 8)."""

import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta
from itertools import count

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from psycopg.types.json import Jsonb

from karibu.config.testing import missing
from karibu.consents.models import Consent
from karibu.customers import raw
from karibu.customers.models import Customer
from karibu.events.arrays import Numbers, with_bulk_arrays
from karibu.messages import handover, send
from karibu.messages.actions import Intent, intend, retry
from karibu.messages.channels import Letter
from karibu.messages.channels.email.smtp import Server
from karibu.messages.models import Mail, Message, Template
from karibu.messages.tests.cast import a_person, fate, the_shop, wants
from karibu.messages.tests.senders import Senders, is_running, senders, wait_for_end
from karibu.messages.tests.servers import program, sink
from karibu.messages.verdict import SENT, Outcome, record

# The suite takes a short dose; KARIBU_TEST_WHOLE=1 the one that docs/benchmarks.md tells of.
KILLS = 50 if os.environ.get("KARIBU_TEST_WHOLE") else 15
RECIPIENTS = 10_000
OPEN = Q(status__in=["intended", "held"]) | Q(status="sending", handed_over_at=None)
CONNECTIONS = Server.of("smtp://localhost").connections
_number = count()


def crowd(size: int) -> None:
    """`size` people who agreed, each with one message due."""
    the_shop()
    now = timezone.now()
    names = [f"p{next(_number)}@example.com" for _ in range(size)]
    people = Customer.objects.bulk_create(Customer(name=n, email=n, created_at=now) for n in names)
    Consent.objects.bulk_create(
        Consent(customer_id=p.pk, channel="email", status="given", method="form", source="shop", strength=40, at=now)
        for p in people
    )
    intents = [
        Intent(key=str(p.pk), customer_id=p.pk, template_key="cart-reminder", sender="campaign:1") for p in people
    ]
    intend(intents)


def mailbox() -> Counter[str]:
    return Counter(Mail.objects.values_list("recipient", flat=True))


def everyone() -> Counter[str]:
    return Counter(Customer.objects.values_list("email", flat=True))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_four_processes_that_start_in_the_same_second_send_every_message_once():
    crowd(RECIPIENTS)
    with senders() as pool:
        at = time.time() + 0.5
        wait_for_end([pool.start(at) for _ in range(4)])
    assert mailbox() == everyone() and mailbox().total() == RECIPIENTS
    assert Message.objects.filter(status="sent", attempts=1).count() == RECIPIENTS


def send_under_fire(pool: Senders, seed: int) -> None:
    """Starts a sender and kills it at a random moment, KILLS times; the last one finishes.

    Every third dies soon after its start, the others while messages leave.
    """
    chance, kills = random.Random(seed), 0
    while kills < KILLS:
        if Message.objects.filter(OPEN).count() < 400:
            crowd(400)
        before = Message.objects.filter(status="sent").count()
        sender = pool.start()
        while kills % 3 and is_running(sender) and Message.objects.filter(status="sent").count() == before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.1))
        if is_running(sender):
            os.kill(sender, signal.SIGKILL)
            kills += 1
    while Message.objects.filter(OPEN).exists():
        wait_for_end([pool.start()])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_kill_9_at_random_moments_loses_nothing_and_puts_nothing_into_the_mailbox_twice():
    with senders() as pool:
        send_under_fire(pool, seed=9)
    assert mailbox() == everyone() and mailbox().total() >= 400
    assert not Message.objects.exclude(status="sent").exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_kill_9_at_random_moments_sends_nothing_twice_over_smtp_and_names_what_is_in_doubt(settings, capsys):
    """At most one message a kill and connection is in doubt, and says so: only the server knows whether it took it."""
    if not program("smtp-sink"):
        missing("smtp-sink")
    with sink() as server:
        settings.KARIBU_SMTP_URL = server.url
        with senders() as pool:
            send_under_fire(pool, seed=27)
        handover.admit_doubt(timezone.now() + 2 * handover.LEASE)
        taken = server.taken()
    fates = dict(Message.objects.values_list("address", "status"))
    doubtful = {address for address, status in fates.items() if status == "failed"}
    assert set(taken) | doubtful == set(everyone()) == set(fates)
    assert set(taken.values()) == {1}, "somebody got a message twice"
    assert {address for address, status in fates.items() if status == "sent"} <= set(taken)
    assert set(fates.values()) <= {"sent", "failed"} and len(doubtful) <= KILLS * CONNECTIONS
    assert set(Message.objects.filter(status="failed").values_list("reason", flat=True)) <= {"unknown_outcome"}
    with capsys.disabled():
        arrived = len(doubtful & set(taken))
        print(f"\n{KILLS} kills, {len(fates)} messages: {len(doubtful)} in doubt, of which {arrived} had arrived")


@pytest.mark.django_db
def test_one_poison_recipient_spoils_nobody_elses_message():
    the_shop()
    wants(a_person("first"), "a")
    Template.objects.update(
        subject="{% if customer.name == 'Poison' %}{{ customer.name | divided_by: 0 }}{% endif %}Hello", version=2
    )
    poison = wants(a_person("poison"), "b")
    unwritable = wants(a_person("odd", email="odd\n@example.com"), "c")
    for n in range(5):
        wants(a_person(f"good{n}"), f"d{n}")
    assert send.send_due() == 8 and send.send_due() == 0
    poison.refresh_from_db(), unwritable.refresh_from_db()
    assert (poison.status, poison.reason) == ("failed", "template_error") and poison.detail
    assert (unwritable.status, unwritable.reason) == ("refused", "bad_address")
    assert Mail.objects.count() == 6


@pytest.mark.django_db
def test_a_message_that_makes_karibu_itself_stumble_is_set_aside_and_the_others_leave(monkeypatch):
    the_shop()
    poison = wants(a_person("poison"), "a")
    for n in range(3):
        wants(a_person(f"good{n}"), f"b{n}")
    real = send.gate.ask

    def ask(messages, now):
        if any(m.pk == poison.pk for m in messages):
            raise RuntimeError("a bug")
        return real(messages, now)

    monkeypatch.setattr(send.gate, "ask", ask)
    assert send.send_due() == 4 and send.send_due() == 0
    poison.refresh_from_db()
    assert (poison.status, poison.reason, poison.detail) == ("failed", "error", "RuntimeError")
    assert Mail.objects.count() == 3


@pytest.mark.django_db
def test_two_transactional_messages_without_a_delay_both_leave():
    the_shop()
    person = a_person(agreed=False)
    wants(person, "a")
    Template.objects.update(is_marketing=False)
    Message.objects.all().delete()
    wants(person, "b"), wants(person, "c")
    assert send.send_due() == 2
    assert Mail.objects.count() == 2


def claimed(message: Message) -> Letter:
    """The message as a sender has it that has just claimed it and not yet begun to hand it over."""
    Message.objects.filter(pk=message.pk).update(status="sending", attempts=1, claimed_at=timezone.now())
    known = {"sender": "", "recipient": "", "subject": "", "raw": b"", "customer_id": message.customer_id}
    return Letter(message_id=message.pk, channel="email", claim=1, attempt=1, **known)


@pytest.mark.django_db
def test_what_was_claimed_and_not_begun_is_taken_back_when_its_sender_is_gone():
    the_shop()
    message = wants(a_person())
    claimed(message)
    Message.objects.update(claimed_by=2**31 - 1)  # no process has this number
    assert handover.take_back() == 1
    assert fate(message) == ("intended", "interrupted") and message.history[-1]["reason"] == "interrupted"
    assert send.send_due() == 1 and fate(message) == ("sent", "")


@pytest.mark.django_db(transaction=True)
def test_what_a_living_sender_has_claimed_is_left_to_it_until_its_time_is_over():
    the_shop()
    message = wants(a_person())
    claimed(message)
    with psycopg.connect(**connection.get_connection_params()) as other:
        Message.objects.update(claimed_by=other.info.backend_pid, claimed_at=timezone.now() + timedelta(seconds=1))
        assert handover.take_back() == 0
        with transaction.atomic():
            assert handover.take_back(timezone.now() + 2 * handover.LEASE) == 1


@pytest.mark.django_db
def test_a_slow_sender_cannot_send_what_was_taken_back_meanwhile():
    the_shop()
    message = wants(a_person())
    letter = claimed(message)
    Message.objects.update(claimed_by=2**31 - 1)
    handover.take_back()
    assert not handover.begin([letter])
    Message.objects.update(status="sending", attempts=2)  # another one has it now
    assert not handover.begin([letter])


@pytest.mark.django_db
def test_a_hand_over_begins_once():
    the_shop()
    letter = claimed(wants(a_person()))
    assert handover.begin([letter]) and not handover.begin([letter])


@pytest.mark.django_db
def test_a_begin_looks_at_its_own_letters_however_many_others_are_claimed():
    """Also where the server planned it for a table in which nothing was claimed yet."""
    the_shop()
    letter = claimed(wants(a_person()))
    own = with_bulk_arrays(raw.cursor())
    own.execute("SET LOCAL enable_seqscan = off")  # the table has one row
    one = Numbers([letter.message_id])
    values = {"now": timezone.now(), "letters": one, "claims": one, "sent": one, "entry": Jsonb([])}
    plan = "\n".join(row[0] for row in own.execute(f"EXPLAIN {handover._BEGIN}", values).fetchall())
    assert plan.count("Index Cond: (id = ANY") == 2 and "message_claimed" not in plan


@pytest.mark.django_db
def test_a_hand_over_that_began_and_was_interrupted_is_in_doubt_and_not_repeated():
    the_shop()
    message = wants(a_person())
    assert handover.begin([claimed(message)])
    Message.objects.update(claimed_by=2**31 - 1)
    assert handover.take_back() == 0 and handover.admit_doubt() == 0 and send.send_due() == 0
    assert handover.admit_doubt(timezone.now() + 2 * handover.LEASE) == 1
    assert fate(message) == ("failed", "unknown_outcome") and send.send_due() == 0
    assert not Mail.objects.exists()


@pytest.mark.django_db
def test_what_is_in_doubt_can_be_sent_again_by_a_colleague():
    the_shop()
    message = wants(a_person())
    handover.begin([claimed(message)])
    handover.admit_doubt(timezone.now() + 2 * handover.LEASE)
    assert retry(message.pk, by="owner@example.com") == 1 and send.send_due() == 1
    assert fate(message) == ("sent", "") and Mail.objects.count() == 1


def log_position(which: str) -> int:
    """A position in PostgreSQL's log: "insert" is its end, "flush" what is on disk."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_current_wal_{which}_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_an_outcome_waits_for_no_disk_and_the_begin_after_it_takes_both_there():
    the_shop()
    first, second = claimed(wants(a_person("first"))), claimed(wants(a_person("second")))
    handover.begin([first])
    outcome = Outcome(message_id=first.message_id, verdict=SENT, customer_id=first.customer_id)
    assert record([outcome], timezone.now(), before=["sending"], flushed=False) == 1
    written = log_position("insert")
    assert handover.begin([second]) and log_position("flush") > written
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
