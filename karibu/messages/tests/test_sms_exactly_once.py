"""A sender of texts that is killed at any moment sends nothing twice, and says of which ones it does not know."""

import os
import random
import signal
import time
from collections import Counter

import pytest
from django.utils import timezone

from karibu.customers.models import Customer
from karibu.messages import handover
from karibu.messages.actions import Intent, intend
from karibu.messages.channels.handing import WIDTH
from karibu.messages.models import Message, Template
from karibu.messages.tests.cast import the_shop
from karibu.messages.tests.senders import is_running, senders, wait_for_end
from karibu.messages.tests.servers_sms import provider

WHOLE = bool(os.environ.get("KARIBU_TEST_WHOLE"))
KILLS, TEXTS = (20, 2_000) if WHOLE else (6, 600)


def crowd() -> set[str]:
    the_shop()
    now = timezone.now()
    Template.objects.create(key="text", name="Text", channel="sms", subject="", body="Hello", is_marketing=False)
    numbers = [f"+25078{8_100_000 + n}" for n in range(TEXTS)]
    people = Customer.objects.bulk_create(Customer(phone=one, created_at=now) for one in numbers)
    known = {"template_key": "text", "channel": "sms", "sender": "campaign:1"}
    intend([Intent(key=str(one.pk), customer_id=one.pk, **known) for one in people])
    return set(numbers)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_kill_9_at_random_moments_texts_nobody_twice() -> None:
    chance = random.Random(4)
    numbers = crowd()
    with provider("twilio") as (server, _), senders() as pool:
        for _ in range(KILLS):
            before, sender = len(server.asked), pool.start()
            while is_running(sender) and len(server.asked) == before:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.05))
            if is_running(sender):
                os.kill(sender, signal.SIGKILL)
        wait_for_end([pool.start()])
        handover.admit_doubt(timezone.now() + 2 * handover.LEASE)
        asked = Counter(request.form["To"] for request in server.asked)
    fates = dict(Message.objects.values_list("address", "status"))
    doubtful = {address for address, status in fates.items() if status == "failed"}
    assert set(fates) == numbers and set(fates.values()) <= {"sent", "failed"}
    assert set(asked.values()) == {1}, "somebody got a text twice"
    assert {address for address, status in fates.items() if status == "sent"} <= set(asked)
    assert set(asked) | doubtful == numbers
    assert len(doubtful) <= KILLS * WIDTH
