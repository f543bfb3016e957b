"""Each due message is in the mailbox exactly once, whoever sends and whatever crashes (PAINS 1, 2, 3, 8)."""

import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from karibu.consents.models import Consent
from karibu.customers.models import Customer
from karibu.messages import send
from karibu.messages.actions import Intent, intend
from karibu.messages.models import Mail, Message, Template
from karibu.messages.tests.cast import a_person, the_shop, wants

SENDER = """
import django; django.setup()
from karibu.messages import send
while True:
    if send.step(): break
"""


def crowd(size: int) -> None:
    """`size` people who agreed, each with one message due."""
    the_shop()
    now = timezone.now()
    people = Customer.objects.bulk_create(
        Customer(name=f"P {n}", email=f"p{n}@example.com", created_at=now) for n in range(size)
    )
    Consent.objects.bulk_create(
        Consent(customer_id=p.pk, channel="email", status="given", method="form", source="shop", strength=40, at=now)
        for p in people
    )
    intents = [
        Intent(key=str(p.pk), customer_id=p.pk, template_key="cart-reminder", sender="campaign:1") for p in people
    ]
    intend(intents)


def start_sender() -> subprocess.Popen[bytes]:
    url = connection.settings_dict
    environment = {
        **os.environ,
        "KARIBU_DATABASE_URL": f"postgresql://{url['USER']}@/{url['NAME']}?host={url['HOST']}",
        "DJANGO_SETTINGS_MODULE": "karibu.config.settings",
    }
    return subprocess.Popen([sys.executable, "-c", SENDER], env=environment)


def each_exactly_once(size: int) -> None:
    assert Message.objects.filter(status="sent").count() == size == Mail.objects.count()
    assert Mail.objects.values("recipient").distinct().count() == size


@pytest.mark.django_db(transaction=True)
def test_four_workers_that_start_in_the_same_second_send_10_000_messages_once():
    crowd(10_000)
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait()
        while send.step() < 1:
            pass
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    each_exactly_once(10_000)


@pytest.mark.django_db(transaction=True)
def test_kill_9_at_random_moments_loses_nothing_and_sends_nothing_twice():
    crowd(3000)
    kills = 0
    chance = random.Random(9)
    while Message.objects.filter(status="intended").exists():
        sender = start_sender()
        before = Mail.objects.count()
        while Mail.objects.count() == before and sender.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.08)
        if sender.poll() is None:
            sender.send_signal(signal.SIGKILL)
            kills += 1
        sender.wait()
    assert kills >= 10
    each_exactly_once(3000)


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


@pytest.mark.django_db
def test_a_hand_over_that_was_interrupted_is_not_repeated():
    the_shop()
    message = wants(a_person())
    Message.objects.update(status="sending", claimed_at=timezone.now() - send.HANDED_OVER_WITHIN * 2)
    assert send.mark_interrupted() == 1 and send.send_due() == 0
    message.refresh_from_db()
    assert (message.status, message.reason) == ("failed", "unknown_outcome")
    assert not Mail.objects.exists()
