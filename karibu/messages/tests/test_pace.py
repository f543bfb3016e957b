"""How often one person is written to: caps hold, the most important leaves first, and nothing is lost."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karibu.customers.models import Customer
from karibu.messages import send
from karibu.messages.models import ChannelRules, Mail, Message, Priority, Rules, Template
from karibu.messages.tests.cast import a_person, fate, the_shop, wants
from karibu.web.models import User

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shop():
    return the_shop()


@pytest.fixture
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


def drain():
    while send.send_due():
        pass


def leaves(message: Message) -> bool:
    drain()
    return fate(message)[0] == "sent"


def test_two_marketing_messages_to_one_person_keep_their_distance(clock):
    person = a_person()
    first, second = wants(person, "a"), wants(person, "b")
    drain()
    assert fate(first) == ("sent", "") and fate(second) == ("held", "frequency")
    assert second.due_at == datetime(2026, 3, 2, 1, tzinfo=UTC)
    clock.move_to(datetime(2026, 3, 2, 0, 59, tzinfo=UTC))
    assert not leaves(second)
    clock.move_to(datetime(2026, 3, 2, 1, tzinfo=UTC))
    assert leaves(second) and Mail.objects.count() == 2


def test_of_several_messages_the_most_important_leaves_first_then_the_oldest(clock):
    person = a_person()
    names = {key: wants(person, key, priority=rank) for key, rank in (("a", 0), ("b", 0), ("c", 5), ("d", -1))}
    order = []
    for _ in names:
        drain()
        sent = [key for key, message in names.items() if fate(message)[0] == "sent" and key not in order]
        order += sent
        assert len(sent) == 1 and Mail.objects.count() == len(order)
        clock.shift(timedelta(hours=16))
    assert order == ["c", "a", "b", "d"]


def test_a_template_says_how_important_it_is_and_its_form_keeps_that(clock, client):
    person = a_person()
    wants(person, "letter"), wants(person, "reminder")
    Message.objects.all().delete()
    reminder = Template.objects.get(key="cart-reminder")
    assert reminder.priority == Priority.FIRST, "somebody's cart before what all get"
    fields = {"name": "Letter", "subject": "Letter", "body": reminder.body, "text": "Letter"}
    letter = Template.objects.create(key="letter", **fields)
    client.force_login(User.objects.create_user("neema@example.test", role="marketer"))
    client.post("/messages/templates/letter/", {**fields, "topic": "offers", "is_marketing": "on", "priority": "-10"})
    letter.refresh_from_db()
    assert letter.priority == Priority.LAST
    client.post("/messages/templates/letter/", {**fields, "topic": "offers", "is_marketing": "on"})
    letter.refresh_from_db()
    assert letter.priority == Priority.LAST, "who does not say it leaves it as it is"
    first = wants(person, "letter", template_key="letter")
    second = wants(person, "cart")
    drain()
    assert (fate(first)[0], fate(second)[0]) == ("held", "sent"), "the later, but the more important"
    clock.shift(timedelta(hours=16))
    drain()
    assert fate(first)[0] == "sent", "not lost"


def test_the_most_important_is_found_also_where_it_was_due_later_than_a_whole_group_of_others(clock):
    person = a_person()
    for n in range(5):
        wants(person, f"early {n}", due_at=MORNING - timedelta(hours=1))
    important = wants(person, "late", priority=1)
    assert send.send_due(limit=2)
    assert fate(important) == ("sent", "") and Mail.objects.count() == 1


def test_what_waits_expires_by_its_own_date_alone(clock):
    person = a_person()
    wants(person, "a")
    short, long = (wants(person, key, expires_at=MORNING + timedelta(hours=h)) for key, h in (("b", 2), ("c", 40)))
    drain()
    assert fate(short) == fate(long) == ("held", "frequency")
    clock.shift(timedelta(hours=17))
    drain()
    assert fate(short) == ("refused", "too_late") and fate(long) == ("sent", "")


def test_at_most_so_many_in_so_many_days(clock):
    ChannelRules.objects.create(channel="email", gap_hours=0, most=2, most_days=7)
    person = a_person()
    messages = [wants(person, str(n)) for n in range(3)]
    drain()
    assert [fate(m)[0] for m in messages] == ["sent", "sent", "held"]
    assert messages[2].due_at == MORNING + timedelta(days=7) and messages[2].detail == "2 / 7 d"


def test_a_channel_has_its_own_distance_and_all_together_another(clock):
    person = a_person()
    Message.objects.filter(pk=wants(person, "text").pk).update(channel="sms", status="sent", sent_at=MORNING)
    mail = wants(person, "mail")
    assert leaves(mail)  # a text message is no mail
    Message.objects.filter(pk=mail.pk).delete()
    Rules.objects.create(pk=1, gap_hours=3)
    other = wants(person, "other")
    drain()
    assert fate(other) == ("held", "frequency") and other.due_at == MORNING + timedelta(hours=3)


def test_a_receipt_neither_waits_nor_takes_a_place(clock):
    person = a_person()
    receipt, offer = wants(person, "receipt"), wants(person, "offer")
    Message.objects.filter(pk=receipt.pk).update(is_marketing=False)
    drain()
    assert fate(receipt) == fate(offer) == ("sent", "")
    later = wants(person, "again")
    Message.objects.filter(pk=later.pk).update(is_marketing=False)
    assert leaves(later)


def test_a_message_that_fails_does_not_keep_the_next_one_waiting(clock):
    person = a_person()
    template = Template.objects.get(pk=wants(person, "x").template_id)
    Message.objects.all().delete()
    broken = Template.objects.create(key="broken", name="b", subject="{{ 1 | divided_by: 0 }}", body=template.body)
    bad, good = wants(person, "bad", priority=1), wants(person, "good")
    Message.objects.filter(pk=bad.pk).update(template=broken)
    drain()
    assert fate(bad) == ("failed", "template_error") and fate(good) == ("sent", "")


def test_a_merged_customers_messages_count_as_those_of_whom_they_are_today(clock):
    old, new = a_person("old"), a_person("new")
    one, other = wants(old, "a"), wants(new, "b")
    Customer.objects.filter(pk=old.pk).update(merged_into=new.pk)
    drain()
    assert fate(one) == ("sent", "") and fate(other) == ("held", "frequency")


wanted = st.tuples(st.integers(0, 2), st.integers(-2, 2), st.integers(0, 30), st.sampled_from(["email", "sms"]))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    messages=st.lists(wanted, min_size=1, max_size=12),
    gap=st.integers(0, 20),
    most=st.integers(0, 3),
    overall=st.integers(0, 2),
)
def test_caps_are_never_exceeded_and_nothing_is_lost(messages, gap, most, overall):
    """Random messages of three people; text messages are those that left by other ways and count overall."""
    Message.objects.all().delete(), Customer.objects.all().delete()
    Rules.objects.update_or_create(pk=1, defaults={"most": overall, "most_days": 2, "gap_hours": 0})
    mail = {"gap_hours": gap, "most": most, "most_days": 3}
    ChannelRules.objects.update_or_create(channel="email", defaults={**mail, "by_country": False})
    with time_machine.travel(MORNING, tick=False) as clock:
        people = [a_person(f"p{n}") for n in range(3)]
        for n, (who, rank, after, channel) in enumerate(messages):
            due = MORNING + timedelta(hours=after)
            made = wants(people[who], str(n), priority=rank, due_at=due)
            if channel == "sms":
                Message.objects.filter(pk=made.pk).update(channel="sms", status="sent", sent_at=MORNING, due_at=MORNING)
        for _ in range(400):
            drain()
            following = Message.objects.filter(status__in=["intended", "held"]).order_by("due_at").first()
            if following is None:
                break
            clock.move_to(max(following.due_at, MORNING))
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}
    for person in people:
        sent = Message.objects.filter(customer_id=person.pk).order_by("sent_at")
        mails = list(sent.filter(channel="email").values_list("sent_at", flat=True))
        assert all(b - a >= timedelta(hours=gap) for a, b in pairwise(mails))
        assert within(mails, most, timedelta(days=3))
        ours = list(sent.exclude(channel="sms").values_list("sent_at", flat=True))
        assert within(ours, overall, timedelta(days=2))


def within(times: list[datetime], most: int, window: timedelta) -> bool:
    return not most or all(b - a >= window for a, b in zip(times, times[most:], strict=False))
