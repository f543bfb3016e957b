"""How many mails a day go to one domain: a plan that grows."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest
import time_machine

from karibu.messages import send
from karibu.messages.channels.email.models import Departed, Pace
from karibu.messages.channels.email.rules import planned
from karibu.messages.models import Message
from karibu.messages.tests.cast import a_person, the_shop, wants

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def fates(domain: str) -> Counter[str]:
    return Counter(m.status for m in Message.objects.filter(address__endswith=f"@{domain}"))


def crowd(domain: str, size: int) -> None:
    for n in range(size):
        wants(a_person(f"p{n}{domain[0]}", email=f"p{n}@{domain}"))


def test_a_plan_lets_so_many_go_each_day_and_more_the_next_and_other_domains_do_not_wait():
    the_shop()
    Pace.objects.create(domain="new.example", first=3, growth=100, most=5, since=MONDAY.date())
    with time_machine.travel(MONDAY, tick=True) as clock:
        crowd("new.example", 12), crowd("old.example", 4)
        days = []
        for day in range(4):
            clock.move_to(MONDAY.replace(day=2 + day, hour=10))
            while send.send_due():
                pass
            days.append(Message.objects.filter(status="sent", address__endswith="@new.example").count())
            if day == 0:
                assert fates("old.example") == {"sent": 4}
                held = Message.objects.filter(status="held")
                assert {m.reason for m in held} == {"pace"} and {m.due_at for m in held} == {
                    datetime(2026, 3, 3, tzinfo=UTC)
                }
    assert days == [3, 8, 12, 12], "3, then twice as many but no more than 5, then the rest"


def test_a_plan_for_every_other_domain_counts_each_by_itself():
    the_shop()
    Pace.objects.create(domain="", first=2, since=MONDAY.date())
    with time_machine.travel(MONDAY, tick=True):
        crowd("one.example", 3), crowd("two.example", 3)
        while send.send_due():
            pass
    assert fates("one.example")["sent"] == fates("two.example")["sent"] == 2
    assert dict(Departed.objects.values_list("domain", "count")) == {"one.example": 2, "two.example": 2}


def test_a_plan_never_overflows_and_nought_lets_nobody_go():
    endless = Pace(domain="x.example", first=1000, growth=100, most=0, since=date(2020, 1, 1))
    assert 0 < planned(endless, date(2026, 1, 1)) <= 2_000_000_000
    assert planned(Pace(domain="x", first=0, growth=30, most=0, since=date(2026, 1, 1)), date(2026, 2, 1)) == 0
