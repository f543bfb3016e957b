"""A person unsubscribes through a message of theirs, or changes their mind."""

from django.utils import timezone

from karibu.consents.actions import leave_everything, record_consents
from karibu.consents.methods import Method
from karibu.consents.statement import EVERYTHING, GIVEN, WITHDRAWN, Statement
from karibu.messages.models import Message


def leave(message: Message, *, everything: bool, one_click: bool, human: float | None = None) -> None:
    """Withdraws the consent for this message's topic, or for everything that its channel carries. It counts whoever it
    was; how likely a person did it (`human`; not asked of a mail program's one click) is kept as evidence.
    """
    method = Method.ONE_CLICK if one_click else Method.PREFERENCE_CENTRE
    if everything:
        leave_everything(_said(message, WITHDRAWN, EVERYTHING, method, human))
    else:
        record_consents([_said(message, WITHDRAWN, message.topic, method, human)])


def come_back(message: Message) -> None:
    """The person's own later act: they want this topic after all."""
    record_consents([_said(message, GIVEN, message.topic, Method.PREFERENCE_CENTRE)])


def _said(message: Message, status: str, topic: str, method: str, human: float | None = None) -> Statement:
    return Statement(
        customer_id=message.customer_id,
        channel=message.channel,
        topic=topic,
        status=status,
        method=method,
        source="unsubscribe page",
        evidence=f"message {message.pk}" + (f"; a person's by {human:.0%}" if human is not None else ""),
        at=timezone.now(),
    )
