"""What a journey sends leaves, or says why not, and nobody stands still for it (PAINS 8)."""

from datetime import timedelta

import pytest
import time_machine

from karibu.customers.models import Customer
from karibu.journeys import actions
from karibu.journeys.models import Enrollment
from karibu.journeys.story import Story, expects, sends, story, waits
from karibu.messages import send
from karibu.messages.models import ChannelRules, Mail, Message, Template
from karibu.messages.tests.cast import says, the_shop

pytestmark = pytest.mark.django_db


def publish(*steps: dict[str, object]) -> None:
    definition = {"entry": {"event": "Signed Up"}, "steps": list(steps)}
    actions.publish(actions.create("Welcome", definition, by="test"), by="test")


def template(key: str, subject: str, *, is_marketing: bool = False) -> dict[str, dict[str, str]]:
    Template.objects.create(key=key, name=key, subject=subject, body="Hello", is_marketing=is_marketing)
    return {"send": {"template": key}}


def amina() -> Story:
    the_shop()
    told = Story()
    Customer.objects.filter(pk=told.person("amina")).update(email="amina@example.com")
    says(Customer.objects.get(pk=told.person("amina")), "given")
    return told


def leave(told: Story) -> list[str]:
    """Everything due at the story's moment goes through the gate; the subjects that have left so far."""
    with time_machine.travel(told.now + timedelta(seconds=1), tick=False):
        while send.send_due():
            pass
    return list(Mail.objects.order_by("id").values_list("subject", flat=True))


def test_two_sends_without_a_delay_between_them_both_leave():
    told = amina()
    publish(template("first", "One"), template("second", "Two"))
    story(sends("Signed Up"), expects("finished", 1), told=told)
    assert leave(told) == ["One", "Two"]
    assert leave(told) == ["One", "Two"]


def test_of_two_marketing_sends_without_a_delay_the_second_rests_and_leaves_later():
    told = amina()
    publish(template("first", "One", is_marketing=True), template("second", "Two", is_marketing=True))
    story(sends("Signed Up"), told=told)
    assert leave(told) == ["One"]
    assert Message.objects.values_list("status", "reason").get(step="1") == ("held", "frequency")
    story(waits(hours=17), told=told)
    assert leave(told) == ["One", "Two"]


@pytest.mark.parametrize(("late", "became"), [({}, ("sent", "")), ({"late_days": 1}, ("refused", "too_late"))])
def test_what_is_over_the_weeks_cap_waits_for_its_turn_as_long_as_its_step_says(late, became):
    ChannelRules.objects.create(channel="email", gap_hours=0, most=1)  # in seven days
    told = amina()
    second = template("second", "Two", is_marketing=True)
    publish(template("first", "One", is_marketing=True), {"send": {**second["send"], **late}})
    story(sends("Signed Up"), told=told)
    assert leave(told) == ["One"]
    story(waits(days=3), told=told)
    leave(told)
    story(waits(days=4), told=told)
    leave(told)
    assert Message.objects.values_list("status", "reason").get(step="1") == became


@pytest.mark.parametrize(
    ("subject", "address", "came"),
    [
        ("{{ 1 | divided_by: 0 }}", "amina@example.com", ("failed", "template_error")),
        ("Hi", "", ("refused", "no_address")),
        ("Hi", "a@b@example.com", ("refused", "bad_address")),
    ],
)
def test_a_send_that_fails_does_not_stop_the_person_and_what_comes_after_it_leaves(subject, address, came):
    told = amina()
    person = Customer.objects.filter(pk=told.person("amina"))
    publish(template("first", subject), {"wait": {"hours": 1}}, template("second", "Two"))
    person.update(email=address)
    story(sends("Signed Up"), expects("active", 1, step=1), told=told)
    assert leave(told) == []
    assert Message.objects.values_list("status", "reason").get() == came
    person.update(email="amina@example.com")
    story(waits(hours=1), expects("finished", 1), told=told)
    assert leave(told) == ["Two"]
    assert not Enrollment.objects.filter(status="failed").exists()
