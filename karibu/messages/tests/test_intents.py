"""A message is a row first, unique on its key."""

from datetime import timedelta

import pytest
from django.utils import timezone

from karibu.messages.actions import Intent, intend
from karibu.messages.models import Message, Template

pytestmark = pytest.mark.django_db


def an_intent(key: str, customer: int = 1, template: str = "cart-reminder") -> Intent:
    return Intent(key=key, customer_id=customer, template_key=template, sender="journey:1", context={"cart_id": "c"})


def test_an_intent_becomes_one_row_that_knows_its_template_topic_and_class():
    [number] = intend([an_intent("a")])
    message = Message.objects.get()
    assert (message.id, message.key, message.status, message.topic) == (number, "a", "intended", "offers")
    assert message.is_marketing and message.context == {"cart_id": "c"} and message.due_at <= timezone.now()


def test_the_same_key_twice_is_the_same_message_within_a_call_and_across_calls():
    first = intend([an_intent("a"), an_intent("b"), an_intent("a")])
    again = intend([an_intent("b"), an_intent("c")])
    assert first[0] == first[2] and again[0] == first[1]
    assert Message.objects.count() == 3


def test_a_later_due_time_is_kept():
    later = timezone.now() + timedelta(hours=3)
    intend([Intent(key="a", customer_id=1, template_key="cart-reminder", sender="api", due_at=later)])
    assert Message.objects.get().due_at == later


def test_priority_and_holdout_are_kept_and_are_none_unless_said():
    known = {"customer_id": 1, "template_key": "newsletter", "sender": "campaign:1"}
    intend([Intent(key="a", **known), Intent(key="b", priority=-5, is_holdout=True, **known)])
    rows = Message.objects.order_by("key").values_list("priority", "is_holdout")
    assert list(rows) == [(0, False), (-5, True)]


def test_an_unknown_template_is_an_error_and_nothing_is_written():
    with pytest.raises(LookupError, match="no-such"):
        intend([an_intent("a"), an_intent("b", template="no-such")])
    assert not Message.objects.exists()


def test_no_intents_cost_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert intend([]) == []


def test_starters_are_planted_once_and_then_belong_to_the_shop():
    intend([an_intent("a")])
    Template.objects.update(subject="Ours")
    intend([an_intent("b")])
    assert Template.objects.get().subject == "Ours"
