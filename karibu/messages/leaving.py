"""A person unsubscribes through a message of theirs, or changes their mind."""

from django.utils import timezone

from karibu.consents.actions import record_consents
from karibu.consents.statement import EVERYTHING, GIVEN, WITHDRAWN, Statement
from karibu.messages.models import Message


def leave(message: Message, *, everything: bool, one_click: bool) -> None:
    """Withdraws the consent for this message's topic, or for everything that its channel carries."""
    topic = EVERYTHING if everything else message.topic
    _state(message, WITHDRAWN, topic, "one-click" if one_click else "preference-centre")


def come_back(message: Message) -> None:
    """The person's own later act: they want this topic after all."""
    _state(message, GIVEN, message.topic, "preference-centre")


def _state(message: Message, status: str, topic: str, method: str) -> None:
    record_consents(
        [
            Statement(
                customer_id=message.customer_id,
                channel=message.channel,
                topic=topic,
                status=status,
                method=method,
                source="unsubscribe page",
                evidence=f"message {message.pk}",
                at=timezone.now(),
            )
        ]
    )
