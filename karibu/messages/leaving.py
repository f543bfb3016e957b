"""A person unsubscribes through a message of theirs, or changes their mind."""

from django.utils import timezone

from karibu.consents.actions import leave_everything, record_consents
from karibu.consents.methods import Method
from karibu.consents.statement import EVERYTHING, GIVEN, WITHDRAWN, Statement
from karibu.messages.models import Message


def leave(message: Message, *, everything: bool, one_click: bool) -> None:
    """Withdraws the consent for this message's topic, or for everything that its channel carries."""
    method = Method.ONE_CLICK if one_click else Method.PREFERENCE_CENTRE
    if everything:
        leave_everything(_said(message, WITHDRAWN, EVERYTHING, method))
    else:
        record_consents([_said(message, WITHDRAWN, message.topic, method)])


def come_back(message: Message) -> None:
    """The person's own later act: they want this topic after all."""
    record_consents([_said(message, GIVEN, message.topic, Method.PREFERENCE_CENTRE)])


def _said(message: Message, status: str, topic: str, method: str) -> Statement:
    return Statement(
        customer_id=message.customer_id,
        channel=message.channel,
        topic=topic,
        status=status,
        method=method,
        source="unsubscribe page",
        evidence=f"message {message.pk}",
        at=timezone.now(),
    )
